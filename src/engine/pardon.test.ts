import { expect, test } from 'vitest';
import { type Candidate, type ChoiceConfig, type ChoiceState, choose, initialChoice } from './choice.ts';
import { pardon } from './pardon.ts';

const config: ChoiceConfig = { mode: 'standby', holdDownMs: 3000, holdDownMsMax: 60_000, marginPoints: 10, deadPin: 'override' };
const one = (id: string, usable: boolean): Candidate => ({
  id,
  usable,
  delivers: usable,
  idle: false,
  reason: usable ? 'started' : 'worker-exited',
  score: 100,
});

/** Turns of 100 ms; `dead` until `untilMs`. Returns the state and when the preferred one was back. */
function run(state: ChoiceState, fromMs: number, forMs: number, dead: (nowMs: number) => boolean): { state: ChoiceState; backMs: number | null } {
  let backMs: number | null = null;
  let next = state;
  for (let nowMs = fromMs; nowMs < fromMs + forMs; nowMs += 100) {
    const decision = choose(next, [one('cam', !dead(nowMs)), one('spare', true)], nowMs, config);
    next = decision.state;
    if (decision.change?.to === 'cam') backMs = nowMs - fromMs;
  }
  return { state: next, backMs };
}

const fault = (fromMs: number) => (nowMs: number) => nowMs >= fromMs && nowMs < fromMs + 1000;

test('five rehearsed failures leave the hold-down of the next real one as it was', () => {
  let { state } = run(initialChoice, 0, 5000, () => false);
  let untouched = state;
  for (let n = 0; n < 5; n++) {
    const fromMs = 10_000 * (n + 1);
    const { records } = state;
    ({ state } = run(state, fromMs, 9000, fault(fromMs)));
    state = pardon(state, records, null);
    ({ state: untouched } = run(untouched, fromMs, 9000, fault(fromMs)));
  }
  expect(run(state, 60_000, 9000, fault(60_000)).backMs).toBe(4000);
  // Without the pardon the sixth failure is a sign of an unsteady camera.
  expect(run(untouched, 60_000, 9000, fault(60_000)).backMs).toBeNull();
});

test('what failed before the rehearsal stays counted, and what really failed meanwhile too', () => {
  const record = (failures: number) => ({ usableSinceMs: 0, failures, countedMs: 5, betterSinceMs: null });
  const before = { cam: record(2), spare: record(0) };
  const after: ChoiceState = { ...initialChoice, records: { cam: record(3), spare: record(1) } };
  expect(pardon(after, before, null).records).toMatchObject({ cam: { failures: 2 }, spare: { failures: 0 } });
  expect(pardon(after, before, 'cam').records).toMatchObject({ cam: { failures: 2 }, spare: { failures: 1 } });
  expect(pardon(initialChoice, before, null)).toEqual(initialChoice);
});
