/**
 * How much data each path has used this month, against its allowance. Pure: bytes, and the month by the wall clock, are
 * arguments; who keeps the figures over a restart is the media daemon (`src/media/allowances.ts`).
 */
export interface Allowance {
  /** Bytes a calendar month. */
  bytes: number;
  warnPct: number;
}

export interface Usage {
  /** `2026-11`. Null: the clock was never set; what is used counts for the month that comes to be known. */
  month: string | null;
  bytes: number;
}

export type AllowanceState = 'ok' | 'low' | 'used';

export class AllowanceMeter {
  #allowance: Allowance;
  #usage: Usage;
  /** Of the path's own counter, when it was last read. */
  #counted = 0;
  state: AllowanceState = 'ok';

  /** @param countedBytes of the path's own counter, what was sent before anybody counted. */
  constructor(allowance: Allowance, usage: Usage = { month: null, bytes: 0 }, countedBytes = 0) {
    this.#counted = countedBytes;
    this.#allowance = allowance;
    this.#usage = { ...usage };
    this.state = this.#judge();
  }

  get usage(): Usage {
    return { ...this.#usage };
  }

  /** `totalBytes`: the path's counter, which starts anew with each session. `month`: null while the clock is not set. Returns the state before where it changed. */
  count(totalBytes: number, month: string | null): AllowanceState | null {
    const more = totalBytes >= this.#counted ? totalBytes - this.#counted : totalBytes;
    this.#counted = totalBytes;
    // Forwards only: a clock that is set back does not give anything free.
    if (month !== null && this.#usage.month !== null && month > this.#usage.month) this.#usage = { month, bytes: 0 };
    this.#usage.month = month ?? this.#usage.month;
    this.#usage.bytes += more;
    const before = this.state;
    this.state = this.#judge();
    return this.state === before ? null : before;
  }

  /** Another allowance for what has been used. Returns the state before where it changed. */
  allow(allowance: Allowance): AllowanceState | null {
    const before = this.state;
    this.#allowance = allowance;
    this.state = this.#judge();
    return this.state === before ? null : before;
  }

  #judge(): AllowanceState {
    const { bytes, warnPct } = this.#allowance;
    if (this.#usage.bytes >= bytes) return 'used';
    return this.#usage.bytes >= (bytes * warnPct) / 100 ? 'low' : 'ok';
  }
}

/** `2026-11`, by UTC: the provider's own month is near enough, and no time zone can be wrong. */
export function monthOf(wallMs: number | null): string | null {
  return wallMs === null ? null : new Date(wallMs).toISOString().slice(0, 7);
}
