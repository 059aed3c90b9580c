/** Settings on the real media daemon: what is in force without leaving the air, and what restarts what. */
import { rmSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BoxSnapshot } from '../../src/model/box.ts';
import type { Reply } from '../../src/model/mqtt.ts';
import type { Reported } from '../../src/model/settings.ts';
import { Supervisor } from '../../src/run/supervisor.ts';
import { ControlWorld, until } from './control-world.ts';

let world: ControlWorld;
let supervisor: Supervisor | null = null;
beforeEach(async () => {
  world = new ControlWorld();
  const program = { width: 320, height: 180, fps: 25, videoKbps: 500 } as const;
  world.start({}, { rest: { inputs: [{ id: 'cam', kind: 'test', text: 'one' }], program } });
  supervisor = new Supervisor({ onExit: () => undefined });
  supervisor.start({ name: 'media', args: ['media', '--config', world.inside('config.json')], stderr: 'inherit', env: { TANDEM_LOG: 'silent' } });
  await until('the camera runs', async () => (await status())?.inputs[0]?.state === 'running');
});
afterEach(async () => {
  await supervisor?.stop();
  supervisor = null;
  await world.stop();
  rmSync(world.directory, { recursive: true, force: true });
});

const status = async () => (await world.get<BoxSnapshot>('/api/status')).status;
const reported = () => world.get<Reported>('/api/settings');
async function change(patch: Record<string, unknown>): Promise<void> {
  const headers = { ...(await world.token()), 'Content-Type': 'application/json' };
  const answer = await fetch(`${await world.url()}api/settings`, { method: 'POST', headers, body: JSON.stringify({ patch, confirmSeconds: 60 }) });
  const reply = (await answer.json()) as Reply;
  expect(reply.ok, reply.text).toBe(true);
}

test('the bitrate changes under way, an input has a new worker, the picture rate a new daemon', { timeout: 240_000 }, async () => {
  const first = await status();
  await change({ program: { videoKbps: 400 } });
  await until('confirmed', async () => (await reported()).state === 'applied' && (await status())?.configRev === 1, 60_000);
  const second = await status();
  expect(second).toMatchObject({ pid: first?.pid, program: { targetKbps: 400 }, inputs: [{ workerPid: first?.inputs[0]?.workerPid }] });

  await change({ inputs: [{ id: 'cam', kind: 'test', text: 'two' }] });
  await until('confirmed', async () => (await reported()).inForce === 2 && (await reported()).state === 'applied', 60_000);
  await until('a new worker', async () => {
    const [input] = (await status())?.inputs ?? [];
    return input?.state === 'running' && input.workerPid !== second?.inputs[0]?.workerPid;
  });
  expect((await status())?.pid).toBe(first?.pid);

  await change({ program: { fps: 20 } });
  await until('confirmed', async () => (await reported()).inForce === 3 && (await reported()).state === 'applied', 60_000);
  expect((await status())?.pid).not.toBe(first?.pid);
  expect((await status())?.configRev).toBe(3);
});
