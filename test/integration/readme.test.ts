/**
 * The commands that the README shows, word for word, in a network and a /tmp of their own: what they listen on and write to is
 * theirs alone. `npm test` and `npm run check` are what runs this.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../src/demo/report.ts';
import { Place, type Running, until } from './processes.ts';

const shown = [...readFileSync('README.md', 'utf8').matchAll(/```sh\n([\s\S]*?)```/g)]
  .flatMap(([, block]) => (block as string).split('\n'))
  .map((line) => line.replace(/\s+#.*$/, '').trim())
  .filter((line) => line !== '');

let place: Place;
let shared: string;
let world: Running;

beforeAll(async () => {
  place = new Place();
  // Beside the checkout, not in /tmp, which the commands see another of.
  shared = mkdtempSync(join(existsSync('/var/tmp') ? '/var/tmp' : tmpdir(), 'tandem-readme-'));
  const mine = process.getuid?.() === 0 ? [] : ['--map-root-user'];
  // The checkout may itself lie below /tmp: it is put back where it was.
  const script = `
    set -e
    ip link set lo up
    mkdir "$2"
    mount --rbind "$1" "$2"
    mount -t tmpfs tmpfs /tmp
    mkdir -p "$1"
    mount --rbind "$2" "$1"
    echo ready
    exec sleep infinity`;
  world = place.run('unshare', [...mine, '--net', '--mount', 'sh', '-c', script, 'sh', process.cwd(), join(shared, 'checkout')]);
  await until('a network and a /tmp of its own', () => world.said().includes('ready'));
});
afterAll(async () => {
  await place.end();
  rmSync(shared, { recursive: true, force: true });
});

/** Runs a command of the README there. */
function run(pattern: RegExp, ...changes: [string, string][]): Running {
  const found = shown.find((command) => pattern.test(command));
  if (found === undefined) throw new Error(`the README shows no command like ${pattern}:\n${shown.join('\n')}`);
  const command = changes.reduce((text, [from, to]) => text.replace(from, to), found);
  const user = process.getuid?.() === 0 ? [] : ['--user', '--preserve-credentials'];
  // A session of its own: a signal to its process group is what Ctrl-C in a terminal is.
  return place.run('setsid', [
    'nsenter',
    ...user,
    '--target',
    String(world.child.pid),
    '--net',
    '--mount',
    `--wd=${process.cwd()}`,
    'bash',
    '-c',
    `exec ${command}`,
  ]);
}

describe('the README', () => {
  it('runs the whole chain unattended, and writes what the viewer measured', async () => {
    const file = join(shared, 'r.json');
    const demo = run(/^npm start -- .*--report r\.json$/, ['r.json', file], ['30s', '10s']);
    expect(await demo.ended, demo.said()).toBe(0);
    const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
    expect(report.viewer.kbps).toBeGreaterThan(500);
  });

  it('runs the whole chain until Ctrl-C, and then ends all of it', async () => {
    const demo = run(/^npm start$/);
    await until('the live line', () => /viewer .*Mbit\/s/.test(demo.said()));
    process.kill(-(demo.child.pid as number), 'SIGINT');
    await demo.ended;
    expect(demo.said()).toContain('longest gap');
    expect(demo.said()).not.toMatch(/\n\s+at /);
  });

  it('checks its example, and goes on air to its gateway', async () => {
    const check = run(/tandem config check /);
    expect(await check.ended, check.said()).toBe(0);
    const gateway = run(/tandem gateway --config /);
    const both = run(/tandem run --config /);
    await until('the gateway to have the stream', () => /program/.test(gateway.said()));
    const status = run(/tandem status .*--watch/);
    await until('an on-air status', () => /ON-AIR/.test(status.said()));
    for (const one of [status, both, gateway]) one.child.kill('SIGINT');
    expect([await status.ended, await both.ended, await gateway.ended], both.said()).toEqual([0, 0, 0]);
  });

  it('has the doctor say what this machine can do', async () => {
    const doctor = run(/tandem doctor$/);
    expect(await doctor.ended, doctor.said()).toBe(0);
    expect(doctor.said()).toMatch(/This machine can go on air\./);
  });

  it('measures the sender', async () => {
    const bench = run(/^npm run bench -- sender$/, ['sender', 'sender --minutes 0.1']);
    expect(await bench.ended, bench.said()).toBe(0);
    expect(bench.said()).toMatch(/viewer: 0 pictures lost, 0 continuity errors/);
  });
});
