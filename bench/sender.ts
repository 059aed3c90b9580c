/**
 * What the sending side costs at 4 Mbit/s through the media daemon and bonding, with an input that is already encoded:
 * CPU seconds a minute and memory over time. `npm run bench -- sender [--minutes 10] [--kbps 4000]`.
 */
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freeUdpPort } from '../src/demo/free-port.ts';
import { DemoRun } from '../src/demo/run.ts';
import { makeClip, playClip } from '../src/lab/clip.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, kbps: { type: 'string', default: '4000' }, seed: { type: 'string', default: '1' } },
});
const minutes = Number(values.minutes);
const kbps = Number(values.kbps);
const seed = Number(values.seed);
const processes = ['media', 'worker clip'] as const;

const clip = await makeClip({ kbps, width: 1280, height: 720, fps: 30, seconds: 20 });
const port = await freeUdpPort();
const player = playClip(clip, { host: '127.0.0.1', port });
const directory = mkdtempSync(join(tmpdir(), 'tandem-bench-'));
const run = new DemoRun({
  directory,
  seed,
  latencyMs: 1000,
  faults: [],
  logFile: openSync(join(directory, 'log'), 'a'),
  world: { inputs: [{ id: 'clip', kind: 'udp', passThrough: true, host: '127.0.0.1', port }] },
  say: () => undefined,
});

console.log(
  `sender: ${kbps} kbit/s, ${minutes} min, SRT latency 1000 ms, two emulated links (eth 20 ms 10 Mbit/s, lte 50 ± 15 ms 6 Mbit/s 0.5 %), seed ${seed}, ${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}`,
);
try {
  await run.start();
  console.log('minute | media CPU s | worker CPU s | media RSS MB | worker RSS MB');
  const measured = run.measure(minutes * 60_000);
  const before = Object.fromEntries(processes.map((name) => [name, run.accounts.cpuSeconds(name)]));
  for (let minute = 1; minute <= minutes; minute++) {
    await new Promise((resolve) => setTimeout(resolve, 60_000));
    const cells = processes.map((name) => {
      const seconds = run.accounts.cpuSeconds(name);
      const spent = seconds - (before[name] ?? 0);
      before[name] = seconds;
      return spent.toFixed(2);
    });
    console.log(
      [String(minute).padStart(6), ...cells.map((cell) => cell.padStart(11)), ...processes.map((name) => String(run.accounts.rssMb(name)).padStart(12))].join(
        ' | ',
      ),
    );
  }
  await measured;
  const { viewer } = await run.report();
  console.log(`viewer: ${viewer.picturesLost} pictures lost, ${viewer.continuityErrors} continuity errors, ${viewer.kbps} kbit/s`);
} finally {
  player.stop();
  await run.stop();
  rmSync(directory, { recursive: true, force: true });
}
