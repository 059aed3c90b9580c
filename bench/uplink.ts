/**
 * The bonded uplink against links that fail: the lab's emulator, a pre-encoded clip of constant rate, a plain SRTLA receiver with a libsrt listener of
 * libsrt's own defaults. `npm run bench -- uplink [--only WORD] [--runs 5] [--seed 1] [--hours 24] [--from 0]`; `--only` takes a part of a row's
 * name, or `carrier`, `cpu`, `day`, or `simulated`.
 */
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { benchCarrier } from './uplink/carrier.ts';
import { benchDay } from './uplink/day.ts';
import { measure, type Run } from './uplink/measure.ts';
import { benchRelays } from './uplink/relays.ts';
import { type Row, rows } from './uplink/rows.ts';
import { benchSimulated } from './uplink/simulated.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
    seed: { type: 'string', default: '1' },
    hours: { type: 'string', default: '24' },
    from: { type: 'string', default: '0' },
  },
});
const runs = Number(values.runs);
const seed = Number(values.seed);
const median = (numbers: number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;
let missed = 0;
/** Delivered by the adaptive row of a pair, until its fixed one has been run. */
let adaptiveKbps: number | null = null;

console.log(
  `uplink: ${runs} runs each, seeds from ${seed}, H.264 720p30 at a constant rate, plain SRTLA receiver, stock libsrt; ${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}, load ${loadavg()[0]?.toFixed(1)}`,
);
const chosen = rows.filter(({ name }) => name.includes(values.only));
if (chosen.length > 0) {
  console.log(
    '| scenario | pictures lost: median (each run) | continuity errors | out of use, or at the most, ms | delivered kbit/s | lowest kbit/s | CPU s/min | longest pauses ms: sender, emulator | verdict |',
  );
  console.log('|---|---|---|---|---|---|---|---|---|');
}
for (const row of chosen) tell(row, await runsOf(row));
if (values.only === '' || values.only === 'carrier') missed += await benchCarrier(runs, seed);
if (values.only === '' || values.only === 'cpu') await benchRelays(runs);
if (values.only === '' || values.only === 'day') missed += benchDay(seed, Number(values.hours));
if (values.only === '' || values.only === 'simulated') missed += benchSimulated(seed, Number(values.from));
console.log(missed === 0 ? 'every bar was met' : `${missed} bars were not met`);
process.exitCode = missed === 0 ? 0 : 1;

async function runsOf(row: Row): Promise<Run[]> {
  const found: Run[] = [];
  for (let run = 0; run < runs; run++) found.push(await measure(row, seed + run));
  return found;
}

function tell(row: Row, found: Run[]): void {
  const lost = found.map(({ picturesLost }) => picturesLost);
  const times = found.flatMap(({ outOfUseMs, atMostMs }) => (row.adaptive !== undefined ? [atMostMs] : [outOfUseMs])).filter((ms) => ms !== null);
  const delivered = median(found.map(({ kbps }) => kbps));
  const timesMax = row.atMostMsMax ?? row.outOfUseMsMax;
  const inTime = timesMax === undefined || (times.length > 0 && median(times) <= timesMax);
  const enough = row.kbpsMin === null || delivered >= (row.kbpsMin ?? 0.98 * row.kbps);
  const beaten = adaptiveKbps === null || adaptiveKbps > delivered;
  adaptiveKbps = row.kbpsMin === null ? delivered : null;
  const met = median(lost) === 0 && inTime && enough && beaten;
  // A fixed rate is there to be compared with.
  const judged = !row.name.includes(': fixed');
  if (judged ? !met : !beaten) missed++;
  const verdict = judged ? (met ? 'met' : 'MISSED') : beaten ? 'beaten' : 'NOT BEATEN';
  console.log(
    `| ${row.name} | ${median(lost)} (${lost.join(', ')}) | ${median(found.map(({ continuityErrors }) => continuityErrors))} | ${times.length === 0 ? '–' : `${Math.round(median(times))} (${times.map(Math.round).join(', ')})`} | ${delivered} | ${row.adaptive === undefined ? '–' : found.map(({ kbpsLowest }) => kbpsLowest).join(', ')} | ${median(found.map(({ cpuSecondsAMinute }) => cpuSecondsAMinute)).toFixed(1)} | ${found.map(({ hiccups }) => hiccups.map(Math.round).join('/')).join(', ')} | ${verdict} |`,
  );
  if (row.bound !== undefined)
    console.log(
      `  nobody loses fewer than ${row.bound.lost} of ${row.bound.pictures} pictures there (${row.bound.damaged} with what refers to them), nor delivers more than ${row.bound.kbps} kbit/s with so few lost`,
    );
}
