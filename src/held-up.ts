/**
 * When this process was held up: by the scheduler, a slow card, a machine that was paused. What was not heard meanwhile is nobody's silence, since timers
 * run before what has come is read, and whoever sends may have been held up with us. Pure.
 */
export class HeldUp {
  readonly #lateMs: number;
  #lookedMs = Number.NaN;
  #fromMs = 0;
  #untilMs = Number.NEGATIVE_INFINITY;

  /** @param lateMs a look that comes so much after the one before was held up. */
  constructor(lateMs: number) {
    this.#lateMs = lateMs;
  }

  /** Before anything is judged. */
  look(nowMs: number): void {
    if (nowMs - this.#lookedMs > this.#lateMs) [this.#fromMs, this.#untilMs] = [this.#lookedMs, nowMs];
    this.#lookedMs = nowMs;
  }

  /** How long nothing has come since `sinceMs`, ms. Only the last time of standing still is excused: who is always late must find the dead too. */
  silenceMs(sinceMs: number, nowMs: number): number {
    return nowMs - sinceMs - Math.max(0, this.#untilMs - Math.max(sinceMs, this.#fromMs));
  }
}
