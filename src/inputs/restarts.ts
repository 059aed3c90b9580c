/** When the next worker of an input starts: back-off, and its timer. What a rehearsal broke can be made to count for nothing. */
import { type BackoffState, nextTry, noFailures } from '../engine/backoff.ts';

const backoff = { firstMs: 250, maxMs: 10_000, stableMs: 30_000 };
/** A sender that stays no longer than this is not waited for with open arms: a new process each time costs half a second of the processor. */
const sessionMsMin = 2000;

export class Restarts {
  /** Workers lost so far. */
  count = 0;
  readonly #start: () => void;
  #timer: NodeJS.Timeout | undefined;
  #atMs: number | null = null;
  #backoff: BackoffState = noFailures;
  #remembered: BackoffState = noFailures;

  /** `start` is called when it is time. */
  constructor(start: () => void) {
    this.#start = start;
  }

  /** How long until the next worker starts; null: none is waited for. */
  inMs(nowMs: number): number | null {
    return this.#atMs === null ? null : Math.max(0, Math.round(this.#atMs - nowMs));
  }

  /** A worker was lost that had worked for `workedMs`; `hungUp`: by its sender. Returns how long to wait until the next one starts. */
  lost(workedMs: number, hungUp: boolean, nowMs: number): number {
    // That a sender hangs up is no failure of the listener, which must be there when it calls again.
    const before = hungUp && workedMs >= sessionMsMin ? noFailures : this.#backoff;
    const { state, delayMs } = nextTry(before, workedMs, Math.random(), backoff);
    this.#backoff = state;
    this.#atMs = nowMs + delayMs;
    this.count++;
    return delayMs;
  }

  wait(delayMs: number): void {
    this.#timer = setTimeout(() => {
      this.#atMs = null;
      this.#start();
    }, delayMs);
  }

  /** The next worker is not waited for: it starts now, or never. */
  cancel(): void {
    clearTimeout(this.#timer);
    this.#atMs = null;
  }

  /** A rehearsal begins: failures count from here on as if they had not been. */
  remember(): void {
    this.#remembered = this.#backoff;
  }

  forgive(): void {
    this.#backoff = this.#remembered;
  }
}
