/** Scenarios with a name: rows of the failure table, and what failing seeds came down to. Each is run by every test run. */
import type { Scenario } from './scenario.ts';
import type { SimInputConfig } from './world.ts';

const hot = (id: string, patch: Partial<SimInputConfig> = {}): SimInputConfig => ({
  id,
  standby: 'hot',
  startMs: 200,
  timeoutMs: 3000,
  softwareEncoded: false,
  ...patch,
});
const cold = (id: string, startMs: number): SimInputConfig => hot(id, { standby: 'cold', startMs });

const base: Scenario = {
  seed: 1,
  seconds: 120,
  inputs: [hot('a'), hot('b')],
  switching: { mode: 'standby', holdDownMs: 3000, holdDownMsMax: 60_000, marginPoints: 10, deadPin: 'override', deadPinMs: 0 },
  faultEveryS: 0,
  faults: [],
  personEveryS: 0,
  heatEveryS: 0,
  plan: [],
  wishes: [],
};

/** One of the data that stops for 1.5 s of each 3 s. */
const flaps = (input: string, forMs: number, halfMs: number): Scenario['plan'][number] => ({ atMs: 10_000, input, kind: 'flap', forMs, periodMs: halfMs });

export const scenarios: Readonly<Record<string, Scenario>> = {
  'primary flaps every 3 s for 2 minutes': { ...base, seconds: 130, plan: [flaps('a', 120_000, 1500)] },
  'primary flaps every 3 s for 2 minutes, hold-down 500 ms': {
    ...base,
    seconds: 130,
    switching: { ...base.switching, holdDownMs: 500 },
    plan: [flaps('a', 120_000, 1500)],
  },
  'primary crashes 5 s after each start for 2 minutes': {
    ...base,
    seconds: 130,
    plan: [{ atMs: 10_000, input: 'a', kind: 'crash-loop', forMs: 120_000, periodMs: 5000 }],
  },
  'primary breaks once and returns': { ...base, plan: [{ atMs: 20_000, input: 'a', kind: 'crash', forMs: 1, periodMs: 0 }] },
  'both flap by turns': { ...base, plan: [flaps('a', 100_000, 2000), { ...flaps('b', 100_000, 2000), atMs: 12_000 }] },
  'all die, and the cold one does not start': {
    ...base,
    inputs: [hot('a'), hot('b'), cold('c', 800)],
    plan: ['a', 'b', 'c'].map((input) => ({ atMs: 10_000, input, kind: 'close' as const, forMs: 60_000, periodMs: 0 })),
  },
  // Found by seed 3: an input that was stopped on purpose had a failure counted against it, and was gone back to late.
  'a cold input that was stopped has not failed': {
    ...base,
    inputs: [hot('a'), cold('b', 200)],
    plan: [10_000, 60_000].map((atMs) => ({ atMs, input: 'a', kind: 'stall' as const, forMs: 2000, periodMs: 0 })),
  },
  // Found by seed 3: a pin that is obeyed put the slate on air for as long as the pinned cold input took to start.
  'an obeyed pin on a cold input waits for its start on the input that works': {
    ...base,
    inputs: [hot('a'), cold('b', 2500)],
    switching: { ...base.switching, deadPin: 'obey' },
    wishes: [{ atMs: 10_000, pin: 'b', forMs: 20_000 }],
  },
  'a pin on a dead input is overridden, said to be a bad idea, and taken away': {
    ...base,
    switching: { ...base.switching, deadPinMs: 10_000 },
    plan: [{ atMs: 5000, input: 'b', kind: 'black', forMs: 60_000, periodMs: 0 }],
    wishes: [{ atMs: 10_000, pin: 'b', forMs: null }],
  },
  // Found in the demo on a machine ten times overloaded: a camera with half its pictures and one that stalled took turns.
  'a poor picture beside one that comes and goes': {
    ...base,
    plan: [{ atMs: 10_000, input: 'a', kind: 'slow', forMs: 60_000, periodMs: 0 }, flaps('b', 60_000, 700)],
  },
  'two in active mode are better by turns': {
    ...base,
    seconds: 600,
    switching: { ...base.switching, mode: 'active' },
    inputs: [hot('a'), hot('b')],
    plan: [
      { atMs: 10_000, input: 'a', kind: 'wobble', forMs: 580_000, periodMs: 5000 },
      { atMs: 12_000, input: 'b', kind: 'wobble', forMs: 580_000, periodMs: 7000 },
    ],
  },
  'a throttled box with four software encoders': {
    ...base,
    seconds: 300,
    inputs: ['a', 'b', 'c', 'd'].map((id) => hot(id, { softwareEncoded: true })),
    heatEveryS: 60,
  },
};
