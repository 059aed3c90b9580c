import { expect, test } from 'vitest';
import { AttemptBrake } from './brake.ts';

function attempt(brake: AttemptBrake, address: string, nowMs: number, right = false): number | null {
  const delayMs = brake.begin(address, nowMs);
  if (delayMs !== null) brake.end(address, right);
  return delayMs;
}

test('three attempts are free, then each waits longer, up to eight seconds, and none is locked out', () => {
  const brake = new AttemptBrake();
  expect(Array.from({ length: 10 }, () => attempt(brake, '192.0.2.1', 0))).toEqual([0, 0, 0, 500, 1000, 2000, 4000, 8000, 8000, 8000]);
  expect(attempt(brake, '192.0.2.2', 0)).toBe(0);
});

test('the right password and a quarter of an hour make it forget', () => {
  const brake = new AttemptBrake();
  for (let count = 0; count < 5; count++) attempt(brake, 'a', 0);
  expect(attempt(brake, 'a', 0, true)).toBe(2000);
  expect(attempt(brake, 'a', 0)).toBe(0);
  for (let count = 0; count < 8; count++) attempt(brake, 'b', 0);
  expect(attempt(brake, 'b', 16 * 60_000)).toBe(0);
});

test('many at once gain nothing', () => {
  const brake = new AttemptBrake();
  expect(Array.from({ length: 8 }, () => brake.begin('a', 0))).toEqual([0, 0, 0, 500, null, null, null, null]);
});

test('the addresses of one IPv6 network count as one', () => {
  const brake = new AttemptBrake();
  const delays = Array.from({ length: 5 }, (_, index) => attempt(brake, `2001:db8:1:2::${index}`, 0));
  expect(delays.at(-1)).toBe(1000);
  expect(attempt(brake, '2001:db8:1:3::1', 0)).toBe(0);
});
