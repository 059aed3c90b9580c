/** The whole chain with real processes: camera, encoder, two networks, bonding, gateway, viewer. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../src/demo/report.ts';

const launcherArgs = ['src/main.ts', 'demo'];
let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-chain-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Runs the demo unattended and returns its report and what it printed. */
async function demo(name: string, args: string[]): Promise<{ report: Report; printed: string; code: number | null }> {
  const file = join(directory, `${name}.json`);
  const child = spawn(process.execPath, [...launcherArgs, '--report', file, '--seed', '7', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: directory },
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (printed += text));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`the demo ended with ${code}:\n${printed}`);
  return { report: JSON.parse(readFileSync(file, 'utf8')) as Report, printed, code };
}

/** Processes of these demos that are still there. */
function leftovers(): string[] {
  const list = execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' });
  return list.split('\n').filter((line) => line.includes(`${directory}/tandem-demo-`));
}

describe('the demo', () => {
  it('delivers a clean program over both paths, and leaves nothing running', async () => {
    const { report, printed } = await demo('clean', ['--for', '15s']);
    expect(report.viewer).toMatchObject({ continuityErrors: 0, picturesLost: 0, picturesRepeated: 0, ptsJumps: 0, pcrJumps: 0 });
    expect(report.viewer.kbps).toBeGreaterThan(1000);
    expect(report.viewer.transportDelayMs.p50).toBeGreaterThan(900);
    expect(report.paths.map(({ id }) => id)).toEqual(['eth', 'lte']);
    for (const path of report.paths) expect(path.acked).toBeGreaterThan(100);
    for (const seconds of Object.values(report.cpuSeconds)) expect(seconds).toBeGreaterThan(0);
    expect(printed).toMatch(/page {4}http:\/\/127\.0\.0\.1:\d+/);
    expect(leftovers()).toEqual([]);
  });

  it('goes on when Ethernet is blacked out, and comes back to it', async () => {
    const { report } = await demo('blackout', ['--for', '24s', '--at', '5s path eth down', '--at', '15s path eth up']);
    const after = report.events.filter(({ subject }) => subject.kind === 'path' && subject.id.includes('eth'));
    expect(after.map(({ to }) => to)).toContain('up');
    expect(report.faults.map(({ recoveredMs }) => recoveredMs)).not.toContain(null);
    expect(report.viewer.kbps).toBeGreaterThan(1000);
  });

  it('is on air again after its daemons, its gateway and its encoder were killed', async () => {
    // Each has the time that a process takes to start on a busy machine before the next.
    const faults = ['3s kill worker', '8s kill control', '14s kill media', '26s kill gateway'];
    const { report } = await demo('killed', ['--for', '40s', ...faults.flatMap((fault) => ['--at', fault])]);
    expect(report.faults.map(({ what }) => what)).toEqual(faults.map((fault) => fault.slice(fault.indexOf(' ') + 1)));
    expect(report.faults.map(({ recoveredMs }) => recoveredMs)).not.toContain(null);
    expect(report.faults.find(({ what }) => what === 'kill control')?.recoveredMs).toBe(0);
    expect(leftovers()).toEqual([]);
  });
});
