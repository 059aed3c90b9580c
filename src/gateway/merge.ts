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

const nowhere = { at: -1, sure: false };

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
      feed.alone += feed.held.splice(0).length;
      return;
    }
    if (feed.held.length >= rememberedMax) feed.held.shift();
    feed.held.push({ key, bytes: Buffer.from(bytes.subarray(offset, offset + length)), heldMs: nowMs, before: this.#count });
  }

  /** To be called when others have brought something, and each turn: lets go what waits at a hole, once that is filled or has been open for long enough. */
  settle(feed: Feed, others: readonly Feed[], nowMs: number): void {
    const [first, ...next] = feed.held;
    if (this.#holeUntilMs === 0 || first === undefined) return;
    const isThere = others.some((other) => this.#find(other, first.key, next).sure);
    if (isThere || nowMs >= this.#holeUntilMs) this.release(feed, others);
  }

  /** What waits at a hole goes out. */
  release(feed: Feed, others: readonly Feed[]): void {
    const waiting = feed.held.splice(0);
    for (const [at, { key, bytes }] of waiting.entries()) {
      this.#lead(feed, others, key, bytes, 0, bytes.length, waiting.slice(at + 1));
      this.#holeUntilMs = 0;
    }
  }

  /** The leading sender is gone: all that this one holds goes out, and it leads from now on. */
  promote(feed: Feed): void {
    for (const one of this.#inTime(feed, feed.held.splice(0))) this.#giveHeld(feed, one);
    feed.position = this.#count - 1;
  }

  /** What has been held since before `ms` is not brought by the leading sender any more. */
  forget(feed: Feed, ms: number): void {
    const fresh = feed.held.findIndex(({ heldMs }) => heldMs >= ms);
    feed.alone += feed.held.splice(0, fresh < 0 ? feed.held.length : fresh).length;
  }

  #lead(feed: Feed, others: readonly Feed[], key: number, bytes: Buffer, offset: number, length: number, next: readonly Held[] = []): void {
    const reached = others.filter((other) => this.#upTo(other, key, next));
    this.#give(key, bytes, offset, length);
    for (const one of [feed, ...reached]) one.position = this.#count - 1;
  }

  /** Whether the other one has it too; then what it brought before is older, and goes out first. */
  #upTo(other: Feed, key: number, next: readonly Held[]): boolean {
    const { at, sure } = this.#find(other, key, next);
    if (at < 0) return false;
    const older = other.held.splice(0, at + 1).slice(0, at);
    if (sure) other.matched++;
    const missed = this.#inTime(other, older);
    if (!other.believes(missed.length)) other.alone += missed.length;
    else for (const one of missed) if (this.#giveHeld(other, one)) this.filled++;
    return true;
  }

  /** What is older than something that has gone out comes too late. */
  #inTime(feed: Feed, held: readonly Held[]): readonly Held[] {
    return held.slice(held.findLastIndex((one) => this.#isGone(feed, one)) + 1);
  }

  /** Where the other one holds it, −1 for nowhere. What is like others is found by what comes after it, if that is known, or near the front: not for sure. */
  #find({ held }: Feed, key: number, next: readonly Held[]): { at: number; sure: boolean } {
    if (held.length === 0) return nowhere;
    const run = [key, ...next.map((one) => one.key)];
    const unique = run.findIndex((one) => this.#isUnique(one));
    const at = unique < 0 ? -1 : held.findIndex((one) => one.key === run[unique]) - unique;
    if (at >= 0 && run.slice(0, unique).every((one, n) => held[at + n]?.key === one)) return { at, sure: true };
    if (unique === 0) return nowhere;
    // The same tables are 16 apart, and in a second at most ten of them.
    return { at: held.slice(0, this.#holeUntilMs === 0 ? 1 : aloneMin).findIndex((one) => one.key === key), sure: false };
  }

  #isUnique(key: number): boolean {
    return isTelling(key) && !this.#gone.has(key);
  }

  /** Unless it has gone out since it was held, and after the last that this sender is known to have brought: tables and filler come again. */
  #giveHeld(feed: Feed, one: Held): boolean {
    if (this.#isGone(feed, one)) return false;
    this.#give(one.key, one.bytes, 0, one.bytes.length);
    feed.position = this.#count - 1;
    return true;
  }

  #isGone({ position }: Feed, { key, before }: Held): boolean {
    const last = this.#gone.get(key) ?? -1;
    return last >= before && last > position;
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
