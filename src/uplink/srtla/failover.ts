/**
 * What becomes of the program when a link falls or is not to be used. Pure. The others take at once what it had; the last one is never left; and while a link that a
 * person pinned works, the others are only kept ready.
 */
import type { Carrier } from './carrier.ts';
import type { Losses } from './losses.ts';
import type { Packets } from './packets.ts';
import type { Rescues } from './rescues.ts';

const offeredKbpsMin = 2000;
const secondMs = 1000;

export class Failover {
  /** The one link that is to carry everything while it works; −1: all of them. Takes effect with the next turn. */
  only = -1;
  readonly #packets: Packets;
  readonly #carriers: readonly Carrier[];
  readonly #losses: Losses;
  readonly #rescues: Rescues;
  /** What the links are given altogether. */
  #offeredKbps = offeredKbpsMin;
  #takenBytes = 0;

  constructor(packets: Packets, carriers: readonly Carrier[], losses: Losses, rescues: Rescues) {
    this.#packets = packets;
    this.#carriers = carriers;
    this.#losses = losses;
    this.#rescues = rescues;
  }

  /** The others are kept ready. Opened at once when it stops working, before anything is decided. */
  gate(): void {
    const keeps = this.#carriers[this.only]?.sound === true;
    for (let index = 0; index < this.#carriers.length; index++) (this.#carriers[index] as Carrier).gated = keeps && index !== this.only;
  }

  /** The last one is never left: where no link is above suspicion, one that answers will do, and what the others had is its to take. */
  pardon(nowMs: number): void {
    if (this.#losses.goodLinks() !== 0) return;
    const answering = this.#carriers.filter(({ usable, pulse }) => usable && pulse.answering);
    if (answering.length === 0) return;
    for (const { pulse } of answering) pulse.pardon(nowMs);
    for (let index = 0; index < this.#carriers.length; index++) if (!(this.#carriers[index] as Carrier).good) this.fell(index, nowMs);
  }

  /** What was under way there must be taken by the others, and what goes there usually, too. */
  fell(link: number, nowMs: number): void {
    this.gate();
    this.#rescues.scanNow(nowMs);
    const { capacity } = this.#carriers[link] as Carrier;
    for (let index = 0; index < this.#carriers.length; index++) {
      const other = this.#carriers[index] as Carrier;
      if (index === link || !other.good) continue;
      const usualBytes = ((capacity.recentKbps(nowMs) + other.capacity.recentKbps(nowMs)) / 8) * other.capacity.baseMs;
      other.mustTake((this.#packets.inFlightBytes[link] as number) + usualBytes, this.#offeredKbps, nowMs);
    }
  }

  /** To be called each second. */
  second(): void {
    this.#offeredKbps = Math.max(offeredKbpsMin, ((this.#packets.takenBytes - this.#takenBytes) * 8) / secondMs);
    this.#takenBytes = this.#packets.takenBytes;
  }
}
