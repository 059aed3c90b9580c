/** Pairs of links that follow mahimahi's traces of moving phones (`TANDEM_TRACES`), or made ones where these are not there. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { makeTrace, profiles, readTrace } from '../../src/lab/emulator/profiles.ts';
import { type Bound, leastLost } from '../../src/sim/bound.ts';
import type { SimulatedLink } from '../../src/sim/uplink.ts';
import type { BitrateLimits } from '../../src/uplink/bitrate.ts';

export const traceSeconds = 60;
export const traceLatencyMs = 2000;
/** What a careful person would set for such links. */
export const safeKbps = 1500;
const folder = process.env.TANDEM_TRACES ?? join(import.meta.dirname, '../../../shared/traces');
const files = [
  'ATT-LTE-driving.down',
  'ATT-LTE-driving.up',
  'TMobile-UMTS-driving.down',
  'TMobile-UMTS-driving.up',
  'Verizon-EVDO-driving.down',
  'Verizon-EVDO-driving.up',
];

export interface TracePair {
  name: string;
  links: SimulatedLink[];
  bound(limits: BitrateLimits): Bound;
}

export const tracesAreThere = (): boolean => existsSync(join(folder, files[0] as string));

/** Every two of the traces, a minute from `fromSeconds` on. */
export const allPairs = (fromSeconds: number): TracePair[] =>
  files.flatMap((first, index) => files.slice(index + 1).map((second) => pairOf([first, second], fromSeconds)));

export function pairOf(names: readonly [string, string], fromSeconds: number): TracePair {
  const fromMs = fromSeconds * 1000;
  const traces = names.map((name) =>
    readTrace(join(folder, name))
      .filter((ms) => ms >= fromMs && ms < fromMs + traceSeconds * 1000)
      .map((ms) => ms - fromMs),
  );
  return pair(names.map((name) => name.replace('-driving', '')).join(' + '), traces);
}

export const madePairs = (): TracePair[] =>
  [1, 2].map((seed) => pair(`made, seed ${seed}`, [makeTrace(seed, traceSeconds, 3000), makeTrace(seed + 100, traceSeconds, 5000)]));

function pair(name: string, traces: number[][]): TracePair {
  return {
    name,
    links: traces.map((traceMs) => ({ profile: { ...profiles.perfect, delayMs: 20, queueBytes: 400_000, traceMs } })),
    // The simulated program begins half a second after its links.
    bound: (limits) => leastLost({ traces, fromMs: 500, toMs: traceSeconds * 1000, latencyMs: traceLatencyMs, ...limits }),
  };
}
