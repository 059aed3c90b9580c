/** Tells a short press from a long one. Pure. */

/** Contacts bounce for some milliseconds; a finger is never this quick. */
const shortMsMin = 30;
const longMsMin = 2000;

export class Press {
  #downMs: number | null = null;

  /** Takes an edge; returns what kind of press ended with it. */
  edge(down: boolean, nowMs: number): 'short' | 'long' | null {
    if (down) {
      this.#downMs ??= nowMs;
      return null;
    }
    const heldMs = this.#downMs === null ? 0 : nowMs - this.#downMs;
    this.#downMs = null;
    if (heldMs < shortMsMin) return null;
    return heldMs >= longMsMin ? 'long' : 'short';
  }
}
