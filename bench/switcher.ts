/**
 * What the switcher alone costs: two inputs of H.264 and AAC that are already encoded, one on air, a switch every ten seconds.
 * CPU seconds for a minute of program, time a packet, garbage collections and memory. `npm run bench -- switcher [--minutes 5]`.
 */
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { PerformanceObserver } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { makeClip } from '../src/lab/clip.ts';
import { Switcher } from '../src/switcher/switcher.ts';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '5' } } });
const minutes = Number(values.minutes);
const format = { width: 1280, height: 720, fps: 30, seconds: 20 };
/** What a pipe hands over at once. */
const chunkBytes = 16 * 1024;

let collections = 0;
let collectedMs = 0;
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) {
    collections++;
    collectedMs += duration;
  }
}).observe({ entryTypes: ['gc'] });

console.log(`switcher: two inputs, ${minutes} minutes of program each, ${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}`);
console.log('kbit/s | CPU s a minute | µs a packet in | collections a minute | their ms a minute | RSS MB');
for (const kbps of [4000, 20_000]) {
  const clip = readFileSync(await makeClip({ kbps, ...format }));
  let sent = 0;
  const switcher = new Switcher({
    program: { codec: 'h264', ...format, audioRate: 48_000 },
    onPayload: (_, __, length) => {
      sent += length;
    },
    onSwitched: () => undefined,
  });
  const run = async (seconds: number, fromMs: number): Promise<void> => {
    const bytesPerMs = clip.length / (format.seconds * 1000);
    let at = 0;
    for (let ms = 0; ms < seconds * 1000; ms += 10) {
      for (const end = ms * bytesPerMs; at < end; at += chunkBytes) {
        const from = at % clip.length;
        const chunk = clip.subarray(from, from + chunkBytes);
        for (const id of ['a', 'b']) switcher.push(id, chunk, fromMs + ms);
      }
      if (ms % 10_000 === 0) switcher.select(ms % 20_000 === 0 ? 'a' : 'b', fromMs + ms);
      switcher.turn(fromMs + ms);
      // Collections are told between turns of the loop.
      if (ms % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await run(40, 0);
  collections = collectedMs = sent = 0;
  const packets = (switcher.figures('a')?.packets ?? 0) * 2;
  const before = process.cpuUsage();
  await run(minutes * 60, 40_000);
  const { user, system } = process.cpuUsage(before);
  const passed = (switcher.figures('a')?.packets ?? 0) * 2 - packets;
  if (sent < (minutes * 60 * kbps * 1000) / 8 / 3) throw new Error(`the program stood still: ${switcher.unfit('a')}`);
  console.log(
    [
      String(kbps).padStart(6),
      ((user + system) / 1e6 / minutes).toFixed(2).padStart(14),
      ((user + system) / passed).toFixed(2).padStart(14),
      (collections / minutes).toFixed(1).padStart(20),
      (collectedMs / minutes).toFixed(1).padStart(17),
      String(Math.round(process.memoryUsage.rss() / 1e6)).padStart(6),
    ].join(' | '),
  );
}
