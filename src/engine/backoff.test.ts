import { describe, expect, it } from 'vitest';
import { nextTry, noFailures } from './backoff.ts';

const config = { firstMs: 250, maxMs: 10_000, stableMs: 30_000 };

describe('the back-off', () => {
  it('doubles up to its limit', () => {
    let state = noFailures;
    const delays: number[] = [];
    for (let failure = 0; failure < 8; failure++) {
      const next = nextTry(state, 0, 0.5, config);
      delays.push(next.delayMs);
      state = next.state;
    }
    expect(delays).toEqual([250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
  });
  it('starts anew after a stable time', () => {
    expect(nextTry({ failures: 9 }, 30_000, 0.5, config)).toEqual({ state: { failures: 1 }, delayMs: 250 });
  });
  it('spreads by an eighth either way', () => {
    expect(nextTry(noFailures, 0, 0, config).delayMs).toBe(219);
    expect(nextTry(noFailures, 0, 1, config).delayMs).toBe(281);
  });
});
