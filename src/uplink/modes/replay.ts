/**
 * The payloads that were sent last, so that those which a dead path has not delivered can go over another one. Memory is taken once;
 * a payload costs one copy.
 */
export class Replay {
  readonly #slots: number;
  readonly #bytes: Buffer;
  readonly #lengths: Int32Array;
  readonly #slotBytes: number;
  #next = 0;
  #count = 0;

  /** 2048 payloads are a second of 20 Mbit/s. */
  constructor(slots = 2048, slotBytes = 1316) {
    this.#slots = slots;
    this.#slotBytes = slotBytes;
    this.#bytes = Buffer.alloc(slots * slotBytes);
    this.#lengths = new Int32Array(slots);
  }

  keep(payload: Buffer, offset: number, length: number): void {
    if (length > this.#slotBytes) return;
    payload.copy(this.#bytes, this.#next * this.#slotBytes, offset, offset + length);
    this.#lengths[this.#next] = length;
    this.#next = (this.#next + 1) % this.#slots;
    if (this.#count < this.#slots) this.#count++;
  }

  /** The last `count` payloads in the order in which they were kept; fewer where there are fewer. Returns how many. */
  last(count: number, send: (bytes: Buffer, offset: number, length: number) => void): number {
    const given = Math.max(0, Math.min(count, this.#count));
    for (let back = given; back > 0; back--) {
      const slot = (this.#next - back + this.#slots) % this.#slots;
      send(this.#bytes, slot * this.#slotBytes, this.#lengths[slot] as number);
    }
    return given;
  }
}
