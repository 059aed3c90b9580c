import { expect, it } from 'vitest';
import { judgeStrain, noStrain } from './strain.ts';

/** What is said of the box at each second: the reason, or null. */
function run(temperatures: number[], throttled = false): (string | null)[] {
  let state = noStrain;
  return temperatures.map((temperatureC, index) => {
    state = judgeStrain(state, { temperatureC, throttled }, index * 1000, 80);
    return state.reason;
  });
}
const times = (count: number, temperature: number): number[] => Array.from({ length: count }, () => temperature);

it('heat is strain after 5 s, not before', () => {
  expect(run(times(7, 85)).map((reason) => reason !== null)).toEqual([false, false, false, false, false, true, true]);
  expect(run([...times(4, 85), 79, ...times(4, 85)])).toEqual(times(9, 0).map(() => null));
});

it('it is over after a minute below the lower mark', () => {
  expect(run([...times(6, 85), ...times(70, 78)]).at(-1)).toBe('temperature-high');
  expect(run([...times(6, 85), ...times(61, 74)]).at(-1)).toBeNull();
  expect(run([...times(6, 85), ...times(60, 74)]).at(-1)).toBe('temperature-high');
});

it('throttling is strain at any temperature; what cannot be measured is none', () => {
  expect(run(times(6, 50), true).at(-1)).toBe('throttled');
  let state = noStrain;
  for (let nowMs = 0; nowMs < 60_000; nowMs += 1000) state = judgeStrain(state, { temperatureC: null, throttled: null }, nowMs, 80);
  expect(state.reason).toBeNull();
});
