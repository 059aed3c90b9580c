/**
 * What watching costs: CPU seconds a minute of a worker with and without the content watch, and with and without the count of arrivals.
 * `npm run bench -- watch-cost [--seconds 30] [--runs 2]`.
 */
import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { freeUdpPort } from '../src/demo/free-port.ts';
import { makeClip, playClip } from '../src/lab/clip.ts';
import type { CostJob } from './watches/cost-worker.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '30' }, runs: { type: 'string', default: '2' } } });
const seconds = Number(values.seconds);
const runs = Number(values.runs);
const program = { width: 1280, height: 720, fps: 30, videoKbps: 3500 };
/** Where the stream goes. */
const nowhere = openSync('/dev/null', 'w');
const path = fileURLToPath(new URL('./watches/cost-worker.ts', import.meta.url));

/** @returns CPU seconds a minute. */
function cost(input: unknown, without: CostJob['without']): Promise<number> {
  const job: CostJob = { input, program, seconds, without };
  const child = spawn(process.execPath, [path, JSON.stringify(job)], {
    stdio: ['ignore', 'pipe', 'inherit', nowhere],
    env: { ...process.env, UV_THREADPOOL_SIZE: '8' },
  });
  let said = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (said += text));
  return new Promise((resolve, reject) => {
    child.on('close', () =>
      said === '' ? reject(new Error('the worker ended')) : resolve(((JSON.parse(said) as { cpuSeconds: number }).cpuSeconds * 60) / seconds),
    );
  });
}

async function compare(name: string, input: unknown, without: CostJob['without']): Promise<void> {
  const found: Record<'whole' | 'without', number[]> = { whole: [], without: [] };
  // In turns: a machine's mood changes.
  for (let run = 0; run < runs; run++) {
    found.whole.push(await cost(input, 'nothing'));
    found.without.push(await cost(input, without));
  }
  const mean = (all: number[]): number => all.reduce((sum, one) => sum + one, 0) / all.length;
  const list = (all: number[]): string => all.map((one) => one.toFixed(2)).join(', ');
  console.log(
    `${name}: ${list(found.whole)} CPU s a minute with, ${list(found.without)} without: ${(mean(found.whole) - mean(found.without)).toFixed(2)} s a minute`,
  );
}

console.log(`watch-cost: 720p30 3500 kbit/s x264, ${runs} × ${seconds} s each; ${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}`);
await compare('content watch', { id: 'test', kind: 'test' }, 'content');
const port = await freeUdpPort();
const player = playClip(await makeClip({ kbps: 4000, width: 1280, height: 720, fps: 30, seconds: 20 }), { host: '127.0.0.1', port }, 4000);
await compare('count of arrivals, 4 Mbit/s over UDP', { id: 'udp', kind: 'udp', host: '127.0.0.1', port }, 'arrivals');
player.stop();
