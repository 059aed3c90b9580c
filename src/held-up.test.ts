import { expect, test } from 'vitest';
import { HeldUp } from './held-up.ts';

/** Looks each 10 ms up to `untilMs`. */
function awake(heldUp: HeldUp, fromMs: number, untilMs: number): void {
  for (let nowMs = fromMs; nowMs <= untilMs; nowMs += 10) heldUp.look(nowMs);
}

test('silence is what it is while this process runs', () => {
  const heldUp = new HeldUp(50);
  expect(heldUp.silenceMs(0, 300)).toBe(300);
  awake(heldUp, 0, 1000);
  expect(heldUp.silenceMs(400, 1000)).toBe(600);
  expect(heldUp.silenceMs(Number.NEGATIVE_INFINITY, 1000)).toBe(Number.POSITIVE_INFINITY);
});

test('the time in which this process stood still is nobody’s silence', () => {
  const heldUp = new HeldUp(50);
  awake(heldUp, 0, 1000);
  heldUp.look(3000);
  expect(heldUp.silenceMs(980, 3000)).toBe(20);
  awake(heldUp, 3010, 3400);
  expect(heldUp.silenceMs(980, 3400)).toBe(420);
  // What was heard on waking has slept through nothing.
  expect(heldUp.silenceMs(3010, 3400)).toBe(390);
});

test('one that is always late finds the dead too', () => {
  const heldUp = new HeldUp(50);
  for (let nowMs = 0; nowMs <= 2000; nowMs += 100) heldUp.look(nowMs);
  expect(heldUp.silenceMs(0, 2000)).toBe(1900);
});
