/**
 * Reading MPEG-TS packets in place (ISO/IEC 13818-1, 2.4.3). All functions take the buffer and the offset of a whole
 * packet, allocate nothing and never throw: a hostile packet reads as "not there".
 */
export const packetBytes = 188;
export const syncByte = 0x47;
export const nullPid = 0x1fff;
/** The program clock reference counts 27 MHz in 33 bits × 300. */
export const pcrWrap = 2 ** 33 * 300;
/** PTS and DTS count 90 kHz in 33 bits. */
export const ptsWrap = 2 ** 33;

type Bytes = Uint8Array;
const byte = (buffer: Bytes, at: number): number => buffer[at] ?? 0;

export const pidOf = (buffer: Bytes, at: number): number => ((byte(buffer, at + 1) & 0x1f) << 8) | byte(buffer, at + 2);
export const startsUnit = (buffer: Bytes, at: number): boolean => (byte(buffer, at + 1) & 0x40) !== 0;
export const hasError = (buffer: Bytes, at: number): boolean => (byte(buffer, at + 1) & 0x80) !== 0;
export const hasPayload = (buffer: Bytes, at: number): boolean => (byte(buffer, at + 3) & 0x10) !== 0;
export const continuityOf = (buffer: Bytes, at: number): number => byte(buffer, at + 3) & 0x0f;

/** transport_scrambling_control: what is in it cannot be read. */
export const isScrambled = (buffer: Bytes, at: number): boolean => (byte(buffer, at + 3) & 0xc0) !== 0;

const hasAdaptation = (buffer: Bytes, at: number): boolean => (byte(buffer, at + 3) & 0x20) !== 0 && byte(buffer, at + 4) > 0;
export const isDiscontinuity = (buffer: Bytes, at: number): boolean => hasAdaptation(buffer, at) && (byte(buffer, at + 5) & 0x80) !== 0;
export const isRandomAccess = (buffer: Bytes, at: number): boolean => hasAdaptation(buffer, at) && (byte(buffer, at + 5) & 0x40) !== 0;

/** The program clock reference in units of 27 MHz, or -1. */
export function pcrOf(buffer: Bytes, at: number): number {
  if (!hasAdaptation(buffer, at) || (byte(buffer, at + 5) & 0x10) === 0 || byte(buffer, at + 4) < 7) return -1;
  const base =
    byte(buffer, at + 6) * 2 ** 25 + (byte(buffer, at + 7) << 17) + (byte(buffer, at + 8) << 9) + (byte(buffer, at + 9) << 1) + (byte(buffer, at + 10) >> 7);
  return base * 300 + (((byte(buffer, at + 10) & 1) << 8) | byte(buffer, at + 11));
}

/** Offset of the payload within the buffer, or the end of the packet where there is none. */
export function payloadAt(buffer: Bytes, at: number): number {
  if (!hasPayload(buffer, at)) return at + packetBytes;
  const start = at + 4 + ((byte(buffer, at + 3) & 0x20) === 0 ? 0 : 1 + byte(buffer, at + 4));
  return Math.min(start, at + packetBytes);
}

/** PTS (`which` 0) or DTS (`which` 1) of the PES packet whose header starts at `pes`, 90 kHz, or -1. ISO/IEC 13818-1, 2.4.3.7. */
export function pesTime(buffer: Bytes, pes: number, end: number, which: 0 | 1): number {
  if (end - pes < 14 || byte(buffer, pes) !== 0 || byte(buffer, pes + 1) !== 0 || byte(buffer, pes + 2) !== 1) return -1;
  const flags = byte(buffer, pes + 7) >> 6;
  if ((flags & 2) === 0 || (which === 1 && flags !== 3)) return -1;
  const at = pes + 9 + which * 5;
  if (at + 5 > end) return -1;
  return (
    ((byte(buffer, at) >> 1) & 7) * 2 ** 30 +
    (byte(buffer, at + 1) << 22) +
    ((byte(buffer, at + 2) >> 1) << 15) +
    (byte(buffer, at + 3) << 7) +
    (byte(buffer, at + 4) >> 1)
  );
}

/** Signed distance from `b` to `a` on a counter that wraps at `wrap`. */
export function wrappedDifference(a: number, b: number, wrap: number): number {
  const difference = (((a - b) % wrap) + wrap) % wrap;
  return difference > wrap / 2 ? difference - wrap : difference;
}
