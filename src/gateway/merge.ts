/**
 * Puts several senders of one program together, payload by payload: one of them leads, and what it has not brought is taken from the others
 * (as SMPTE ST 2022-7 does with RTP). Works because a sender that has more than one connection sends the same payloads over each. Pure.
 *
 * Payloads are told apart by a sample of their bytes: each packet's header, and every sixteenth word of what is compressed anyway.
 */
import { nullPid, packetBytes, pidOf } from '../switcher/mpegts/packet.ts';

/** Two seconds of 20 Mbit/s: connections are never further apart than their latencies. */
const rememberedMax = 4096;
const sampleStride = 16;
const matchedMin = 20;
const matchedShareMin = 0.8;
/** Nothing but padding: the same in every program, so it proves nothing. */
const paddingKey = -1;

interface Held {
  key: number;
  bytes: Buffer;
}

/** What one sender has brought that has not gone out yet, in order. */
export class Follower {
  readonly held: Held[] = [];
  /** Payloads that the leading sender brought too, and all. */
  matched = 0;
  brought = 0;

  /** It is the same program: what the leading sender lacks may be taken from it. Tables and padding are alike in any two programs. */
  get isTwin(): boolean {
    return this.matched >= matchedMin && this.matched >= matchedShareMin * (this.brought - this.held.length);
  }
}

export class Merge {
  readonly #out: (bytes: Buffer, offset: number, length: number) => void;
  /** Key to the number of the payload that went out with it last. */
  readonly #gone = new Map<number, number>();
  readonly #keys = new Float64Array(rememberedMax);
  #count = 0;
  /** Payloads that the leading sender had not brought, and another had. */
  filled = 0;

  constructor(out: (bytes: Buffer, offset: number, length: number) => void) {
    this.#out = out;
  }

  /** A payload of the sender that leads goes out at once; before it what only the others have, if it is older. */
  lead(bytes: Buffer, offset: number, length: number, others: readonly Follower[]): void {
    const key = keyOf(bytes, offset, length);
    if (key !== paddingKey) for (const other of others) this.#upTo(other, key);
    this.#give(key, bytes, offset, length);
  }

  /** A payload of another sender is held until the leading one has brought it, or does not bring it any more. */
  follow(follower: Follower, bytes: Buffer, offset: number, length: number): void {
    const key = keyOf(bytes, offset, length);
    follower.brought++;
    if (key === paddingKey) follower.brought--;
    else if (this.#gone.has(key)) {
      follower.matched++;
      // What it brought before this one, and the leading sender did not, is older still: too late.
      if (follower.isTwin) follower.held.length = 0;
      return;
    }
    if (follower.held.length >= rememberedMax) follower.held.shift();
    follower.held.push({ key, bytes: Buffer.from(bytes.subarray(offset, offset + length)) });
  }

  /** The leading sender is gone: all that this one holds goes out, and it leads from now on. */
  promote(follower: Follower): void {
    for (const { key, bytes } of follower.held.splice(0)) if (!this.#gone.has(key)) this.#give(key, bytes, 0, bytes.length);
  }

  #upTo(follower: Follower, key: number): void {
    if (follower.held.length === 0) return;
    const at = follower.held.findIndex((held) => held.key === key);
    if (at < 0) return;
    follower.matched++;
    const before = follower.held.splice(0, at + 1).slice(0, at);
    if (!follower.isTwin) return;
    for (const missed of before) {
      if (missed.key === paddingKey || this.#gone.has(missed.key)) continue;
      this.filled++;
      this.#give(missed.key, missed.bytes, 0, missed.bytes.length);
    }
  }

  #give(key: number, bytes: Buffer, offset: number, length: number): void {
    if (key === paddingKey) return this.#out(bytes, offset, length);
    const slot = this.#count % rememberedMax;
    const oldest = this.#keys[slot] as number;
    if (this.#count >= rememberedMax && this.#gone.get(oldest) === this.#count - rememberedMax) this.#gone.delete(oldest);
    this.#keys[slot] = key;
    this.#gone.set(key, this.#count++);
    this.#out(bytes, offset, length);
  }
}

/** −1 for padding alone, else 52 bits: two sums of the sampled words (FNV-1a, 32 bits each, of which the second gives 20). */
function keyOf(bytes: Buffer, offset: number, length: number): number {
  let a = 0x811c9dc5 ^ length;
  let b = 0x01000193;
  const end = offset + length - 4;
  let padding = true;
  for (let packet = offset; packet <= end; packet += packetBytes) {
    padding &&= pidOf(bytes, packet) === nullPid;
    const last = Math.min(packet + packetBytes - 4, end);
    for (let at = packet; at <= last; at += sampleStride) {
      const word = bytes.readInt32BE(at);
      a = Math.imul(a ^ word, 0x01000193);
      a ^= a >>> 15;
      b = Math.imul(b + word, 0x9e3779b1);
      b ^= b >>> 13;
    }
  }
  if (padding) return paddingKey;
  return (a >>> 0) * 0x10_0000 + (b & 0xf_ffff);
}
