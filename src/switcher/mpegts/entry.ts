/** Where a decoder can begin: looks at the first NAL units of a picture (H.264: ITU-T H.264, 7.4.1; H.265: ITU-T H.265, 7.4.2.2; MPEG-2: ISO/IEC 13818-2, 6.2). */
import type { StreamKind } from './tables.ts';

/**
 * `clean`: nothing after it needs anything before it. `leading`: pictures that follow it and are shown before it do (open GOP);
 * they have to be left out after a splice. `none`: needs what came before.
 */
export type Entry = 'clean' | 'leading' | 'none';

/** Parameter sets, SEI and delimiters are small; a picture that hides its first slice behind more than this is no entry. */
const searchedBytesMax = 4096;

export function entryOf(kind: StreamKind, bytes: Uint8Array, from: number, end: number): Entry {
  const last = Math.min(end, from + searchedBytesMax) - 4;
  let recovers = false;
  for (let at = from; at <= last; at++) {
    if (bytes[at] !== 0 || bytes[at + 1] !== 0 || bytes[at + 2] !== 1) continue;
    const header = bytes[at + 3] as number;
    if (kind === 'mpeg2') {
      // Sequence header; its groups of pictures are mostly open.
      if (header === 0xb3) return 'leading';
      if (header === 0x00) return 'none';
    } else if (kind === 'h264') {
      const type = header & 0x1f;
      if (type === 5) return 'clean';
      if (type === 1 || type === 2) return recovers ? 'leading' : 'none';
      // SEI recovery point (annex D.1.8): payload type 6, as the first message of its NAL unit, as encoders write it.
      if (type === 6 && bytes[at + 4] === 6) recovers = true;
    } else if (kind === 'h265') {
      const type = (header >> 1) & 0x3f;
      // IDR_W_RADL, IDR_N_LP: what leads can be decoded. BLA and CRA: it cannot.
      if (type === 19 || type === 20) return 'clean';
      if (type >= 16 && type <= 21) return 'leading';
      if (type <= 9) return 'none';
    } else return 'clean';
    at += 3;
  }
  return 'none';
}
