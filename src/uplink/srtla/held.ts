/**
 * What a link may still hold, in its queue or under way: what was sent over it since the newest of what is known to have got there. Pure.
 *
 * Not the same as what is unproven: a packet that has been given up, or has arrived over another link, still stands in the queue of the one that it was given to.
 * How much it may be is felt for as TCP does (RFC 5681, 3.1): more with what gets there, a quarter when the link stalls. What a link that carries 200 kbit/s is given too
 * much in a moment keeps its queue for seconds.
 */
import { packetBytesUsual } from './capacity.ts';

const kept = 256;
const bytesMaxFirst = 32 * packetBytesUsual;
const bytesMaxMin = 4 * packetBytesUsual;
const stallShare = 1 / 4;

export class Held {
  /** Given since the newest that has passed. */
  bytes = 0;
  bytesMax = bytesMaxFirst;
  #stalled = false;
  // What was sent in each turn, a ring.
  readonly #ms = new Float64Array(kept);
  readonly #bytes = new Float64Array(kept);
  #oldest = 0;
  #next = 0;

  sent(bytes: number, nowMs: number): void {
    this.bytes += bytes;
    const last = (this.#next - 1) % kept;
    // When the ring is full its newest entry takes what comes: it is forgotten a little later.
    if (this.#next > this.#oldest && (this.#ms[last] === nowMs || this.#next - this.#oldest === kept)) {
      this.#ms[last] = nowMs;
      this.#bytes[last] = (this.#bytes[last] as number) + bytes;
      return;
    }
    this.#ms[this.#next % kept] = nowMs;
    this.#bytes[this.#next % kept] = bytes;
    this.#next++;
  }

  /** All that was sent before `sentMs` has left. */
  passed(sentMs: number): void {
    const before = this.bytes;
    while (this.#oldest < this.#next && (this.#ms[this.#oldest % kept] as number) <= sentMs) {
      this.bytes -= this.#bytes[this.#oldest % kept] as number;
      this.#oldest++;
    }
    if (before > this.bytesMax / 2) this.bytesMax += before - this.bytes;
  }

  /** To be called each turn: whether what it holds is long overdue; `usualBytes`: what it was seen to carry in a round trip or two. */
  judge(stalled: boolean, usualBytes: number): void {
    if (stalled && !this.#stalled) this.bytesMax = Math.max(bytesMaxMin, Math.min(this.bytesMax * stallShare, usualBytes));
    this.#stalled = stalled;
  }

  /** There is no time to feel the way. */
  mustTake(bytes: number): void {
    this.bytesMax = Math.max(this.bytesMax, bytes);
  }

  clear(): void {
    this.bytes = 0;
    this.bytesMax = Math.max(this.bytesMax, bytesMaxFirst);
    this.#stalled = false;
    this.#oldest = this.#next;
  }
}
