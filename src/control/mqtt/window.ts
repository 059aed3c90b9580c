/**
 * How many of our messages wait for the broker's acknowledgement at once; what is more waits here, in order. MQTT 5.0 section 4.9: a broker says how
 * many it takes (receive maximum), and may hang up on who sends more.
 */

/** Without a word of the broker: more in flight would be no faster on a path of 200 ms, and only fill its memory. */
const inFlightMax = 64;

export class SendWindow {
  #free = inFlightMax;
  #over: unknown = null;
  readonly #waiting: { go: () => void; giveUp: (error: unknown) => void }[] = [];

  /** To be called before anything is sent. @param receiveMaximum what the broker says; undefined: nothing. */
  open(receiveMaximum: number | undefined): void {
    this.#free = Math.min(receiveMaximum ?? inFlightMax, inFlightMax);
  }

  /** Sends when it is its turn, and makes room when that settles. Rejects as `send` does, and when the window was closed before its turn. */
  through(send: () => Promise<void>): Promise<void> {
    if (this.#over !== null) return Promise.reject(this.#over);
    return new Promise((resolve, reject) => {
      // At once, and not a turn later: one that comes meanwhile would overtake it.
      const go = () =>
        void send()
          .then(resolve, reject)
          .finally(() => this.#left());
      if (this.#free === 0) this.#waiting.push({ go, giveUp: reject });
      else {
        this.#free--;
        go();
      }
    });
  }

  /** The connection is gone: what waits is not sent. */
  close(error: unknown): void {
    this.#over ??= error;
    for (const { giveUp } of this.#waiting.splice(0)) giveUp(this.#over);
  }

  #left(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next.go();
  }
}
