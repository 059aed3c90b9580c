/** Reads numbers of any width out of bytes, the most significant bit first. What lies past the end reads as zeros; `over` says that it was reached. */
export class Bits {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;

  /** @param from @param end byte offsets. */
  constructor(bytes: Uint8Array, from: number, end: number) {
    this.#bytes = bytes;
    this.#at = from * 8;
    this.#end = end * 8;
  }

  get over(): boolean {
    return this.#at > this.#end;
  }

  /** Bits that are left; negative past the end. */
  get left(): number {
    return this.#end - this.#at;
  }

  /** @param count 0 … 32. */
  read(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) {
      const byte = this.#at < this.#end ? (this.#bytes[this.#at >> 3] as number) : 0;
      value = value * 2 + ((byte >> (7 - (this.#at & 7))) & 1);
      this.#at++;
    }
    return value;
  }

  skip(count: number): void {
    this.#at += count;
  }

  flag(): boolean {
    return this.read(1) === 1;
  }

  /** Exp-Golomb, unsigned (ITU-T H.264, 9.1). */
  ue(): number {
    let zeros = 0;
    while (zeros < 32 && !this.over && this.read(1) === 0) zeros++;
    return 2 ** zeros - 1 + this.read(zeros);
  }

  /** Exp-Golomb, signed (ITU-T H.264, 9.1.1). */
  se(): number {
    const value = this.ue();
    return value % 2 === 0 ? -value / 2 : (value + 1) / 2;
  }
}
