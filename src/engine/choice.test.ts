import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Candidate, type ChoiceConfig, type ChoiceState, choose, holdDownMs, initialChoice } from './choice.ts';

const config: ChoiceConfig = { mode: 'standby', holdDownMs: 2000, holdDownMsMax: 60_000, marginPoints: 10, deadPin: 'override' };
const up = (id: string, score = 100): Candidate => ({ id, usable: true, delivers: true, idle: false, reason: 'recovered', score });
const dead = (id: string, reason: Candidate['reason'] = 'no-data'): Candidate => ({ id, usable: false, delivers: false, idle: false, reason, score: 0 });
const frozen = (id: string): Candidate => ({ id, usable: false, delivers: true, idle: false, reason: 'frozen-picture', score: 0 });

const active: ChoiceConfig = { ...config, mode: 'active' };

/** A run of observations at their times; the state after it and every change on the way. */
function run(steps: [number, Candidate[]][], settings = config, from: ChoiceState = initialChoice) {
  let state = from;
  const changes: (readonly [number, string | null, string])[] = [];
  for (const [nowMs, observations] of steps) {
    const result = choose(state, observations, nowMs, settings);
    ({ state } = result);
    if (result.change !== null) changes.push([nowMs, result.change.to, result.change.reason]);
  }
  return { state, changes };
}

/** `a` is there for `upMs` and gone for `downMs` by turns; `b` is always there. */
function flapping(upMs: number, downMs: number, forMs: number, settings = config) {
  const steps: [number, Candidate[]][] = [];
  for (let nowMs = 0; nowMs < forMs; nowMs += 100) steps.push([nowMs, [nowMs % (upMs + downMs) < upMs ? up('a') : dead('a'), up('b')]]);
  return run(steps, settings);
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

  it('doubles the hold-down of one that fails again and again, up to a limit', () => {
    expect([0, 1, 2, 3, 10].map((failures) => holdDownMs({ failures }, config))).toEqual([2000, 2000, 4000, 8000, 60_000]);
    // The preferred one is there for 3 s and gone for 3 s, for two minutes: on; off after 3 s; on again at 8 s (6 s + 2 s) and off at 9 s; after that
    // it never lasts for its hold-down.
    expect(flapping(3000, 3000, 120_000).changes.map(([, to]) => to)).toEqual(['a', 'b', 'a', 'b']);
  });

  it.each([
    [3000, 3000, 3000],
    [1500, 1500, 500],
    [10_000, 500, 2000],
    [50_000, 5000, 3000],
  ])('up for %i ms, gone for %i ms, hold-down %i ms: returns no oftener than the formula says', (upMs, downMs, holdMs) => {
    const settings = { ...config, holdDownMs: holdMs };
    const { changes } = flapping(upMs, downMs, 20 * 60_000, settings);
    // It fails while it is on air once at first, and once after each return; it returns while it is up for longer than H, 2 H, 4 H …
    const returns = upMs > holdMs ? Math.ceil(Math.log2(upMs / holdMs)) : 0;
    expect(changes.length - 1).toBeLessThanOrEqual(1 + 2 * returns);
    expect(changes.length - 1).toBeGreaterThanOrEqual(1);
  });

  it('forgives one failure each calm minute, and returns at once to nothing', () => {
    const { state } = flapping(3000, 3000, 120_000);
    expect(state.records.a?.failures).toBe(6);
    const steps: [number, Candidate[]][] = [];
    for (let nowMs = 120_000; nowMs <= 600_000; nowMs += 100) steps.push([nowMs, [up('a'), up('b')]]);
    const well = run(steps, config, state);
    expect(well.changes).toEqual([[180_000, 'a', 'preferred']]);
    expect(well.state.records.a?.failures).toBe(0);
  });

  it('returns at most once within a hold-down, however many come back', () => {
    const { changes } = run([
      [0, [dead('a'), dead('b'), up('c')]],
      [1000, [dead('a'), up('b'), up('c')]],
      [1050, [up('a'), up('b'), up('c')]],
      [3000, [up('a'), up('b'), up('c')]],
      [3050, [up('a'), up('b'), up('c')]],
      [4900, [up('a'), up('b'), up('c')]],
      [5000, [up('a'), up('b'), up('c')]],
    ]);
    expect(changes).toEqual([
      [0, 'c', 'preferred'],
      [3000, 'b', 'preferred'],
      [5000, 'a', 'preferred'],
    ]);
  });

  it('flees to one that has kept its hold-down rather than to one that has just come back', () => {
    const { changes } = run([
      [0, [up('a'), up('b'), up('c')]],
      [10, [dead('a'), up('b'), up('c')]],
      [900, [up('a'), up('b'), up('c')]],
      [1000, [up('a'), dead('b'), up('c')]],
      [1100, [up('a'), dead('b'), dead('c')]],
    ]);
    expect(changes.map(([, to]) => to)).toEqual(['a', 'b', 'c', 'a']);
  });

  it('does not leave a poor picture for one that has just come back, but at once for one that has never failed', () => {
    const { changes } = run([
      [0, [up('a'), up('b')]],
      [100, [up('a'), dead('b')]],
      [200, [frozen('a'), up('b')]],
      [1000, [frozen('a'), dead('b')]],
      [1500, [frozen('a'), up('b')]],
      [3400, [frozen('a'), up('b')]],
      [3500, [frozen('a'), up('b')]],
    ]);
    expect(changes).toEqual([
      [0, 'a', 'preferred'],
      [3500, 'b', 'frozen-picture'],
    ]);
    expect(
      run([
        [0, [up('a'), up('b')]],
        [100, [frozen('a'), up('b')]],
      ]).changes.at(-1),
    ).toEqual([100, 'b', 'frozen-picture']);
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
    const pinned: ChoiceState = { ...initialChoice, chosen: 'a', pin: { id: 'b', sinceMs: 0, untilMs: null } };
    const obey: ChoiceConfig = { ...config, deadPin: 'obey' };
    expect(run([[1, [up('a'), up('b')]]], config, pinned).changes).toEqual([[1, 'b', 'pinned']]);
    expect(run([[1, [up('a'), dead('b')]]], config, pinned).changes).toEqual([]);
    expect(run([[1, [up('a'), frozen('b')]]], config, pinned).changes).toEqual([]);
    expect(run([[1, [up('a'), dead('b')]]], obey, pinned).changes).toEqual([[1, null, 'pinned-dead']]);
    expect(run([[1, [up('a'), frozen('b')]]], obey, pinned).changes).toEqual([[1, 'b', 'pinned']]);
  });

  it('lets a pinned one that flaps keep its hold-down too, but believes the person who pins one that works', () => {
    const pinned: ChoiceState = { ...initialChoice, chosen: 'a', pin: { id: 'b', sinceMs: 0, untilMs: null } };
    const steps: [number, Candidate[]][] = [];
    for (let nowMs = 0; nowMs < 120_000; nowMs += 100) steps.push([nowMs, [up('a'), nowMs % 6000 < 3000 ? up('b') : dead('b')]]);
    expect(run(steps, config, pinned).changes.map(([, to]) => to)).toEqual(['b', 'a', 'b', 'a']);
    const { state } = run(steps);
    const now = { ...state, pin: { id: 'b', sinceMs: 120_100, untilMs: null } };
    expect(
      run(
        [
          [120_050, [up('a'), up('b')]],
          [120_100, [up('a'), up('b')]],
        ],
        config,
        now,
      ).changes,
    ).toEqual([[120_050, 'b', 'pinned']]);
  });

  it('in active mode takes the healthiest, and another only when it has been better by the margin for the hold-down', () => {
    const { changes } = run(
      [
        [0, [up('a', 90), up('b', 95)]],
        [3000, [up('a', 99), up('b', 92)]],
        [3100, [up('a', 99), up('b', 60)]],
        [4000, [up('a', 69), up('b', 60)]],
        [4100, [up('a', 99), up('b', 60)]],
        [6000, [up('a', 99), up('b', 60)]],
        [6100, [up('a', 99), up('b', 60)]],
      ],
      active,
    );
    expect(changes).toEqual([
      [0, 'b', 'preferred'],
      [6100, 'a', 'better-score'],
    ]);
  });

  it('in active mode does not flap among equals, and ever less among two that are better by turns', () => {
    const steps = (points: number, periodMs: number) => {
      const all: [number, Candidate[]][] = [];
      for (let nowMs = 0; nowMs < 600_000; nowMs += 100)
        all.push([nowMs, [up('a', 80), up('b', nowMs % (2 * periodMs) < periodMs ? 80 + points : 80 - points)]]);
      return all;
    };
    // Within the margin, or for less than the hold-down: never.
    expect(run(steps(10, 5000), active).changes).toHaveLength(1);
    expect(run(steps(40, 1900), active).changes).toHaveLength(1);
    // Better for 5 s by turns: H, H, 2 H and 2 H fit, 4 H does not, until a calm minute forgives a failure.
    expect(run(steps(40, 5000), active).changes.length).toBeLessThanOrEqual(5 + 2 * 10);
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
          ({ state } = choose(state, observations, nowMs, config));
          const onAir = observations.find(({ id }) => id === state.chosen);
          expect(onAir?.delivers ?? false).toBe(observations.some(({ delivers }) => delivers));
          const steady = observations.some(({ id, usable }) => usable && nowMs - (state.records[id]?.usableSinceMs ?? nowMs) >= config.holdDownMs);
          if (steady) expect(onAir?.usable).toBe(true);
        }
      }),
      { seed: 4 },
    );
  });
});
