/** A real file system of half a megabyte that is filled, and one that turns read-only, under the control daemon. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BoxSnapshot, JournaledEvent } from '../../src/model/box.ts';
import { ControlWorld, until } from './control-world.ts';

let world: ControlWorld;
let mounted = false;
beforeEach(async (context) => {
  world = new ControlWorld();
  mkdirSync(world.inside('disk'));
  mount(['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', world.inside('disk')], (why) => context.skip(`no file system may be mounted here: ${why}`));
  mounted = true;
  await world.media.start();
  world.start({ stateDirectory: world.inside('disk/state') });
  await until('it runs', () => world.log.includes('"url"'));
});
afterEach(async () => {
  await world.kill('SIGKILL');
  if (mounted) execFileSync('umount', ['--lazy', world.inside('disk')]);
  mounted = false;
  await world.stop();
});

function mount(args: string[], refused: (why: string) => void): void {
  try {
    execFileSync('mount', args, { stdio: 'pipe' });
  } catch (error) {
    refused(String((error as { stderr?: Buffer }).stderr ?? error).trim());
  }
}

const state = async <T>(path: string): Promise<T> => {
  const url = /"url":"([^"]+)"/.exec(world.log)?.[1] ?? '';
  return (await fetch(new URL(path, url), { headers: await world.tokenOf(world.inside('disk/state')) })).json() as Promise<T>;
};
const events = () => state<JournaledEvent[]>('/api/events');
const said = (what: string, severity: string) => async () => (await events()).some((event) => event.what === what && event.severity === severity);
const emit = (index: number) =>
  world.media.emit({ severity: 'info', subject: { kind: 'input', id: 'cam1' }, what: 'input.state', reason: 'recovered', text: `number ${index}` });

test('a full disk: said, everything else goes on, and what it missed is written when there is room', { timeout: 90_000 }, async () => {
  emit(1);
  await until('the first', async () => (await events()).some(({ text }) => text === 'number 1'));
  fill();
  for (let index = 2; index <= 20; index++) emit(index);
  await until('it is said', said('journal.disk', 'warning'));
  expect((await events()).filter(({ text }) => text.startsWith('number'))).toHaveLength(20);
  expect(await state<BoxSnapshot>('/api/status')).toMatchObject({ onAir: true, media: { state: 'connected' } });
  rmSync(world.inside('disk/filling'));
  await until('it is well', said('journal.disk', 'clear'));
  await world.kill('SIGKILL');
  world.log = '';
  world.restart();
  await until('it runs again', () => world.log.includes('"url"'));
  expect((await events()).filter(({ text }) => text.startsWith('number')).map(({ text }) => text)).toEqual(
    Array.from({ length: 20 }, (_, index) => `number ${index + 1}`),
  );
});

test('a disk that turns read-only: the same', { timeout: 90_000 }, async () => {
  emit(1);
  await until('the first', async () => (await events()).some(({ text }) => text === 'number 1'));
  await world.kill('SIGKILL');
  execFileSync('mount', ['-o', 'remount,ro', world.inside('disk')]);
  world.log = '';
  world.restart();
  await until('it runs on it', () => world.log.includes('"url"'));
  emit(2);
  await until('it is said', said('journal.disk', 'warning'));
  expect(await state<BoxSnapshot>('/api/status')).toMatchObject({ media: { state: 'connected' } });
  execFileSync('mount', ['-o', 'remount,rw', world.inside('disk')]);
  await until('it is well', said('journal.disk', 'clear'));
});

/** To the last byte: the file system takes whole pages. */
function fill(): void {
  for (let bytes = 512 * 1024; bytes >= 1; bytes = Math.floor(bytes / 2))
    try {
      writeFileSync(world.inside('disk/filling'), Buffer.alloc(bytes), { flag: 'a' });
    } catch {
      // Half of it then.
    }
  try {
    for (;;) writeFileSync(world.inside('disk/filling'), Buffer.alloc(4096), { flag: 'a' });
  } catch {
    // Full.
  }
}
