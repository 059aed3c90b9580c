/** What a sequence parameter set says of the picture's format (ITU-T H.264, 7.3.2.1.1; ITU-T H.265, 7.3.2.2). Pure; null for what is none. */
import { Bits } from './bits.ts';

export interface VideoFormat {
  width: number;
  height: number;
  /** profile_idc; H.265: general_profile_idc. */
  profile: number;
  /** chroma_format_idc: 1 is 4:2:0. */
  chroma: number;
  /** Bits a sample. */
  depth: number;
  interlaced: boolean;
}

/** An honest one has some 40 bytes; scaling lists make it a few hundred. */
const bytesMax = 512;
/** Profiles whose parameter set says how colour is sampled. */
const highProfiles = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];
const sizeMax = 16_384;

/** @param from offset of the NAL unit's header, behind its start code. */
export function formatOf(codec: 'h264' | 'h265', bytes: Uint8Array, from: number, end: number): VideoFormat | null {
  const bits = plain(bytes, from, end);
  const format = codec === 'h264' ? h264(bits) : h265(bits);
  const { width, height } = format;
  return bits.over || width <= 0 || height <= 0 || width > sizeMax || height > sizeMax ? null : format;
}

/** Without the bytes that keep start codes from appearing (7.4.1). */
function plain(bytes: Uint8Array, from: number, end: number): Bits {
  const found = new Uint8Array(Math.min(bytesMax, Math.max(0, end - from)));
  let length = 0;
  for (let at = from, zeros = 0; at < end && length < found.length; at++) {
    const byte = bytes[at] as number;
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    found[length++] = byte;
  }
  return new Bits(found, 0, length);
}

function h264(bits: Bits): VideoFormat {
  bits.skip(8);
  const profile = bits.read(8);
  bits.skip(16);
  bits.ue();
  let chroma = 1;
  let depth = 8;
  if (highProfiles.includes(profile)) {
    chroma = bits.ue();
    if (chroma === 3) bits.skip(1);
    depth = 8 + bits.ue();
    bits.ue();
    bits.skip(1);
    if (bits.flag()) skipScalingLists(bits, chroma === 3 ? 12 : 8);
  }
  bits.ue();
  skipPictureOrder(bits);
  bits.ue();
  bits.skip(1);
  const columns = bits.ue() + 1;
  const rows = bits.ue() + 1;
  const progressive = bits.flag();
  if (!progressive) bits.skip(1);
  bits.skip(1);
  const fields = progressive ? 1 : 2;
  const [left, right, top, bottom] = crop(bits);
  return {
    width: columns * 16 - (left + right) * (chroma === 1 || chroma === 2 ? 2 : 1),
    height: rows * 16 * fields - (top + bottom) * (chroma === 1 ? 2 : 1) * fields,
    profile,
    chroma,
    depth,
    interlaced: !progressive,
  };
}

function skipPictureOrder(bits: Bits): void {
  const type = bits.ue();
  if (type === 0) bits.ue();
  if (type !== 1) return;
  bits.skip(1);
  bits.se();
  bits.se();
  for (let left = Math.min(255, bits.ue()); left > 0; left--) bits.se();
}

function skipScalingLists(bits: Bits, count: number): void {
  for (let i = 0; i < count; i++) if (bits.flag()) skipScalingList(bits, i < 6 ? 16 : 64);
}

function skipScalingList(bits: Bits, size: number): void {
  let last = 8;
  let next = 8;
  for (let i = 0; i < size && !bits.over; i++) {
    if (next !== 0) next = (last + bits.se() + 256) % 256;
    last = next === 0 ? last : next;
  }
}

function crop(bits: Bits): [number, number, number, number] {
  return bits.flag() ? [bits.ue(), bits.ue(), bits.ue(), bits.ue()] : [0, 0, 0, 0];
}

function h265(bits: Bits): VideoFormat {
  bits.skip(16 + 4);
  const subLayers = bits.read(3);
  bits.skip(1 + 3);
  const profile = bits.read(5);
  bits.skip(32);
  // general_progressive_source_flag, general_interlaced_source_flag.
  const progressive = bits.flag();
  const interlaced = bits.flag() && !progressive;
  bits.skip(46 + 8);
  skipSubLayers(bits, subLayers);
  bits.ue();
  const chroma = bits.ue();
  if (chroma === 3) bits.skip(1);
  const width = bits.ue();
  const height = bits.ue();
  const [left, right, top, bottom] = crop(bits);
  const depth = 8 + bits.ue();
  return {
    width: width - (left + right) * (chroma === 1 || chroma === 2 ? 2 : 1),
    height: height - (top + bottom) * (chroma === 1 ? 2 : 1),
    profile,
    chroma,
    depth,
    interlaced,
  };
}

function skipSubLayers(bits: Bits, count: number): void {
  if (count === 0) return;
  const present: [boolean, boolean][] = [];
  for (let i = 0; i < count; i++) present.push([bits.flag(), bits.flag()]);
  bits.skip((8 - count) * 2);
  for (const [profile, level] of present) bits.skip((profile ? 88 : 0) + (level ? 8 : 0));
}
