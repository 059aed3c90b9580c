/**
 * Slows password guessing down, and locks nobody out: each attempt of an address after the third waits longer, up to 8 s.
 * An attempt counts as failed from its start, so that many at once gain nothing.
 */

const freeAttempts = 3;
const firstDelayMs = 500;
const delayMsMax = 8000;
/** Attempts of one address that may wait; more are turned away at once. */
const waitingMax = 4;
/** After this long without an attempt an address starts afresh. */
const forgetMs = 15 * 60_000;
const addressesMax = 1000;

interface Entry {
  failures: number;
  waiting: number;
  lastMs: number;
}

export class AttemptBrake {
  readonly #entries = new Map<string, Entry>();

  /** How long this attempt must wait, or null: too many of this address are waiting. Call `end` when it is over. */
  begin(address: string, nowMs: number): number | null {
    const key = network(address);
    let entry = this.#entries.get(key);
    if (entry !== undefined && entry.waiting === 0 && nowMs - entry.lastMs > forgetMs) entry = undefined;
    entry ??= { failures: 0, waiting: 0, lastMs: nowMs };
    if (entry.waiting >= waitingMax) return null;
    const delayMs = entry.failures < freeAttempts ? 0 : Math.min(delayMsMax, firstDelayMs * 2 ** Math.min(entry.failures - freeAttempts, 10));
    entry.failures++;
    entry.waiting++;
    entry.lastMs = nowMs;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    // The oldest address is forgotten: who has a thousand of them is slowed by the hash alone.
    if (this.#entries.size > addressesMax) this.#entries.delete(this.#entries.keys().next().value as string);
    return delayMs;
  }

  end(address: string, right: boolean): void {
    const entry = this.#entries.get(network(address));
    if (entry === undefined) return;
    entry.waiting--;
    if (right) entry.failures = 0;
  }
}

/** One host usually has a whole /64 of IPv6. */
function network(address: string): string {
  return address.includes(':') && !address.includes('.') ? address.split(':').slice(0, 4).join(':') : address;
}
