/** How many bytes of the program go into one packet of a path: whole MPEG-TS packets, as many as its MTU has room for. Pure. */

const tsPacketBytes = 188;
/** What SRT carries at most in live mode, unless told otherwise (libsrt, SRTO_PAYLOADSIZE). */
export const payloadBytesMax = 7 * tsPacketBytes;
/** Headers in front of a payload: SRT's, UDP's, and IP's. */
const headerBytes = { 4: 16 + 8 + 20, 6: 16 + 8 + 40 } as const;

/** What an IP packet of `mtuBytes` to `address` carries besides all headers; an empty address is one of IPv4. */
export function payloadBytesOf(mtuBytes: number, address: string): number {
  const room = mtuBytes - headerBytes[address.includes(':') ? 6 : 4];
  return Math.max(tsPacketBytes, Math.min(payloadBytesMax, room - (room % tsPacketBytes)));
}

/** Of `length` bytes that are more than `payloadBytes`: how many go in each piece. Even ones: seven packets that do not fit go as four and three. */
export function pieceBytesOf(length: number, payloadBytes: number): number {
  const pieces = Math.ceil(length / payloadBytes);
  return Math.ceil(length / tsPacketBytes / pieces) * tsPacketBytes;
}
