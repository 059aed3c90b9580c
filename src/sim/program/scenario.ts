/** What a simulation is made of: the world that a seed stands for, or one that a person wrote down (scenarios.ts). */
import type { ChoiceConfig } from '../../engine/choice.ts';
import type { ProgramRules } from '../../engine/program.ts';
import { seededRandom } from '../../lab/random.ts';
import { type FaultKind, faultKinds, type SimInputConfig } from './world.ts';

export interface Scenario {
  seed: number;
  /** Length of the phase with faults, s. */
  seconds: number;
  inputs: SimInputConfig[];
  switching: ProgramRules['switching'];
  /** Mean time between faults of an input, s. 0: none but those planned. */
  faultEveryS: number;
  faults: readonly FaultKind[];
  /** Mean time between a person's wishes, s; 0: nobody is there. */
  personEveryS: number;
  /** Mean time between hot spells of the box, s; 0: never. */
  heatEveryS: number;
  /** What happens at a set time: a fault of an input. */
  plan: readonly { atMs: number; input: string; kind: FaultKind; forMs: number; periodMs: number }[];
  /** What a person wishes at a set time. */
  wishes: readonly { atMs: number; pin: string | null; forMs: number | null }[];
}

/** Thresholds of all inputs: short, so that much happens. */
export const watch = {
  stallMs: 300,
  frozenMs: 1000,
  blackMs: 1000,
  silenceMs: 1000,
  bitratePercent: 50,
  bitrateMs: 2000,
  cadencePercent: 50,
  cadenceMs: 2000,
  continuityPerSecond: 20,
  lossPercent: 15,
  retransmitPercent: 0,
  rttMs: 0,
  networkMs: 0,
};

/** The world that a seed stands for. */
export function scenarioOf(seed: number, seconds = 600): Scenario {
  const random = seededRandom(seed ^ 0x5eed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const mode: ChoiceConfig['mode'] = random() < 0.5 ? 'standby' : 'active';
  const inputs = Array.from({ length: 2 + Math.floor(random() * 3) }, (_, index) => ({
    id: String.fromCharCode(97 + index),
    standby: random() < 0.3 ? ('cold' as const) : ('hot' as const),
    startMs: pick([200, 800, 2500]),
    timeoutMs: 3000,
    softwareEncoded: random() < 0.6,
  }));
  const holdDownMs = pick([500, 2000, 3000, 5000]);
  return {
    seed,
    seconds,
    inputs,
    switching: { mode, holdDownMs, holdDownMsMax: pick([30_000, 60_000]), marginPoints: 10, deadPin: pick(['override', 'obey']), deadPinMs: pick([0, 5000]) },
    faultEveryS: pick([5, 15, 60]),
    faults: faultKinds,
    personEveryS: pick([0, 40]),
    heatEveryS: pick([0, 120]),
    plan: [],
    wishes: [],
  };
}

/** After this long without a fault everything is as it was meant to be: the longest back-off, start, hold-down and cool-down. */
export const settleMs = ({ switching, inputs }: Scenario): number =>
  15_000 + 12_000 + 4000 + switching.holdDownMsMax + switching.holdDownMs * (inputs.length + 1) + 65_000 + 35_000;
