/** A day of simulated time: what must hold, and memory. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { simulateDay } from '../../src/sim/day.ts';

/** Growth that is none: what the engine compiles and keeps meanwhile. */
const heapGrowthMbMax = 5;

/** Prints what was found; returns how many bars were missed. */
export function benchDay(seed: number, hours: number): number {
  setFlagsFromString('--expose-gc');
  globalThis.gc = runInNewContext('gc');
  const { violations, flaps, addresses, stops, heapMb, pictures, picturesLost } = simulateDay(seed, hours);
  const grownMb = (heapMb.at(-1) ?? 0) - (heapMb[0] ?? 0);
  const met = violations.length === 0 && grownMb < heapGrowthMbMax;
  console.log(
    `\n${hours} h of simulated time, seed ${seed}: ${flaps} links down, ${addresses} new addresses, ${stops} allowances used up; ${violations.length} violations, heap ${heapMb.join(' → ')} MB, ${picturesLost} of ${pictures} pictures lost (also those of when the only link left was the one without an allowance): ${met ? 'met' : 'MISSED'}`,
  );
  for (const violation of violations) console.log(violation);
  return met ? 0 : 1;
}
