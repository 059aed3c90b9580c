/** What the receiver proves link by link: which packets came over it (SRTLA ACK), and how long the way there and back takes. Pure. */
import type { Carrier } from './carrier.ts';
import type { Packets } from './packets.ts';
import * as wire from './wire.ts';

export class Proofs {
  /** This turn came late: what is read in it proves packets and links, but is no measure of delay. */
  heldUp = false;
  readonly #packets: Packets;
  readonly #carriers: readonly Carrier[];
  // Of the acknowledgement that is being read.
  #link = 0;
  #proved = 0;
  #provedBytes = 0;
  #sentMs = Number.NEGATIVE_INFINITY;

  constructor(packets: Packets, carriers: readonly Carrier[]) {
    this.#packets = packets;
    this.#carriers = carriers;
  }

  /** An SRTLA ACK came over `link`; returns how many packets it proved. */
  acked(link: number, bytes: Buffer, offset: number, length: number, nowMs: number): number {
    const carrier = this.#carriers[link] as Carrier;
    this.#link = link;
    this.#proved = 0;
    this.#provedBytes = 0;
    this.#sentMs = Number.NEGATIVE_INFINITY;
    wire.visitAcked(bytes, offset, length, this.#onAcked);
    if (this.#provedBytes === 0) return 0;
    carrier.pulse.proved(this.#sentMs, nowMs);
    if (this.#sentMs === Number.NEGATIVE_INFINITY) {
      carrier.capacity.deliveredBytes += this.#provedBytes;
      return this.#proved;
    }
    carrier.provedSentMs = Math.max(carrier.provedSentMs, this.#sentMs);
    this.measured(link, nowMs - this.#sentMs, nowMs);
    carrier.capacity.proved(this.#provedBytes, this.#sentMs, this.#packets.inFlightBytes[link] as number, nowMs);
    return this.#proved;
  }

  readonly #onAcked = (sequence: number): void => {
    const slot = this.#packets.proved(sequence, this.#link);
    if (slot < 0) return;
    this.#proved++;
    this.#provedBytes += this.#packets.lengths[slot] as number;
    if (!this.#packets.repeated(slot, this.#link)) this.#sentMs = Math.max(this.#sentMs, this.#packets.sentMs(slot, this.#link));
  };

  /** A round trip over `link` came to its end. */
  measured(link: number, rttMs: number, nowMs: number): void {
    this.#carriers[link]?.passed(nowMs - rttMs);
    if (!this.heldUp) this.#carriers[link]?.capacity.measured(rttMs, nowMs);
  }
}
