/** What tells payloads of one program apart: a sum of all their bytes. Pure. */
import { hasPayload, nullPid, packetBytes, payloadAt, pidOf, startsUnit } from '../switcher/mpegts/packet.ts';

/**
 * 52 bits: two sums of every word (FNV-1a, 32 bits each, of which the second gives 20). A sample would not do: a packet with nothing but a clock
 * reference differs from the one before it in six bytes, a still picture in its time stamp.
 * Negative where nothing is in it but tables, clock references and stuffing: those are alike in any two programs, and alike again after a while in one.
 */
export function keyOf(bytes: Buffer, offset: number, length: number): number {
  let a = 0x811c9dc5 ^ length;
  let b = 0x01000193;
  const end = offset + length;
  for (let at = offset; at + 4 <= end; at += 4) {
    const word = bytes.readInt32BE(at);
    a = Math.imul(a ^ word, 0x01000193);
    a ^= a >>> 15;
    b = Math.imul(b + word, 0x9e3779b1);
    b ^= b >>> 13;
  }
  const key = (a >>> 0) * 0x10_0000 + (b & 0xf_ffff);
  return hasMedia(bytes, offset, end) ? key : -1 - key;
}

/** Only these say which program it is, and where in it. */
export const isTelling = (key: number): boolean => key >= 0;

function hasMedia(bytes: Buffer, offset: number, end: number): boolean {
  for (let at = offset; at + packetBytes <= end; at += packetBytes)
    if (pidOf(bytes, at) !== nullPid && hasPayload(bytes, at) && !startsSection(bytes, at, at + packetBytes)) return true;
  return false;
}

/** A PES packet starts with 00 00 01 (ISO/IEC 13818-1, 2.4.3.6), a section with a pointer, a table's number and more than one (2.4.4). */
function startsSection(bytes: Buffer, at: number, end: number): boolean {
  if (!startsUnit(bytes, at)) return false;
  const from = payloadAt(bytes, at);
  return from + 3 > end || bytes[from] !== 0 || bytes[from + 1] !== 0 || bytes[from + 2] !== 1;
}
