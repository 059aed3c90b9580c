/** How long to wait before the next attempt: doubling, with a spread, so that a thousand boxes do not come back in step. */

/**
 * @param failures attempts that failed in a row, from 1.
 * @param random from 0 up to 1.
 */
export function backOffMs(failures: number, firstMs: number, mostMs: number, random: number): number {
  const fullMs = Math.min(mostMs, firstMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(fullMs * (0.75 + random * 0.5));
}
