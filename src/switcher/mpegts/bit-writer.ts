/** Writes numbers of any width as bits, the most significant first. The counterpart of Bits. */
export class BitWriter {
  bytes: Uint8Array;
  /** Bits written. */
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** @param count 0 … 32. */
  write(value: number, count: number): void {
    for (let i = count - 1; i >= 0; i--) this.bit(Math.floor(value / 2 ** i) % 2);
  }

  bit(value: number): void {
    const index = this.at >> 3;
    const mask = 0x80 >> (this.at & 7);
    if (mask === 0x80) this.bytes[index] = 0;
    if (value !== 0) this.bytes[index] = (this.bytes[index] as number) | mask;
    this.at++;
  }

  /** Exp-Golomb, unsigned (ITU-T H.264, 9.1). */
  ue(value: number): void {
    const bits = Math.floor(Math.log2(value + 1));
    this.write(0, bits);
    this.write(value + 1, bits + 1);
  }

  /** Copies the bits `from` up to `end` of other bytes. */
  copy(source: Uint8Array, from: number, end: number): void {
    let at = from;
    for (; at < end && (this.at & 7) !== 0; at++) this.bit(((source[at >> 3] as number) >> (7 - (at & 7))) & 1);
    const shift = at & 7;
    for (; at + 8 <= end; at += 8, this.at += 8) {
      const first = source[at >> 3] as number;
      this.bytes[this.at >> 3] = shift === 0 ? first : ((first << shift) | ((source[(at >> 3) + 1] ?? 0) >> (8 - shift))) & 0xff;
    }
    for (; at < end; at++) this.bit(((source[at >> 3] as number) >> (7 - (at & 7))) & 1);
  }
}
