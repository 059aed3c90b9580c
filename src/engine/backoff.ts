/**
 * How long to wait before the next try. Doubles with each failure in a row, so that what is dead costs little, and starts
 * anew after a time of stability, so that what breaks once in a while is back at once.
 */
export interface BackoffConfig {
  firstMs: number;
  maxMs: number;
  /** Worked for this long: the next failure is a first one again. */
  stableMs: number;
}

export interface BackoffState {
  failures: number;
}

export const noFailures: BackoffState = { failures: 0 };

/** `workedMs`: how long it worked before it failed, 0 if it never did; `random`: from 0 to 1, spreads boxes that failed together by a quarter. */
export function nextTry(state: BackoffState, workedMs: number, random: number, config: BackoffConfig): { state: BackoffState; delayMs: number } {
  const failures = workedMs >= config.stableMs ? 0 : state.failures;
  const delayMs = Math.min(config.maxMs, config.firstMs * 2 ** Math.min(failures, 30));
  return { state: { failures: failures + 1 }, delayMs: Math.round(delayMs * (0.875 + random / 4)) };
}
