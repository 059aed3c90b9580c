/**
 * Puts several senders of one program together, payload by payload: one of them leads, and what it has not brought is taken from the others
 * (as SMPTE ST 2022-7 does with RTP). Works because a sender that has more than one connection sends the same payloads over each. Pure.
 *
 * What went out is numbered, and of each sender it is known up to which number it has come: the same bytes may come again (filler, tables), so that
 * a payload is recognized by its place as well as by its key.
 */
import { isTelling, keyOf } from './payload-key.ts';

/** Two seconds of 20 Mbit/s: connections are never further apart than their latencies. */
const rememberedMax = 4096;
/**
 * How much another sender may have had alone and still be believed to send the same program: a burst of losses at once, and four payloads for each that
 * the leading one brought too. A path that dies leaves a hole right where the next one begins, so that it cannot take many to be believed.
 */
const aloneMin = 16;
const aloneEach = 4;
/** For so long a hole is left open for another sender: paths are rarely further apart, and no player runs dry. */
export const holeMsMax = 100;

interface Held {
  key: number;
  bytes: Buffer;
  heldMs: number;
  /** The number of the payload that was to go out next then. */
  before: number;
}

/** One sender, as far as it is known here. */
export class Feed {
  /** What it has brought that has not gone out yet, in order. */
  readonly held: Held[] = [];
  /** Number of the payload that went out and that it brought last; −1: none was recognized. */
  position = -1;
  /** Payloads that the leading sender brought too, what it alone had and nobody took, and all. */
  matched = 0;
  alone = 0;
  brought = 0;

  /** It is the same program: what the leading sender lacks may be taken from it. */
  get isTwin(): boolean {
    return this.believes(0);
  }

  believes(more: number): boolean {
    return this.matched > 0 && this.alone + more <= aloneMin + aloneEach * this.matched;
  }
}

export class Merge {
  readonly #out: (bytes: Buffer, offset: number, length: number) => void;
  /** Key to the number of the payload that went out with it last. */
  readonly #gone = new Map<number, number>();
  readonly #keys = new Float64Array(rememberedMax);
  /** It had gone out before: its key does not say where it belongs. */
  readonly #again = new Uint8Array(rememberedMax);
  #count = 0;
  /** What the leading sender brings waits until then for what it lacks; 0: nothing waits. */
  #holeUntilMs = 0;
  /** Payloads that the leading sender had not brought, and another had. */
  filled = 0;

  constructor(out: (bytes: Buffer, offset: number, length: number) => void) {
    this.#out = out;
  }

  /**
   * A payload of the sender that leads goes out at once; before it what only the others have, if it is older. `holed`: something is missing before it,
   * which another sender may bring in a moment.
   */
  lead(feed: Feed, others: readonly Feed[], bytes: Buffer, offset: number, length: number, nowMs: number, holed = false): void {
    const key = keyOf(bytes, offset, length);
    feed.brought++;
    if (this.#recognize(feed, key)) return;
    if (holed && others.length > 0 && this.#holeUntilMs === 0) this.#holeUntilMs = nowMs + holeMsMax;
    if (this.#holeUntilMs === 0) return this.#lead(feed, others, key, bytes, offset, length);
    feed.held.push({ key, bytes: Buffer.from(bytes.subarray(offset, offset + length)), heldMs: nowMs, before: this.#count });
    this.settle(feed, others, nowMs);
  }

  /** A payload of another sender is held until the leading one has brought it, or does not bring it any more. */
  follow(feed: Feed, bytes: Buffer, offset: number, length: number, nowMs: number): void {
    const key = keyOf(bytes, offset, length);
    feed.brought++;
    if (this.#recognize(feed, key)) {
      if (!isTelling(key)) return;
      feed.matched++;
      // What it brought before this one, and the leading sender did not, is older still: too late.
      feed.held.length = 0;
      return;
    }
    if (feed.held.length >= rememberedMax) feed.held.shift();
    feed.held.push({ key, bytes: Buffer.from(bytes.subarray(offset, offset + length)), heldMs: nowMs, before: this.#count });
  }

  /** To be called when others have brought something, and each turn: lets go what waits at a hole, once that is filled or has been open for long enough. */
  settle(feed: Feed, others: readonly Feed[], nowMs: number): void {
    const first = feed.held[0];
    if (this.#holeUntilMs === 0 || first === undefined) return;
    const isThere = isTelling(first.key) && others.some(({ held }) => held.some(({ key }) => key === first.key));
    if (isThere || nowMs >= this.#holeUntilMs) this.release(feed, others);
  }

  /** What waits at a hole goes out. */
  release(feed: Feed, others: readonly Feed[]): void {
    this.#holeUntilMs = 0;
    for (const { key, bytes } of feed.held.splice(0)) this.#lead(feed, others, key, bytes, 0, bytes.length);
  }

  /** The leading sender is gone: all that this one holds goes out, and it leads from now on. */
  promote(feed: Feed): void {
    for (const one of feed.held.splice(0)) this.#giveHeld(feed, one);
    feed.position = this.#count - 1;
  }

  /** What has been held since before `ms` is not brought by the leading sender any more. */
  forget(feed: Feed, ms: number): void {
    const fresh = feed.held.findIndex(({ heldMs }) => heldMs >= ms);
    feed.alone += feed.held.splice(0, fresh < 0 ? feed.held.length : fresh).length;
  }

  #lead(feed: Feed, others: readonly Feed[], key: number, bytes: Buffer, offset: number, length: number): void {
    const telling = isTelling(key) && !this.#gone.has(key);
    const reached = others.filter((other) => this.#upTo(other, key, telling));
    this.#give(key, bytes, offset, length);
    for (const one of [feed, ...reached]) one.position = this.#count - 1;
  }

  /** Whether the other one has it too; then what it brought before is older, and goes out first. */
  #upTo(other: Feed, key: number, telling: boolean): boolean {
    const { held } = other;
    const at = telling ? held.findIndex((one) => one.key === key) : held[0]?.key === key ? 0 : -1;
    if (at < 0) return false;
    const before = held.splice(0, at + 1).slice(0, at);
    if (telling) other.matched++;
    if (!other.believes(before.length)) {
      other.alone += before.length;
      return true;
    }
    for (const missed of before) if (this.#giveHeld(other, missed)) this.filled++;
    return true;
  }

  /** Unless it has gone out since it was held, and after the last that this sender is known to have brought: tables and filler come again. */
  #giveHeld(feed: Feed, { key, bytes, before }: Held): boolean {
    const last = this.#gone.get(key) ?? -1;
    if (last >= before && last > feed.position) return false;
    this.#give(key, bytes, 0, bytes.length);
    feed.position = this.#count - 1;
    return true;
  }

  /** Whether it has gone out, after the last that this sender is known to have brought. */
  #recognize(feed: Feed, key: number): boolean {
    const next = feed.position + 1;
    if (feed.position >= 0 && next < this.#count && this.#keys[next % rememberedMax] === key) {
      feed.position = next;
      return true;
    }
    const last = this.#gone.get(key);
    if (last === undefined || last <= feed.position || !isTelling(key)) return false;
    if (this.#again[last % rememberedMax] === 0) {
      feed.position = last;
      return true;
    }
    if (feed.position < 0) return false;
    let nearest = Math.max(next, this.#count - rememberedMax);
    while (this.#keys[nearest % rememberedMax] !== key) nearest++;
    feed.position = nearest;
    return true;
  }

  #give(key: number, bytes: Buffer, offset: number, length: number): void {
    const slot = this.#count % rememberedMax;
    const oldest = this.#keys[slot] as number;
    if (this.#count >= rememberedMax && this.#gone.get(oldest) === this.#count - rememberedMax) this.#gone.delete(oldest);
    this.#keys[slot] = key;
    this.#again[slot] = this.#gone.has(key) ? 1 : 0;
    this.#gone.set(key, this.#count++);
    this.#out(bytes, offset, length);
  }
}
