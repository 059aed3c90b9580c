/** PES packets (ISO/IEC 13818-1, 2.4.3.6) as one piece of memory: what a source's TS packets carried, put together. */
import { ptsWrap } from './packet.ts';

/** Start code, stream id and length come before anything optional. */
const fixedBytes = 6;

/** Length that the header claims for the whole PES packet, bytes; 0: not said, as usual for video. */
export function claimedBytes(pes: Uint8Array, length: number): number {
  if (length < fixedBytes) return 0;
  const claimed = ((pes[4] as number) << 8) | (pes[5] as number);
  return claimed === 0 ? 0 : claimed + fixedBytes;
}

/** True for a header that begins a PES packet with optional fields: audio or video of any kind. */
export function isElementary(pes: Uint8Array, length: number): boolean {
  return length >= 9 && pes[0] === 0 && pes[1] === 0 && pes[2] === 1 && (pes[3] as number) >= 0xbd && ((pes[6] as number) & 0xc0) === 0x80;
}

/** Offset of the elementary stream's bytes; `length` where the header lies about its own size. */
export function elementaryAt(pes: Uint8Array, length: number): number {
  return length < 9 ? length : Math.min(length, 9 + (pes[8] as number));
}

/** Writes a time that is there already: PTS (`which` 0) or DTS (`which` 1), 90 kHz, any number; it is wrapped to 33 bits. */
export function writeTime(pes: Uint8Array, which: 0 | 1, ticks: number): void {
  const at = 9 + which * 5;
  const time = ((Math.round(ticks) % ptsWrap) + ptsWrap) % ptsWrap;
  const high = Math.floor(time / 2 ** 30);
  const low = time % 2 ** 30;
  pes[at] = ((pes[at] as number) & 0xf0) | (high << 1) | 1;
  pes[at + 1] = (low >> 22) & 0xff;
  pes[at + 2] = ((low >> 14) & 0xfe) | 1;
  pes[at + 3] = (low >> 7) & 0xff;
  pes[at + 4] = ((low << 1) & 0xfe) | 1;
}

/** The same content with another length field: a splice must not leave a wrong one behind. Too long to be said is 0 (video only). */
export function writeLength(pes: Uint8Array, length: number): void {
  const claimed = length - fixedBytes;
  const said = claimed > 0xffff ? 0 : claimed;
  pes[4] = said >> 8;
  pes[5] = said & 0xff;
}
