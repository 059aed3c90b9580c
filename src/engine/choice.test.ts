import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ChoiceConfig, type ChoiceState, chooseInput, holdDownMs, type InputObservation, initialChoice } from './choice.ts';

const config: ChoiceConfig = { mode: 'standby', holdDownMs: 2000, holdDownMsMax: 60_000, marginPoints: 10, deadPin: 'override' };
const up = (id: string, score = 100): InputObservation => ({ id, usable: true, delivers: true, reason: 'recovered', score });
const dead = (id: string, reason: InputObservation['reason'] = 'no-data'): InputObservation => ({ id, usable: false, delivers: false, reason, score: 0 });
const frozen = (id: string): InputObservation => ({ id, usable: false, delivers: true, reason: 'frozen-picture', score: 0 });

/** A run of observations at their times; the state after it and every change on the way. */
function run(steps: [number, InputObservation[]][], settings = config, from: ChoiceState = initialChoice) {
  let state = from;
  const changes: (readonly [number, string | null, string])[] = [];
  for (const [nowMs, observations] of steps) {
    const result = chooseInput(state, observations, nowMs, settings);
    ({ state } = result);
    if (result.change !== null) changes.push([nowMs, result.change.to, result.change.reason]);
  }
  return { state, changes };
}

describe('the choice of the input on air', () => {
  it('takes the most preferred one that works', () => {
    expect(run([[0, [dead('a'), up('b'), up('c')]]]).changes).toEqual([[0, 'b', 'preferred']]);
  });

  it('leaves a dead input at once and says why it died', () => {
    const both = [up('a'), up('b')];
    expect(
      run([
        [0, both],
        [1, [dead('a', 'worker-exited'), up('b')]],
      ]).changes,
    ).toEqual([
      [0, 'a', 'preferred'],
      [1, 'b', 'worker-exited'],
    ]);
  });

  it('returns to the preferred one only after the hold-down, which begins anew when it breaks in between', () => {
    const { changes } = run([
      [0, [dead('a'), up('b')]],
      [1000, [up('a'), up('b')]],
      [2000, [dead('a'), up('b')]],
      [2500, [up('a'), up('b')]],
      [4000, [up('a'), up('b')]],
      [4499, [up('a'), up('b')]],
      [4500, [up('a'), up('b')]],
    ]);
    expect(changes).toEqual([
      [0, 'b', 'preferred'],
      [4500, 'a', 'preferred'],
    ]);
  });

  it('doubles the hold-down of one that fails again and again, up to a limit, and forgives after two good minutes', () => {
    expect([0, 1, 2, 3, 10].map((failures) => holdDownMs({ failures }, config))).toEqual([2000, 2000, 4000, 8000, 60_000]);
    const steps: [number, InputObservation[]][] = [];
    // The preferred one is there for 3 s and gone for 3 s, for two minutes.
    for (let nowMs = 0; nowMs < 120_000; nowMs += 100) steps.push([nowMs, [nowMs % 6000 < 3000 ? up('a') : dead('a'), up('b')]]);
    const { changes, state } = run(steps);
    // On a; off after 3 s; on again at 8 s (6 s + 2 s) and off at 9 s; after that it never lasts for its hold-down.
    expect(changes.map(([, to]) => to)).toEqual(['a', 'b', 'a', 'b']);
    const well = run(
      [
        [120_000, [up('a'), up('b')]],
        [180_000, [up('a'), up('b')]],
        [300_100, [up('a'), up('b')]],
      ],
      config,
      state,
    );
    expect(well.changes).toEqual([[180_000, 'a', 'preferred']]);
    expect(well.state.inputs.a?.failures).toBe(0);
  });

  it('never gives up the last one that delivers anything, and takes the slate when none does', () => {
    const { changes } = run([
      [0, [up('a'), dead('b')]],
      [10, [frozen('a'), dead('b')]],
      [20, [dead('a', 'worker-exited'), dead('b')]],
      [30, [dead('a'), frozen('b')]],
    ]);
    expect(changes).toEqual([
      [0, 'a', 'preferred'],
      [20, null, 'worker-exited'],
      [30, 'b', 'preferred'],
    ]);
  });

  it('obeys a pin while the pinned input works; on a dead one it does as configured', () => {
    const pinned: ChoiceState = { ...initialChoice, onAir: 'a', pinned: 'b' };
    expect(run([[1, [up('a'), up('b')]]], config, pinned).changes).toEqual([[1, 'b', 'pinned']]);
    expect(run([[1, [up('a'), dead('b')]]], config, pinned).changes).toEqual([]);
    expect(run([[1, [up('a'), dead('b')]]], { ...config, deadPin: 'obey' }, pinned).changes).toEqual([[1, null, 'pinned-dead']]);
  });

  it('in active mode takes the healthiest, and another only when it is better by the margin and has been for the hold-down', () => {
    const active: ChoiceConfig = { ...config, mode: 'active' };
    const { changes } = run(
      [
        [0, [up('a', 90), up('b', 95)]],
        [3000, [up('a', 99), up('b', 92)]],
        [3100, [up('a', 99), up('b', 60)]],
      ],
      active,
    );
    expect(changes).toEqual([
      [0, 'b', 'preferred'],
      [3100, 'a', 'better-score'],
    ]);
  });

  it('whatever comes: what is on air delivers, unless nothing does or a person insists', () => {
    const observation = (id: string) => fc.constantFrom(up(id), dead(id), frozen(id));
    const step = fc.tuple(fc.integer({ min: 1, max: 3000 }), observation('a'), observation('b'), observation('c'));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let state = initialChoice;
        let nowMs = 0;
        for (const [ms, ...observations] of steps) {
          nowMs += ms;
          ({ state } = chooseInput(state, observations, nowMs, config));
          const onAir = observations.find(({ id }) => id === state.onAir);
          expect(onAir?.delivers ?? false).toBe(observations.some(({ delivers }) => delivers));
          if (observations.some(({ usable }) => usable)) expect(onAir?.usable).toBe(true);
        }
      }),
      { seed: 4 },
    );
  });
});
