/** Makes whole frames of AAC in ADTS of what a source's PES packets hold: LATM is turned into it, frames that lie across two packets are joined. */
import type { Unit } from '../unit.ts';
import { type AudioFormat, adtsFormat, adtsHeaderBytes, adtsKey, adtsLength, adtsTicks } from './aac.ts';
import { LatmReader } from './latm.ts';
import { headerBytesMax } from './pes.ts';

/** stream_type, table 2-34. */
export const adtsType = 0x0f;
export const latmType = 0x11;
/** The longest frame that an ADTS header can say. */
const frameBytesMax = 0x1fff;

export class SoundReader {
  /** What the sound is; null before the first frame. */
  format: AudioFormat | null = null;
  /** Counts the changes of `format`. */
  changes = 0;
  readonly #latm = new LatmReader();
  readonly #carried = Buffer.alloc(frameBytesMax);
  #carriedBytes = 0;
  #scratch: Buffer;
  #key = -1;

  constructor(unitBytesMax: number) {
    this.#scratch = Buffer.alloc(headerBytesMax + unitBytesMax + frameBytesMax);
  }

  reset(): void {
    this.format = null;
    this.#key = -1;
    this.#carriedBytes = 0;
    this.#latm.reset();
  }

  /** Something is missing before the next packet. */
  broken(): void {
    this.#carriedBytes = 0;
  }

  /** Leaves whole frames in the unit, with their time and duration; false when there is none. */
  read(unit: Unit, type: number): boolean {
    if (type === latmType) {
      const written = this.#latm.toAdts(unit.bytes, unit.from, unit.end, this.#scratch.subarray(headerBytesMax));
      if (written === 0) return false;
      this.#swap(unit, written);
    } else if (this.#carriedBytes > 0) this.#join(unit);
    return this.#frames(unit);
  }

  /** The scratch memory, filled behind its room for a header, becomes the unit's, and the unit's the scratch. */
  #swap(unit: Unit, length: number): void {
    const bytes = this.#scratch;
    this.#scratch = unit.bytes.length >= bytes.length ? unit.bytes : Buffer.alloc(bytes.length);
    unit.bytes = bytes;
    unit.from = headerBytesMax;
    unit.end = headerBytesMax + length;
  }

  /** A packet's time is that of the first frame that begins in it (ISO/IEC 13818-1, 2.4.3.7): what was carried is one before. */
  #join(unit: Unit): void {
    const carried = this.#carriedBytes;
    this.#carriedBytes = 0;
    const ticks = carried >= adtsHeaderBytes ? adtsTicks(this.#carried, 0) : 0;
    this.#carried.copy(this.#scratch, headerBytesMax, 0, carried);
    unit.bytes.copy(this.#scratch, headerBytesMax + carried, unit.from, unit.end);
    this.#swap(unit, carried + unit.end - unit.from);
    unit.pts -= ticks;
    unit.dts -= ticks;
  }

  #frames(unit: Unit): boolean {
    const { bytes, end } = unit;
    let at = unit.from;
    while (at < end && !isFrame(bytes, at, end)) at++;
    unit.from = at;
    unit.duration = 0;
    if (at >= end) return false;
    const key = adtsKey(bytes, at);
    if (key !== this.#key) {
      this.#key = key;
      this.format = adtsFormat(bytes, at);
      this.changes++;
    }
    for (let length = adtsLength(bytes, at, end); length > 0 && at + length <= end; length = adtsLength(bytes, at, end)) {
      unit.duration += adtsTicks(bytes, at);
      at += length;
    }
    if (at < end && end - at <= frameBytesMax && bytes[at] === 0xff) this.#carriedBytes = bytes.copy(this.#carried, 0, at, end);
    unit.end = at;
    return unit.duration > 0;
  }
}

/** One sync word may be chance: the next frame must follow where the bytes reach that far. */
function isFrame(bytes: Uint8Array, at: number, end: number): boolean {
  const length = adtsLength(bytes, at, end);
  if (length === 0) return false;
  const next = at + length;
  return next + adtsHeaderBytes > end || adtsLength(bytes, next, end) > 0;
}
