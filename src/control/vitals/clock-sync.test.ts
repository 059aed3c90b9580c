import { expect, test } from 'vitest';
import { clockSynchronised } from './clock-sync.ts';

test('the kernel is asked and answers, or the answer is that nobody knows', () => {
  expect([true, false, null]).toContain(clockSynchronised());
});
