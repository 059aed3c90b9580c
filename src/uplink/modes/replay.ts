/**
 * The payloads that were sent last, so that those which a dead path has not delivered can go over another one. Memory is taken once;
 * a payload costs one copy. They are numbered from 1 on. Pure.
 */
export class Replay {
  readonly #slots: number;
  readonly #bytes: Buffer;
  readonly #lengths: Int32Array;
  readonly #keptMs: Float64Array;
  readonly #slotBytes: number;
  /** The number of the one that was kept last. */
  count = 0;

  /** 2048 payloads are a second of 20 Mbit/s. */
  constructor(slots = 2048, slotBytes = 1316) {
    this.#slots = slots;
    this.#slotBytes = slotBytes;
    this.#bytes = Buffer.alloc(slots * slotBytes);
    this.#lengths = new Int32Array(slots);
    this.#keptMs = new Float64Array(slots);
  }

  keep(payload: Buffer, offset: number, length: number, nowMs: number): void {
    if (length > this.#slotBytes) return;
    const slot = this.count++ % this.#slots;
    payload.copy(this.#bytes, slot * this.#slotBytes, offset, offset + length);
    this.#lengths[slot] = length;
    this.#keptMs[slot] = nowMs;
  }

  /**
   * The last `count` payloads in the order in which they were kept, with how long ago that was; fewer where there are fewer, and none of those up to
   * number `given`: whoever has had them already does not need them twice. Returns how many.
   */
  last(count: number, given: number, nowMs: number, send: (bytes: Buffer, offset: number, length: number, agoMs: number) => void): number {
    const first = Math.max(this.count - count, this.count - this.#slots, given);
    for (let number = first; number < this.count; number++) {
      const slot = number % this.#slots;
      send(this.#bytes, slot * this.#slotBytes, this.#lengths[slot] as number, Math.max(0, nowMs - (this.#keptMs[slot] as number)));
    }
    return Math.max(0, this.count - first);
  }
}
