/** Turns the counters of a source into what a person and the engine judge by. Pure. */

/** Long enough that a picture or a packet more or less is no matter, short enough that trouble shows. */
const windowMs = 2000;
const reportEveryMs = 500;

export interface SourceRates {
  /** Pictures that the source's decoder gave in a second; null where none is decoded. */
  pictureFps: number | null;
  /** What arrives over the source's network; null where it is not counted. */
  kbps: number | null;
  /** Share of packets that were missing on the first try, and so had to be sent again, %; null where the source does not say. */
  lossPercent: number | null;
  /** Share of the packets that came which had been sent again, needed or not, %; null where nobody counts them. */
  retransmitPercent: number | null;
  rttMs: number | null;
  /** Since the worker began. */
  continuityErrors: number;
}

const nothing: SourceRates = { pictureFps: null, kbps: null, lossPercent: null, retransmitPercent: null, rttMs: null, continuityErrors: 0 };

export class SourceMeter {
  readonly #reports: { atMs: number; figures: Readonly<Record<string, number>> }[] = [];

  /** The worker is another one, whose counters begin anew. */
  reset(): void {
    this.#reports.length = 0;
  }

  add(figures: Readonly<Record<string, number>>, atMs: number): void {
    // Another sender within the same worker begins to count anew: what came before is of no use.
    const packets = this.#reports.at(-1)?.figures.receivedPackets;
    if (packets !== undefined && (figures.receivedPackets ?? 0) < packets) this.reset();
    this.#reports.push({ atMs, figures });
    while (this.#reports.length > 2 && (this.#reports[1]?.atMs ?? atMs) <= atMs - windowMs) this.#reports.shift();
  }

  /** For people: the counters, and what they say in a second. */
  get figures(): Record<string, number> {
    const { pictureFps, kbps, lossPercent, retransmitPercent } = this.rates;
    const rounded = Object.entries({ pictureFps, arrivingKbps: kbps, lossPercent, retransmitPercent })
      .filter((one): one is [string, number] => one[1] !== null)
      .map(([name, value]) => [name, Math.round(value * 10) / 10]);
    return { ...this.#reports.at(-1)?.figures, ...Object.fromEntries(rounded) };
  }

  /** Of those that the source's decoder gave, as many as there should be by now; null where none are counted. */
  pictures(nowMs: number): number | null {
    const last = this.#reports.at(-1);
    const counted = last?.figures.decodedPictures;
    if (last === undefined || counted === undefined) return null;
    // Reports are half a second apart: between them it goes on as before, or else a rate by the second would be half or double.
    return counted + ((this.rates.pictureFps ?? 0) * Math.min(reportEveryMs, nowMs - last.atMs)) / 1000;
  }

  get rates(): SourceRates {
    const first = this.#reports[0];
    const last = this.#reports.at(-1);
    if (first === undefined || last === undefined) return nothing;
    const state = { rttMs: last.figures.rttMs ?? null, continuityErrors: last.figures.continuityErrors ?? 0 };
    const ms = last.atMs - first.atMs;
    if (ms < windowMs / 2) return { ...nothing, ...state };
    const grown = (name: string): number | null => {
      const now = last.figures[name];
      return now === undefined ? null : now - (first.figures[name] ?? 0);
    };
    const perSecond = (count: number | null): number | null => (count === null ? null : (count * 1000) / ms);
    const bits = perSecond(grown('receivedBytes'));
    return {
      ...state,
      pictureFps: perSecond(grown('decodedPictures')),
      kbps: bits === null ? null : (bits * 8) / 1000,
      lossPercent: shareOf(grown('lostPackets'), grown('receivedPackets')),
      retransmitPercent: shareOf(grown('retransmittedPackets'), grown('receivedPackets')),
    };
  }
}

/** libsrt counts a packet as lost once, when the hole is seen, and as received when it has come after all. */
function shareOf(count: number | null, received: number | null): number | null {
  if (count === null || received === null) return null;
  return count === 0 ? 0 : Math.min(100, (100 * count) / Math.max(1, count, received));
}
