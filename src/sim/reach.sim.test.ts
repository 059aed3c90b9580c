import { describe, expect, it } from 'vitest';
import { decideDestination } from '../engine/destination.ts';
import { simulateDestinations, simulatePaths } from './reach.ts';

const seconds = 600;
const fixed = Array.from({ length: 30 }, (_, index) => index + 1);
const fresh = Array.from({ length: 15 }, () => Math.floor(Math.random() * 2 ** 31));

describe.each([
  ['destinations', simulateDestinations],
  ['paths', simulatePaths],
])('the choice among %s', (name, run) => {
  it.each([
    ['fixed', fixed],
    ['fresh', fresh],
  ])('%s seeds: dark no longer than calls take, no flapping, at rest where it belongs after healing', (kind, seeds) => {
    for (const seed of seeds) {
      const replay = `node -e "import('./src/sim/reach.ts').then((sim) => console.log(sim.${run.name}(${seed}, ${seconds})))"`;
      expect(run(seed, seconds).violations, `replay: ${replay}`).toEqual([]);
    }
    console.log(`${name}: ${seeds.length} ${kind} seeds from ${seeds[0]}`);
  });
});

it.each<[string, typeof decideDestination]>([
  [
    'calls no other',
    (...args) => {
      const { state, commands } = decideDestination(...args);
      return { state, commands: commands.filter((one) => one.kind !== 'call' || one.id === 'd0') };
    },
  ],
  [
    'never hangs up',
    (...args) => {
      const { state, commands } = decideDestination(...args);
      return { state, commands: commands.filter(({ kind }) => kind !== 'hang-up') };
    },
  ],
  [
    'has no memory',
    (state, seen, nowMs) => decideDestination({ ...state, choice: { ...state.choice, changedMs: Number.NEGATIVE_INFINITY, records: {} } }, seen, nowMs),
  ],
  ['decides once a minute', (state, seen, nowMs) => (nowMs % 60_000 === 0 ? decideDestination(state, seen, nowMs) : { state, commands: [] })],
])('the simulator finds a choice of destination that %s', (_, mutant) => {
  expect(fixed.some((seed) => simulateDestinations(seed, seconds, mutant).violations.length > 0)).toBe(true);
});
