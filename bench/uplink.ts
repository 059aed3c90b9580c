/**
 * The bonded uplink against links that fail: the lab's emulator, a pre-encoded clip of constant rate, a plain SRTLA receiver with a libsrt listener of
 * libsrt's own defaults. `npm run bench -- uplink [--only WORD] [--runs 5] [--seed 1]`.
 */
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { measure, type Run } from './uplink/measure.ts';
import { rows } from './uplink/rows.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
    seed: { type: 'string', default: '1' },
  },
});
const runs = Number(values.runs);
const seed = Number(values.seed);
const median = (numbers: number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;

console.log(
  `uplink: ${runs} runs each, seeds from ${seed}, H.264 720p30 at a constant rate, plain SRTLA receiver, stock libsrt; ${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}, load ${loadavg()[0]?.toFixed(1)}`,
);
console.log(
  '| scenario | pictures lost: median (each run) | continuity errors | out of use ms | delivered kbit/s | CPU s/min | longest pauses ms: sender, emulator | verdict |',
);
console.log('|---|---|---|---|---|---|---|---|');
let missed = 0;
for (const row of rows.filter(({ name }) => name.includes(values.only))) {
  const found: Run[] = [];
  for (let run = 0; run < runs; run++) found.push(await measure(row, seed + run));
  const lost = found.map(({ picturesLost }) => picturesLost);
  const dead = found.flatMap(({ outOfUseMs }) => (outOfUseMs === null ? [] : [outOfUseMs]));
  const delivered = median(found.map(({ kbps }) => kbps));
  const met = median(lost) === 0 && (row.outOfUseMsMax === undefined || median(dead) <= row.outOfUseMsMax) && delivered >= 0.98 * row.kbps;
  if (!met) missed++;
  console.log(
    `| ${row.name} | ${median(lost)} (${lost.join(', ')}) | ${median(found.map(({ continuityErrors }) => continuityErrors))} | ${dead.length === 0 ? '–' : `${Math.round(median(dead))} (${dead.map(Math.round).join(', ')})`} | ${delivered} | ${median(found.map(({ cpuSecondsAMinute }) => cpuSecondsAMinute)).toFixed(1)} | ${found.map(({ hiccups }) => hiccups.map(Math.round).join('/')).join(', ')} | ${met ? 'met' : 'MISSED'} |`,
  );
}
console.log(missed === 0 ? 'every bar was met' : `${missed} bars were not met`);
process.exitCode = missed === 0 ? 0 : 1;
