/** PES packets (ISO/IEC 13818-1, 2.4.3.6) as one piece of memory: what a source's TS packets carried, put together. */
import { pesTime, ptsWrap } from './packet.ts';

/** Start code, stream id and length come before anything optional. */
const fixedBytes = 6;
/** What we write: with presentation and decoding time, and nothing else that is optional. */
export const headerBytesMax = 19;

/** Length that the header claims for the whole PES packet that begins at `at`, bytes; 0: not said, as usual for video. */
export function claimedBytes(bytes: Uint8Array, at: number, end: number): number {
  if (end - at < fixedBytes) return 0;
  const claimed = ((bytes[at + 4] as number) << 8) | (bytes[at + 5] as number);
  return claimed === 0 ? 0 : claimed + fixedBytes;
}

/** True for a header that begins a PES packet with optional fields, as picture and sound have it, in the clear. */
export function isElementary(bytes: Uint8Array, at: number, end: number): boolean {
  if (end - at < 9 || bytes[at] !== 0 || bytes[at + 1] !== 0 || bytes[at + 2] !== 1 || (bytes[at + 3] as number) < 0xbd) return false;
  // '10', then PES_scrambling_control.
  if (((bytes[at + 6] as number) & 0xf0) !== 0x80) return false;
  const times = (bytes[at + 7] as number) >> 6;
  return times !== 1 && (bytes[at + 8] as number) >= (times === 3 ? 10 : times === 2 ? 5 : 0);
}

/** Offset of the elementary stream's bytes; `end` where the header lies about its own size. */
export function elementaryAt(bytes: Uint8Array, at: number, end: number): number {
  return end - at < 9 ? end : Math.min(end, at + 9 + (bytes[at + 8] as number));
}

/**
 * Writes a header right before `from` and returns its offset. Times are 90 kHz, any number, and wrapped to 33 bits; none: null.
 * Whatever else the source's header held would be wrong after a splice, and is left out. Too long to be said is length 0 (video only).
 */
export function writeHeader(bytes: Uint8Array, from: number, end: number, kind: 'video' | 'audio', times: { pts: number; dts: number } | null): number {
  const pts = times === null ? -1 : wrapped(times.pts);
  const dts = times === null ? -1 : wrapped(times.dts);
  const optional = times === null ? 0 : pts === dts ? 5 : 10;
  const at = from - 9 - optional;
  const length = end - at - fixedBytes;
  const said = kind === 'video' || length > 0xffff ? 0 : length;
  bytes[at] = 0;
  bytes[at + 1] = 0;
  bytes[at + 2] = 1;
  bytes[at + 3] = kind === 'video' ? 0xe0 : 0xc0;
  bytes[at + 4] = said >> 8;
  bytes[at + 5] = said & 0xff;
  // data_alignment_indicator: a unit begins with an access unit, unless it says no time of its own.
  bytes[at + 6] = times === null ? 0x80 : 0x84;
  bytes[at + 7] = optional === 0 ? 0 : optional === 5 ? 0x80 : 0xc0;
  bytes[at + 8] = optional;
  if (optional > 0) writeTime(bytes, at + 9, optional === 5 ? 2 : 3, pts);
  if (optional === 10) writeTime(bytes, at + 14, 1, dts);
  return at;
}

/** stream_id of packets whose header has no optional fields, and so no time (2.4.3.7). */
const plainIds: ReadonlySet<number> = new Set([0xbc, 0xbe, 0xbf, 0xf0, 0xf1, 0xf2, 0xf8, 0xff]);

/** Moves the times of the PES packet that begins at `at` by `ticks` (90 kHz), where it has any; the rest stays as it is. */
export function shiftTimes(bytes: Uint8Array, at: number, end: number, ticks: number): void {
  if (plainIds.has(bytes[at + 3] as number)) return;
  for (const which of [0, 1] as const) {
    const time = pesTime(bytes, at, end, which);
    if (time >= 0) writeTime(bytes, at + 9 + which * 5, (bytes[at + 9 + which * 5] as number) >> 4, wrapped(time + ticks));
  }
}

const wrapped = (ticks: number): number => ((Math.round(ticks) % ptsWrap) + ptsWrap) % ptsWrap;

function writeTime(bytes: Uint8Array, at: number, mark: number, time: number): void {
  const high = Math.floor(time / 2 ** 30);
  const low = time % 2 ** 30;
  bytes[at] = (mark << 4) | (high << 1) | 1;
  bytes[at + 1] = (low >> 22) & 0xff;
  bytes[at + 2] = ((low >> 14) & 0xfe) | 1;
  bytes[at + 3] = (low >> 7) & 0xff;
  bytes[at + 4] = ((low << 1) & 0xfe) | 1;
}
