/** The rows: those of the simulation, in real time, and those that only real time or an adaptive sender shows. */
import { profiles } from '../../src/lab/emulator/profiles.ts';
import type { Bound } from '../../src/sim/bound.ts';
import { type Named, scenarios } from '../../src/sim/scenarios.ts';
import type { BitrateLimits } from '../../src/uplink/bitrate.ts';
import { madePairs, pairOf, safeKbps, type TracePair, traceLatencyMs, traceSeconds, tracesAreThere } from './trace-pairs.ts';

export interface Row extends Named {
  /** From the link's last delivery to the verdict. */
  outOfUseMsMax?: number;
  /** `kbps` is what it begins with. */
  adaptive?: BitrateLimits;
  /** From the session to the most. */
  atMostMsMax?: number;
  /** Delivered, at least; the usual is 98 % of `kbps`. Null: it is compared with the row after it. */
  kbpsMin?: number | null;
  /** What nobody can do better. */
  bound?: Bound;
}

const { ethernet, lte } = profiles;
const limits: BitrateLimits = { minKbps: 250, maxKbps: 6000 };

const real = scenarios
  // The machine's own pauses are enough in real time.
  .filter(({ standstills }) => standstills === undefined)
  .map((scenario): Row => (scenario.name.startsWith('dead link') ? { ...scenario, outOfUseMsMax: 100 } : scenario));

const climb: Row = {
  name: 'adaptive, 500 kbit/s to 6 Mbit/s',
  seconds: 15,
  latencyMs: 1000,
  kbps: 500,
  links: [{ profile: ethernet }, { profile: lte }],
  adaptive: { ...limits, minKbps: 500 },
  atMostMsMax: 5000,
  kbpsMin: 0,
};

const down = [
  { atMs: 10_000, link: 0, patch: { down: true } },
  { atMs: 20_000, link: 0, patch: { down: false } },
];
const blackoutAdaptive: Row = {
  name: 'adaptive, Ethernet blacked out, LTE has room for all',
  seconds: 30,
  latencyMs: 1000,
  kbps: 3800,
  links: [{ profile: ethernet }, { profile: lte }],
  changes: down,
  adaptive: { minKbps: 500, maxKbps: 3800 },
};

function traceRows({ name, links, bound }: TracePair): Row[] {
  const row = { seconds: traceSeconds, latencyMs: traceLatencyMs, links };
  return [
    { ...row, name: `trace ${name}: adaptive`, kbps: safeKbps, adaptive: limits, kbpsMin: null, bound: bound(limits) },
    { ...row, name: `trace ${name}: fixed ${safeKbps} kbit/s`, kbps: safeKbps, kbpsMin: 0, bound: bound({ minKbps: safeKbps, maxKbps: safeKbps }) },
  ];
}

const named = [
  ['TMobile-UMTS-driving.down', 'ATT-LTE-driving.down'],
  ['ATT-LTE-driving.down', 'Verizon-EVDO-driving.down'],
] as const;
const traces = (tracesAreThere() ? named.map((files) => pairOf(files, 0)) : madePairs()).flatMap(traceRows);

/** What the sending side costs, its player and libsrt included; `relays.ts` has a relay alone beside it. */
const costs = [4000, 10_000].map(
  (kbps): Row => ({
    name: `cpu at ${kbps / 1000} Mbit/s`,
    seconds: 30,
    latencyMs: 1000,
    kbps,
    links: [{ profile: { ...ethernet, rateKbps: 20_000 } }, { profile: { ...ethernet, delayMs: 50, rateKbps: 20_000 } }],
  }),
);

export const rows: Row[] = [...real, blackoutAdaptive, climb, ...traces, ...costs];
