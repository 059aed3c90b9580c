/**
 * AAC as LATM in LOAS (ISO/IEC 14496-3, 1.7.2 and 1.7.3), as DVB cameras send it, turned into ADTS, which is what the program has.
 * One program, one layer, LC and its simple relatives; anything else is said to be not understood.
 */
import { adtsHeaderBytes, adtsRates, writeAdtsHeader } from './aac.ts';
import { Bits } from './bits.ts';

interface Config {
  object: number;
  rateIndex: number;
  channels: number;
  subFrames: number;
}

const frameBytesMax = 0x1fff;

export class LatmReader {
  #config: Config | null = null;

  /** Nothing that was said before counts. */
  reset(): void {
    this.#config = null;
  }

  /** Writes what stands between `from` and `end` as ADTS into `to`; returns its length, 0 when nothing could be understood. */
  toAdts(bytes: Uint8Array, from: number, end: number, to: Uint8Array): number {
    let written = 0;
    for (let at = from; at + 3 <= end; ) {
      // 11 bits of sync word, 13 of length.
      if (bytes[at] !== 0x56 || ((bytes[at + 1] as number) & 0xe0) !== 0xe0) break;
      const length = (((bytes[at + 1] as number) & 0x1f) << 8) | (bytes[at + 2] as number);
      const next = at + 3 + length;
      if (next > end) break;
      const added = this.#element(new Bits(bytes, at + 3, next), to, written);
      if (added < 0) break;
      written += added;
      at = next;
    }
    return written;
  }

  /** AudioMuxElement with its configuration in it. -1: not understood. */
  #element(bits: Bits, to: Uint8Array, at: number): number {
    if (!bits.flag()) this.#config = streamMuxConfig(bits);
    const config = this.#config;
    if (config === null) return -1;
    let written = 0;
    for (let sub = 0; sub <= config.subFrames; sub++) {
      let length = 0;
      for (let part = 255; part === 255 && !bits.over; ) {
        part = bits.read(8);
        length += part;
      }
      const whole = length + adtsHeaderBytes;
      if (length === 0 || whole > frameBytesMax || bits.left < length * 8 || at + written + whole > to.length) return -1;
      writeAdtsHeader(to, at + written, whole, config);
      for (let i = 0; i < length; i++) to[at + written + adtsHeaderBytes + i] = bits.read(8);
      written += whole;
    }
    return written;
  }
}

function streamMuxConfig(bits: Bits): Config | null {
  const version = bits.read(1);
  if (version === 1 && bits.flag()) return null;
  if (version === 1) latmValue(bits);
  bits.skip(1);
  const subFrames = bits.read(6);
  if (bits.read(4) !== 0 || bits.read(3) !== 0) return null;
  const length = version === 1 ? latmValue(bits) : 0;
  const before = bits.left;
  const config = audioSpecificConfig(bits);
  if (config === null) return null;
  if (version === 1) bits.skip(Math.max(0, length - (before - bits.left)));
  if (bits.read(3) !== 0) return null;
  bits.skip(8);
  if (bits.flag()) {
    if (version === 1) latmValue(bits);
    else
      for (let more = true; more && !bits.over; ) {
        more = bits.flag();
        bits.skip(8);
      }
  }
  if (bits.flag()) bits.skip(8);
  return bits.over ? null : { ...config, subFrames };
}

/** LatmGetValue (1.7.3.1). */
const latmValue = (bits: Bits): number => bits.read((bits.read(2) + 1) * 8);

/** AudioSpecificConfig (1.6.2.1), of streams that ADTS can carry. */
function audioSpecificConfig(bits: Bits): Omit<Config, 'subFrames'> | null {
  let object = bits.read(5);
  const rateIndex = bits.read(4);
  const channels = bits.read(4);
  // SBR and PS: the core's own rate stands first, and decoders find the rest in the frames.
  if (object === 5 || object === 29) {
    if (bits.read(4) === 15) bits.skip(24);
    object = bits.read(5);
  }
  if (object < 1 || object > 4 || rateIndex >= adtsRates.length || channels === 0 || channels > 7) return null;
  // Frames of 960 samples cannot be said in ADTS.
  if (bits.flag()) return null;
  if (bits.flag()) bits.skip(14);
  if (bits.flag()) return null;
  return { object, rateIndex, channels };
}
