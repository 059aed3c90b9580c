/** Splice commands (ANSI/SCTE 35): when a programme is left and joined again, in the stream's own time. */
import { ptsWrap } from './packet.ts';
import { crc32 } from './tables.ts';

/** stream_type, and the identifier that the program's map has to carry beside it (SCTE 35, 8.1 and 8.2). */
export const spliceType = 0x86;
export const spliceIdentifier = [0x05, 0x04, 0x43, 0x55, 0x45, 0x49];
/** table_id, and bytes up to the end of pts_adjustment. */
const table = 0xfc;
const headBytes = 9;

/**
 * Moves all times of a splice_info_section by `ticks` (90 kHz): pts_adjustment is there for whoever gives a stream another time (9.6.1), and
 * stands in the clear even where the commands are encrypted. Anything else is left as it is.
 */
export function shiftSplice(bytes: Buffer, end: number, ticks: number): void {
  if (bytes[0] !== table || end < headBytes + 4) return;
  const before = ((bytes[4] as number) & 1) * 2 ** 32 + bytes.readUInt32BE(5);
  const after = (((before + Math.round(ticks)) % ptsWrap) + ptsWrap) % ptsWrap;
  bytes[4] = ((bytes[4] as number) & 0xfe) | (after >= 2 ** 32 ? 1 : 0);
  bytes.writeUInt32BE(after % 2 ** 32, 5);
  bytes.writeUInt32BE(crc32(bytes, 0, end - 4), end - 4);
}
