/**
 * Every mode while a network fails: pictures lost at a viewer behind our gateway. `npm run bench -- modes [--mode backup] [--runs 3]
 * [--latency 1000] [--seed 1] [--dark 20] [--fault blackout|carrier|gateway|change|settings] [--spare cold|connected]
 * [--delay 10]`. blackout: the emulated Ethernet, of that delay one way, is silent for 20 s. carrier: its interface goes down, in network namespaces
 * (root). gateway: the first of two is killed. change: through all modes and back. settings: paths and
 * the destination's settings are changed, ten times.
 */
import { parseArgs } from 'node:util';
import { type Mode, modes } from '../src/model/modes.ts';
import { type Fault, type ModeRun, measureMode } from './modes/measure.ts';

const { values } = parseArgs({
  options: {
    mode: { type: 'string', default: modes.join(',') },
    runs: { type: 'string', default: '3' },
    latency: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    fault: { type: 'string', default: 'blackout' },
    dark: { type: 'string', default: '20' },
    spare: { type: 'string', default: 'cold' },
    delay: { type: 'string' },
  },
});

const darkSeconds = Number(values.dark);
console.log(`fault ${values.fault}, SRT latency ${values.latency} ms, 4 Mbit/s, seeds from ${values.seed}`);
console.log('mode | seed | lost | continuity errors | disturbed ms after the fault | longest gap ms | verdict ms after the fault | media CPU s/min');
for (const mode of values.mode.split(',') as Mode[]) {
  const lost: number[] = [];
  for (let run = 0; run < Number(values.runs); run++) {
    const seed = Number(values.seed) + 10 * run;
    const [fault, spare] = [values.fault as Fault, values.spare as ModeRun['spare']];
    const result = await measureMode({
      mode,
      latencyMs: Number(values.latency),
      seed,
      fault,
      darkSeconds,
      spare,
      delayMs: values.delay === undefined ? null : Number(values.delay),
    });
    lost.push(result.lost);
    console.log([mode, seed, result.lost, result.continuityErrors, result.complainedMs, result.longestGapMs, result.verdictMs ?? '-', result.cpu].join(' | '));
    if (result.onAir !== null) console.log(`  on air at the other one after ${result.onAir.switchMs} ms, its first picture after ${result.onAir.pictureMs} ms`);
  }
  console.log(`${mode}: median of ${lost.length}: ${[...lost].sort((a, b) => a - b)[lost.length >> 1]} lost`);
}
