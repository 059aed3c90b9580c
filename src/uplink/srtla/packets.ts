/**
 * The packets that the receiver may still lack: their bytes, over which links they went and when, and what is known to have arrived.
 * A table of fixed size indexed by sequence number, so that a packet costs no allocation and an old one is forgotten by being written over.
 *
 * A link carries a packet until the link proves it (SRTLA ACK), the receiver has it over whatever link (SRT ACK), or it is given up as
 * lost there. A proof counts for the link that brought it even when the packet is no longer under way: the SRT ACK comes back over the
 * fastest link and mostly overtakes the proof of a slow one.
 */
import { sequenceDistance, sequenceNext } from './wire.ts';

/** SRT sequence numbers never have the top bit. */
const nothing = -1;
/** As many as an 8-bit set holds: the configuration allows no more paths. */
export const linksMax = 8;
const packetBytesMax = 1500;
const everyLink = 0xff;

/** What a packet waits for. */
export const waiting = { nothing: 0, first: 1, rescue: 2 } as const;

export class Packets {
  /** A power of two. */
  readonly slots: number;
  readonly bytes: Buffer;
  readonly sequences: Int32Array;
  readonly lengths: Uint16Array;
  /** When the caller gave it. */
  readonly bornMs: Float64Array;
  readonly important: Uint8Array;
  readonly waits: Uint8Array;
  readonly copies: Uint8Array;
  /** When it was last given to any link; and reported missing after that. */
  readonly lastSentMs: Float64Array;
  readonly reported: Uint8Array;
  readonly arrived: Uint8Array;
  /** When it began to wait. */
  readonly waitsSinceMs: Float64Array;
  /** Taken, neither known to have arrived nor given up. */
  openBytes = 0;
  takenBytes = 0;
  arrivedBytes = 0;
  /** Everything before it has arrived. */
  ackedUpTo = nothing;
  /** The furthest that was taken. */
  highest = nothing;
  /** Of each link: what it carries unproven. Integers: they cannot drift. */
  readonly inFlight = new Int32Array(linksMax);
  readonly inFlightBytes = new Int32Array(linksMax);
  // Sets of links, a bit each.
  readonly #open: Uint8Array;
  readonly #underWay: Uint8Array;
  readonly #carried: Uint8Array;
  readonly #proved: Uint8Array;
  readonly #repeated: Uint8Array;
  readonly #sentMs: Float64Array;
  readonly #mask: number;

  /** Room for at least `packets`. */
  constructor(packets: number) {
    this.slots = 2 ** Math.ceil(Math.log2(Math.max(256, packets)));
    this.#mask = this.slots - 1;
    this.bytes = Buffer.alloc(this.slots * packetBytesMax);
    this.sequences = new Int32Array(this.slots).fill(nothing);
    this.lengths = new Uint16Array(this.slots);
    this.bornMs = new Float64Array(this.slots);
    this.important = new Uint8Array(this.slots);
    this.waits = new Uint8Array(this.slots);
    this.copies = new Uint8Array(this.slots);
    this.lastSentMs = new Float64Array(this.slots);
    this.reported = new Uint8Array(this.slots);
    this.arrived = new Uint8Array(this.slots);
    this.waitsSinceMs = new Float64Array(this.slots);
    this.#open = new Uint8Array(this.slots);
    this.#underWay = new Uint8Array(this.slots);
    this.#carried = new Uint8Array(this.slots);
    this.#proved = new Uint8Array(this.slots);
    this.#repeated = new Uint8Array(this.slots);
    this.#sentMs = new Float64Array(this.slots * linksMax);
  }

  /**
   * Nothing will be asked for again. The memory goes back at once: V8 counts megabytes outside its heap for little, and would hold those of
   * several ended sessions before it looked.
   */
  end(): void {
    (this.bytes.buffer as ArrayBuffer).transfer(0);
  }

  /** Where `sequence` is kept, or −1 when it is not. */
  slotOf(sequence: number): number {
    const slot = sequence & this.#mask;
    return this.sequences[slot] === sequence ? slot : -1;
  }

  offsetOf(slot: number): number {
    return slot * packetBytesMax;
  }

  /** A new packet; copies it. Whatever stood in its slot is forgotten. */
  take(sequence: number, source: Buffer, offset: number, length: number, nowMs: number): number {
    const slot = sequence & this.#mask;
    this.giveUp(slot);
    this.sequences[slot] = sequence;
    const kept = Math.min(length, packetBytesMax);
    source.copy(this.bytes, slot * packetBytesMax, offset, offset + kept);
    this.lengths[slot] = kept;
    this.bornMs[slot] = this.waitsSinceMs[slot] = nowMs;
    this.#open[slot] = 1;
    this.openBytes += kept;
    this.takenBytes += kept;
    for (const table of [this.important, this.waits, this.copies, this.reported, this.arrived, this.#carried, this.#proved, this.#repeated]) table[slot] = 0;
    if (this.highest === nothing || sequenceDistance(sequence, this.highest) > 0) this.highest = sequence;
    if (this.ackedUpTo === nothing) this.ackedUpTo = sequence;
    return slot;
  }

  /** A copy was handed to `link`. */
  sent(slot: number, link: number, nowMs: number): void {
    const bit = 1 << link;
    this.#sentMs[slot * linksMax + link] = nowMs;
    this.lastSentMs[slot] = nowMs;
    this.reported[slot] = 0;
    this.copies[slot] = Math.min(255, (this.copies[slot] as number) + 1);
    if (((this.#carried[slot] as number) & bit) !== 0) this.#repeated[slot] = (this.#repeated[slot] as number) | bit;
    this.#carried[slot] = (this.#carried[slot] as number) | bit;
    this.#proved[slot] = (this.#proved[slot] as number) & ~bit;
    if (((this.#underWay[slot] as number) & bit) !== 0) return;
    this.#underWay[slot] = (this.#underWay[slot] as number) | bit;
    this.inFlight[link] = (this.inFlight[link] as number) + 1;
    this.inFlightBytes[link] = (this.inFlightBytes[link] as number) + (this.lengths[slot] as number);
  }

  /** `link` proved that `sequence` arrived over it: its slot, or −1 when this is no news or not one of its packets. */
  proved(sequence: number, link: number): number {
    const slot = this.slotOf(sequence);
    const bit = 1 << link;
    if (slot < 0 || ((this.#carried[slot] as number) & ~(this.#proved[slot] as number) & bit) === 0) return -1;
    this.#proved[slot] = (this.#proved[slot] as number) | bit;
    this.#arrive(slot);
    this.#leave(slot, bit);
    return slot;
  }

  /** Everything before `sequence` has arrived, over whatever link. What was never sent cannot be acknowledged. */
  ackUpTo(sequence: number): void {
    const from = this.ackedUpTo;
    if (from === nothing || this.highest === nothing) return;
    let count = sequenceDistance(sequence, from);
    if (count <= 0 || sequenceDistance(sequence, this.highest) > 1) return;
    this.ackedUpTo = sequence;
    count = Math.min(count, this.slots);
    let one = (sequence - count) & 0x7fffffff;
    for (; count > 0; count--, one = sequenceNext(one)) {
      const slot = this.slotOf(one);
      if (slot < 0) continue;
      this.#arrive(slot);
      this.#leave(slot, everyLink);
    }
  }

  /** A bit for each link that carries it unproven. */
  underWay(slot: number): number {
    return this.#underWay[slot] as number;
  }

  /** A bit for each link that ever carried it, whatever came of it. */
  carried(slot: number): number {
    return this.#carried[slot] as number;
  }

  sentMs(slot: number, link: number): number {
    return this.#sentMs[slot * linksMax + link] as number;
  }

  /** Sent over `link` more than once: a proof does not tell which of the copies it is about (Karn's rule). */
  repeated(slot: number, link: number): boolean {
    return ((this.#repeated[slot] as number) & (1 << link)) !== 0;
  }

  /** These links (a bit each) lost it, as far as can be judged: it is not under way there any more. */
  lost(slot: number, links: number): void {
    this.#leave(slot, links);
  }

  /** Too late to be of use: under way nowhere any more. True: nobody knew that it had arrived. */
  giveUp(slot: number): boolean {
    const wasOpen = this.#close(slot);
    this.#leave(slot, everyLink);
    return wasOpen;
  }

  /** The link is another one from now on: what it carried is not proved by it any more. */
  forget(link: number): void {
    const bit = 1 << link;
    for (let slot = 0; slot < this.slots; slot++) {
      this.#underWay[slot] = (this.#underWay[slot] as number) & ~bit;
      this.#carried[slot] = (this.#carried[slot] as number) & ~bit;
    }
    this.inFlight[link] = 0;
    this.inFlightBytes[link] = 0;
  }

  clear(): void {
    this.sequences.fill(nothing);
    this.#underWay.fill(0);
    this.#open.fill(0);
    this.openBytes = 0;
    this.waits.fill(0);
    this.inFlight.fill(0);
    this.inFlightBytes.fill(0);
    this.ackedUpTo = nothing;
    this.highest = nothing;
  }

  #arrive(slot: number): void {
    this.arrived[slot] = 1;
    if (this.#close(slot)) this.arrivedBytes += this.lengths[slot] as number;
  }

  #close(slot: number): boolean {
    if (this.#open[slot] === 0) return false;
    this.#open[slot] = 0;
    this.openBytes -= this.lengths[slot] as number;
    return true;
  }

  #leave(slot: number, wanted: number): void {
    const links = wanted & (this.#underWay[slot] as number);
    if (links === 0) return;
    this.#underWay[slot] = (this.#underWay[slot] as number) & ~links;
    const length = this.lengths[slot] as number;
    for (let bits = links, link = 0; bits !== 0; bits >>>= 1, link++) {
      if ((bits & 1) === 0) continue;
      this.inFlight[link] = (this.inFlight[link] as number) - 1;
      this.inFlightBytes[link] = (this.inFlightBytes[link] as number) - length;
    }
  }
}
