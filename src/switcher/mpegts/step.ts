/**
 * Finds where packets begin in a stream of bytes that comes in pieces of any size. Packets may stand close together, or with 4 bytes
 * between them (a time stamp, as Blu-ray discs and some recorders have it: 192) or 16 (Reed-Solomon, as DVB modulators have it: 204).
 */
import { packetBytes, syncByte } from './packet.ts';

const gaps = [0, 4, 16];

export class Step {
  readonly #onPacket: (buffer: Buffer, at: number) => void;
  readonly #partial = Buffer.alloc(packetBytes);
  #partialBytes = 0;
  /** Bytes between two packets. */
  #gap = 0;
  #toSkip = 0;
  skippedBytes = 0;

  /** `onPacket` must use or copy the packet before it returns. */
  constructor(onPacket: (buffer: Buffer, at: number) => void) {
    this.#onPacket = onPacket;
  }

  reset(): void {
    this.#partialBytes = 0;
    this.#toSkip = 0;
  }

  push(chunk: Buffer): void {
    let at = Math.min(this.#toSkip, chunk.length);
    this.#toSkip -= at;
    if (this.#partialBytes > 0 && at < chunk.length) {
      const wanted = Math.min(packetBytes - this.#partialBytes, chunk.length - at);
      chunk.copy(this.#partial, this.#partialBytes, at, at + wanted);
      this.#partialBytes += wanted;
      at += wanted;
      if (this.#partialBytes < packetBytes) return;
      this.#partialBytes = 0;
      this.#onPacket(this.#partial, 0);
      at += this.#gap;
    }
    while (at < chunk.length) {
      if (chunk[at] !== syncByte) {
        at = this.#search(chunk, at);
        continue;
      }
      if (at + packetBytes > chunk.length) {
        this.#partialBytes = chunk.copy(this.#partial, 0, at);
        return;
      }
      this.#onPacket(chunk, at);
      at += packetBytes + this.#gap;
    }
    this.#toSkip = at - chunk.length;
  }

  #search(chunk: Buffer, from: number): number {
    let at = from + 1;
    while (at < chunk.length && !(chunk[at] === syncByte && this.#isStep(chunk, at))) at++;
    this.skippedBytes += at - from;
    return at;
  }

  /** One 0x47 may be chance: the next packets must begin in step, where the chunk reaches that far. */
  #isStep(chunk: Buffer, at: number): boolean {
    const known = at + packetBytes + this.#gap;
    if (known >= chunk.length || (chunk[known] === syncByte && (chunk[known + packetBytes + this.#gap] ?? syncByte) === syncByte)) return true;
    const gap = gaps.find((one) => {
      const next = at + packetBytes + one;
      return next + packetBytes + one < chunk.length && chunk[next] === syncByte && chunk[next + packetBytes + one] === syncByte;
    });
    if (gap === undefined) return false;
    this.#gap = gap;
    return true;
  }
}
