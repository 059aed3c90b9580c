/**
 * Every pair of the traces in simulated time, beside what nobody can do better: `--only simulated`, `--from SECONDS` of the traces.
 */
import { simulateAdaptive } from '../../src/sim/adaptive.ts';
import { keyEvery } from '../../src/sim/pictures.ts';
import { simulateUplink, type UplinkResult } from '../../src/sim/uplink.ts';
import { allPairs, madePairs, safeKbps, type TracePair, traceLatencyMs, traceSeconds, tracesAreThere } from './trace-pairs.ts';

const maxKbps = 6000;
/** The configuration's own, and what it was before. */
const floorsKbps = [250, 500];

/** Returns how many bars were missed: no picture lost that need not be, and more delivered than at a fixed rate. */
export function benchSimulated(seed: number, fromSeconds: number): number {
  console.log(
    `traces in simulated time, a minute from ${fromSeconds} s, ${traceLatencyMs} ms, seed ${seed}; lost (with what refers to it) at delivered kbit/s`,
  );
  console.log(`| pair | ${floorsKbps.map((floor) => `nobody can do better, floor ${floor} | adaptive, floor ${floor}`).join(' | ')} | fixed ${safeKbps} |`);
  console.log(`|---|${'---|'.repeat(2 * floorsKbps.length + 1)}`);
  const pairs = tracesAreThere() ? allPairs(fromSeconds) : madePairs();
  return pairs.reduce((missed, pair) => missed + row(pair, seed), 0);
}

function row(pair: TracePair, seed: number): number {
  const fixed = run(pair, seed, null);
  let missed = 0;
  const cells = floorsKbps.flatMap((minKbps) => {
    const bound = pair.bound({ minKbps, maxKbps });
    const adaptive = run(pair, seed, minKbps);
    if (minKbps === floorsKbps[0] && (adaptive.picturesLost > bound.lost || adaptive.deliveredKbps <= fixed.deliveredKbps)) missed = 1;
    return [`${bound.lost} (${bound.damaged}) at ${bound.kbps}`, `${adaptive.picturesLost} (${adaptive.damaged}) at ${adaptive.deliveredKbps}`];
  });
  console.log(`| ${pair.name} | ${cells.join(' | ')} | ${fixed.picturesLost} (${fixed.damaged}) at ${fixed.deliveredKbps} |`);
  return missed;
}

/** `minKbps`: of the adaptive one; null: a fixed rate. */
function run({ links }: TracePair, seed: number, minKbps: number | null): UplinkResult & { damaged: number } {
  const lost = new Set<number>();
  const onLost = ({ picture }: { picture: number }) => void lost.add(picture);
  const scenario = { seed, seconds: traceSeconds, latencyMs: traceLatencyMs, kbps: safeKbps, links, bursts: true, onLost };
  const result = minKbps === null ? simulateUplink(scenario) : simulateAdaptive(scenario, { minKbps, maxKbps });
  return { ...result, damaged: damagedBy(lost) };
}

/** A picture refers to the one before it: after a loss nothing is whole until the next key frame. */
function damagedBy(lost: ReadonlySet<number>): number {
  let damaged = 0;
  let until = -1;
  for (const picture of [...lost].sort((a, b) => a - b)) {
    if (picture < until) continue;
    until = (Math.floor(picture / keyEvery) + 1) * keyEvery;
    damaged += until - picture;
  }
  return damaged;
}
