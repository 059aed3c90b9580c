/**
 * What the viewer sees when an input fails, through the whole chain: decision and gap for each fault, several times.
 * `npm run bench -- failover [--runs 5] [--only WORD] [--seed 1]`: every row that takes seconds.
 * `--long flaps|dark|chaos|calm`: a row that takes minutes. `--seconds N`: for how long (flaps 120, dark 300, calm 30 each);
 * `--hour`: dark for an hour. `--faults N`: kills and stalls of chaos (200).
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { latencyMs, program } from './failover/chain.ts';
import { rows } from './failover/faults.ts';
import { measureChaos, measureDark, measureFlapping } from './failover/long.ts';
import { measureRow } from './failover/measure.ts';
import { measureNoSwitch } from './failover/no-switch.ts';
import { print } from './failover/table.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
    seed: { type: 'string', default: '1' },
    long: { type: 'string' },
    seconds: { type: 'string' },
    hour: { type: 'boolean', default: false },
    faults: { type: 'string', default: '200' },
  },
});
const runs = Number(values.runs);
const seed = Number(values.seed);
const seconds = (usual: number): number => (values.hour ? 3600 : Number(values.seconds ?? usual));

const long: Record<string, () => Promise<number>> = {
  flaps: () => measureFlapping(seed, seconds(120)),
  dark: () => measureDark(seed, seconds(300)),
  chaos: () => measureChaos(seed, Number(values.faults)),
  calm: () => measureNoSwitch(seed, seconds(30), values.only),
};

async function short(): Promise<number> {
  let missed = 0;
  for (const row of rows.filter(({ name }) => name.includes(values.only))) missed += print(row, await measureRow(row, runs, seed));
  return missed;
}

const measure = values.long === undefined ? short : long[values.long];
if (measure === undefined) {
  console.error(`there is no long row ${values.long}: name one of ${Object.keys(long).join(', ')}`);
  process.exit(64);
}
const picture = `${program.width}x${program.height} ${program.fps}/s ${program.videoKbps} kbit/s x264`;
console.log(
  `failover: ${values.long ?? `${runs} runs each`}, seed ${seed}, program ${picture}, SRT latency ${latencyMs} ms over two emulated links; ${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}`,
);
const missed = await measure();
console.log(missed === 0 ? 'every bar was met' : `${missed} bars were not met`);
process.exitCode = missed === 0 ? 0 : 1;
