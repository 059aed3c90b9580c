/** The rows: those of the simulation, in real time, and those that only real time or an adaptive sender shows. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LinkProfile } from '../../src/lab/emulator/link-model.ts';
import { makeTrace, profiles, readTrace } from '../../src/lab/emulator/profiles.ts';
import { type Named, scenarios } from '../../src/sim/scenarios.ts';
import type { BitrateLimits } from '../../src/uplink/bitrate.ts';

export interface Row extends Named {
  /** From the link's last delivery to the verdict. */
  outOfUseMsMax?: number;
  /** `kbps` is what it begins with. */
  adaptive?: BitrateLimits;
  /** From the session to the most. */
  atMostMsMax?: number;
  /** Delivered, at least; the usual is 98 % of `kbps`. Null: it is compared with the row after it. */
  kbpsMin?: number | null;
}

const { ethernet, lte, perfect } = profiles;
const limits: BitrateLimits = { minKbps: 500, maxKbps: 6000 };
const traceSeconds = 60;
const traceFolder = process.env.TANDEM_TRACES ?? join(import.meta.dirname, '../../../shared/traces');
/** What a careful person would set for such links. */
const safeKbps = 1500;

const real = scenarios
  // The machine's own pauses are enough in real time.
  .filter(({ standstills }) => standstills === undefined)
  .map((scenario): Row => (scenario.name.startsWith('dead link') ? { ...scenario, outOfUseMsMax: 100 } : scenario));

const climb: Row = {
  name: 'adaptive, 500 kbit/s to 6 Mbit/s',
  seconds: 15,
  latencyMs: 1000,
  kbps: limits.minKbps,
  links: [{ profile: ethernet }, { profile: lte }],
  adaptive: limits,
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

const pairs = [
  ['TMobile-UMTS-driving.down', 'ATT-LTE-driving.down'],
  ['ATT-LTE-driving.down', 'Verizon-EVDO-driving.down'],
] as const;
const traced = (traceMs: number[]): { profile: LinkProfile } => ({ profile: { ...perfect, delayMs: 20, queueBytes: 400_000, traceMs } });

function traceRows(name: string, links: { profile: LinkProfile }[]): Row[] {
  const row = { seconds: traceSeconds, latencyMs: 2000, links };
  return [
    { ...row, name: `trace ${name}: adaptive`, kbps: safeKbps, adaptive: limits, kbpsMin: null },
    { ...row, name: `trace ${name}: fixed ${safeKbps} kbit/s`, kbps: safeKbps, kbpsMin: 0 },
  ];
}

const traces = existsSync(join(traceFolder, pairs[0][0]))
  ? pairs.flatMap((pair) =>
      traceRows(
        pair.join(' + '),
        pair.map((file) => traced(readTrace(join(traceFolder, file)).filter((ms) => ms < traceSeconds * 1000))),
      ),
    )
  : [1, 2].flatMap((seed) => traceRows(`made, seed ${seed}`, [traced(makeTrace(seed, traceSeconds, 3000)), traced(makeTrace(seed + 100, traceSeconds, 5000))]));

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
