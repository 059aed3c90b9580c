/**
 * Which packets are under way over which link: a table of fixed size indexed by sequence number, so that a packet costs no
 * allocation and an old one is forgotten by being written over.
 *
 * A link carries a packet until the link proves it (SRTLA ACK), the receiver has it over whatever link (SRT ACK), or it is reported
 * missing (SRT NAK). A proof counts for the link that brought it even when the packet is no longer under way: the SRT ACK comes back
 * over the fastest link and mostly overtakes the proof of a slow one.
 */
import { sequenceDistance, sequenceNext } from './wire.ts';

/** About 40 s at 4 Mbit/s, 8 s at 20 Mbit/s: longer than any latency that a link could still deliver within. A power of two. */
const slots = 16_384;
/** SRT sequence numbers never have the top bit. */
const nothing = -1;

export class InFlight {
  readonly #sequences = new Int32Array(slots).fill(nothing);
  // Sets of links, a bit each.
  readonly #underWay = new Uint32Array(slots);
  readonly #carried = new Uint32Array(slots);
  readonly #missing = new Uint32Array(slots);
  readonly #proved = new Uint32Array(slots);
  /** How many packets each link carries unproven. */
  readonly counts: number[] = [];
  /** Everything before it has arrived. */
  #ackedUpTo = nothing;
  /** The furthest that was sent. */
  #highest = nothing;

  /** `sequence` was handed to link number `link`. */
  sent(sequence: number, link: number): void {
    const slot = sequence & (slots - 1);
    if (this.#sequences[slot] !== sequence) this.#take(slot, sequence);
    if (this.#highest === nothing || sequenceDistance(sequence, this.#highest) > 0) this.#highest = sequence;
    if (this.#ackedUpTo === nothing) this.#ackedUpTo = sequence;
    const bit = 1 << link;
    const others = ~bit;
    this.#carried[slot] = (this.#carried[slot] as number) | bit;
    this.#missing[slot] = (this.#missing[slot] as number) & others;
    this.#proved[slot] = (this.#proved[slot] as number) & others;
    if (((this.#underWay[slot] as number) & bit) === 0) {
      this.#underWay[slot] = (this.#underWay[slot] as number) | bit;
      this.counts[link] = (this.counts[link] ?? 0) + 1;
    }
  }

  /** `link` proved that `sequence` arrived over it. False when this is no news, or not one of its packets. */
  proved(sequence: number, link: number): boolean {
    const slot = sequence & (slots - 1);
    const bit = 1 << link;
    if (this.#sequences[slot] !== sequence || ((this.#carried[slot] as number) & ~(this.#proved[slot] as number) & bit) === 0) return false;
    this.#proved[slot] = (this.#proved[slot] as number) | bit;
    this.#leave(slot, bit);
    return true;
  }

  /** `sequence` was reported missing: which links (a bit each) carried it until now. Told again, it is nobody's any more. */
  reported(sequence: number): number {
    const slot = sequence & (slots - 1);
    if (this.#sequences[slot] !== sequence) return 0;
    const links = this.#underWay[slot] as number;
    this.#missing[slot] = (this.#missing[slot] as number) | links;
    this.#leave(slot, links);
    return links;
  }

  /** Whether `sequence` had been reported missing while `link` carried it: with a proof, it was only late. */
  wasReported(sequence: number, link: number): boolean {
    const slot = sequence & (slots - 1);
    return this.#sequences[slot] === sequence && ((this.#missing[slot] as number) & (1 << link)) !== 0;
  }

  /** Everything before `sequence` has arrived, over whatever link. What was never sent cannot be acknowledged. */
  ackedUpTo(sequence: number): void {
    const from = this.#ackedUpTo;
    if (from === nothing) {
      this.#ackedUpTo = sequence;
      return;
    }
    let count = sequenceDistance(sequence, from);
    if (count <= 0 || (this.#highest !== nothing && sequenceDistance(sequence, this.#highest) > 1)) return;
    this.#ackedUpTo = sequence;
    count = Math.min(count, slots);
    let one = (sequence - count) & 0x7fffffff;
    for (; count > 0; count--, one = sequenceNext(one)) {
      const slot = one & (slots - 1);
      if (this.#sequences[slot] === one) this.#leave(slot, this.#underWay[slot] as number);
    }
  }

  /** A bit for each link that carries `sequence` unproven. */
  ownersOf(sequence: number): number {
    const slot = sequence & (slots - 1);
    return this.#sequences[slot] === sequence ? (this.#underWay[slot] as number) : 0;
  }

  /** A bit for each link that ever carried `sequence`, whatever came of it. */
  carriersOf(sequence: number): number {
    const slot = sequence & (slots - 1);
    return this.#sequences[slot] === sequence ? (this.#carried[slot] as number) : 0;
  }

  /** The link is another one from now on: what it carried is not proved by it any more. */
  forget(link: number): void {
    const others = ~(1 << link);
    for (const bits of [this.#underWay, this.#carried, this.#missing, this.#proved])
      for (let slot = 0; slot < slots; slot++) bits[slot] = (bits[slot] as number) & others;
    this.counts[link] = 0;
  }

  clear(): void {
    this.#sequences.fill(nothing);
    this.#underWay.fill(0);
    this.counts.fill(0);
    this.#ackedUpTo = nothing;
    this.#highest = nothing;
  }

  #take(slot: number, sequence: number): void {
    this.#leave(slot, this.#underWay[slot] as number);
    this.#sequences[slot] = sequence;
    this.#carried[slot] = 0;
    this.#missing[slot] = 0;
    this.#proved[slot] = 0;
  }

  #leave(slot: number, links: number): void {
    const leaving = (this.#underWay[slot] as number) & links;
    if (leaving === 0) return;
    this.#underWay[slot] = (this.#underWay[slot] as number) & ~leaving;
    for (let bits = leaving, link = 0; bits !== 0; bits >>>= 1, link++) if ((bits & 1) !== 0) this.counts[link] = Math.max(0, (this.counts[link] ?? 0) - 1);
  }
}
