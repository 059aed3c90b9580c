/**
 * What the viewer sees when an input fails, through the whole chain: decision and gap for each fault, several times.
 * `npm run bench -- failover [--runs 5] [--only WORD] [--seed 1]`.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { rows } from './failover/faults.ts';
import { measureRow } from './failover/measure.ts';
import { print } from './failover/table.ts';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '5' }, only: { type: 'string', default: '' }, seed: { type: 'string', default: '1' } },
});
const runs = Number(values.runs);
const seed = Number(values.seed);
console.log(
  `failover: ${runs} runs each, seed ${seed}, program 640x360 30/s 1500 kbit/s x264, watches at 1 s, SRT latency 1000 ms over two emulated links; ${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}`,
);
let worst = 0;
for (const row of rows.filter(({ name }) => name.includes(values.only))) {
  const measured = await measureRow(row, runs, seed);
  worst += print(row, measured);
}
console.log(worst === 0 ? 'every bar was met' : `${worst} bars were not met`);
process.exitCode = worst === 0 ? 0 : 1;
