/**
 * Which packets are under way over which link: a table of fixed size indexed by sequence number, so that a packet costs no
 * allocation and an old one is forgotten by being written over.
 */
import { sequenceDistance } from './wire.ts';

/** About 20 s at 4 Mbit/s, 4 s at 20 Mbit/s: longer than any latency that a link could still deliver within. A power of two. */
const slots = 16_384;
/** SRT sequence numbers never have the top bit. */
const nothing = -1;

export class InFlight {
  readonly #sequences = new Int32Array(slots).fill(nothing);
  /** A bit a link. */
  readonly #owners = new Uint32Array(slots);
  readonly #sentMs = new Float64Array(slots);
  /** How many packets each link carries unproven. */
  readonly counts: number[] = [];
  #ackedUpTo = nothing;

  /** `sequence` was handed to link number `link`. */
  sent(sequence: number, link: number, nowMs: number): void {
    const slot = sequence & (slots - 1);
    if (this.#sequences[slot] !== sequence) {
      this.#release(slot);
      this.#sequences[slot] = sequence;
    }
    const bit = 1 << link;
    if (((this.#owners[slot] as number) & bit) === 0) {
      this.#owners[slot] = (this.#owners[slot] as number) | bit;
      this.counts[link] = (this.counts[link] ?? 0) + 1;
    }
    this.#sentMs[slot] = nowMs;
  }

  /** `link` proved that `sequence` arrived over it. Returns when it was sent, or -1 when this is no news. */
  proved(sequence: number, link: number): number {
    const slot = sequence & (slots - 1);
    if (this.#sequences[slot] !== sequence || ((this.#owners[slot] as number) & (1 << link)) === 0) return -1;
    const sentMs = this.#sentMs[slot] as number;
    this.#release(slot);
    return sentMs;
  }

  /** Everything before `sequence` has arrived, over whatever link. */
  ackedUpTo(sequence: number): void {
    const from = this.#ackedUpTo;
    this.#ackedUpTo = sequence;
    const count = from === nothing ? 0 : sequenceDistance(sequence, from);
    if (count <= 0 || count > slots) return;
    for (let i = 0; i < count; i++) {
      const one = (from + i) & 0x7fffffff;
      const slot = one & (slots - 1);
      if (this.#sequences[slot] === one) this.#release(slot);
    }
  }

  /** A bit for each link that carries `sequence` unproven. */
  ownersOf(sequence: number): number {
    const slot = sequence & (slots - 1);
    return this.#sequences[slot] === sequence ? (this.#owners[slot] as number) : 0;
  }

  /** The link is another one from now on: what it carried is not proved by it any more. */
  forget(link: number): void {
    const bit = 1 << link;
    for (let slot = 0; slot < slots; slot++) if (((this.#owners[slot] as number) & bit) !== 0) this.#owners[slot] = (this.#owners[slot] as number) & ~bit;
    this.counts[link] = 0;
  }

  clear(): void {
    this.#sequences.fill(nothing);
    this.#owners.fill(0);
    this.counts.fill(0);
    this.#ackedUpTo = nothing;
  }

  #release(slot: number): void {
    for (let owners = this.#owners[slot] as number, link = 0; owners !== 0; owners >>>= 1, link++)
      if ((owners & 1) !== 0) this.counts[link] = Math.max(0, (this.counts[link] ?? 0) - 1);
    this.#owners[slot] = 0;
  }
}
