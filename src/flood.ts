/** Lets a log line that repeats through a few times, then counts. Pure. */

const windowMs = 10_000;
const passedMax = 5;
const keysMax = 500;

export class FloodGate {
  readonly #seen = new Map<string, { sinceMs: number; count: number }>();

  /** Null: not now. Otherwise how many like it were left out before. */
  pass(key: string, nowMs: number): number | null {
    const seen = this.#seen.get(key);
    if (seen === undefined || nowMs - seen.sinceMs >= windowMs) {
      this.#seen.delete(key);
      this.#seen.set(key, { sinceMs: nowMs, count: 1 });
      if (this.#seen.size > keysMax) this.#seen.delete(this.#seen.keys().next().value as string);
      return seen === undefined ? 0 : Math.max(0, seen.count - passedMax);
    }
    return ++seen.count <= passedMax ? 0 : null;
  }
}
