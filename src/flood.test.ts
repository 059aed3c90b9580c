import { expect, test } from 'vitest';
import { FloodGate } from './flood.ts';

test('of a flood five pass, and the next window says how many did not', () => {
  const gate = new FloodGate();
  const passed = Array.from({ length: 1000 }, (_, index) => gate.pass('the same', index)).filter((one) => one !== null);
  expect(passed).toHaveLength(5);
  expect(gate.pass('another', 999)).toBe(0);
  expect(gate.pass('the same', 10_000)).toBe(995);
});

test('it does not remember everything that was ever said', () => {
  const gate = new FloodGate();
  for (let index = 0; index < 100_000; index++) expect(gate.pass(`line ${index}`, 0)).toBe(0);
});
