/**
 * The only place where the process reads a clock. Everything that decides takes `nowMs` as an argument.
 */

/** CLOCK_MONOTONIC in milliseconds, with a fraction. The same origin in every process of one boot, so that figures can be compared. */
export function monoMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Wall-clock time in milliseconds since 1970, for people's eyes only: it jumps when the clock is set. */
export function wallMs(): number {
  return Date.now();
}
