/** Socket addresses: text ↔ `sockaddr_in` / `sockaddr_in6` bytes (ip(7), ipv6(7)), and a key to compare senders by. */
import { isIPv4, isIPv6 } from 'node:net';
import { AF_INET, AF_INET6, inetPton, interfaceIndex } from '../../net/libc.ts';

/** Bytes kept for one address: `sockaddr_in6` has 28, rounded up so that slots stay aligned. */
export const sockaddrStride = 32;
export const sockaddrBytes4 = 16;
export const sockaddrBytes6 = 28;

/** Equal for equal address and port on one socket: a number for IPv4, a string for IPv6. */
export type PeerKey = number | string;

/** Where to send to; made by `UdpBatchSocket.makePeer`, for sockets of the same family. */
export interface PeerHandle {
  readonly address: string;
  readonly port: number;
  readonly key: PeerKey;
  /** The sockaddr, `sockaddrStride` bytes, of which `bytesUsed` count. */
  readonly bytes: Buffer;
  readonly bytesUsed: number;
}

export type Family = typeof AF_INET | typeof AF_INET6;

/** The family that a socket needs to be bound to `host`, or null where `host` is not an IP address. */
export function familyOf(host: string): Family | null {
  if (isIPv4(host)) return AF_INET;
  return isIPv6(host) ? AF_INET6 : null;
}

/**
 * The sockaddr for `address` and `port` on a socket of `family`, or null where that cannot be: not an IP address, or IPv6 on an IPv4
 * socket. IPv4 on an IPv6 socket becomes a mapped address. A zone (`fe80::1%eth0`) becomes the scope id.
 */
export function encodeAddress(family: Family, address: string, port: number): Buffer | null {
  const own = familyOf(address);
  if (own === null || (family === AF_INET && own === AF_INET6)) return null;
  const bytes = Buffer.alloc(sockaddrStride);
  bytes.writeUInt16LE(family, 0); // host byte order: little-endian on both architectures
  bytes.writeUInt16BE(port, 2);
  if (family === AF_INET) return inetPton(AF_INET, address, bytes.subarray(4, 8)) === 1 ? bytes : null;
  const [plain = '', zone] = address.split('%');
  const text = own === AF_INET ? `::ffff:${plain}` : plain;
  if (inetPton(AF_INET6, text, bytes.subarray(8, 24)) !== 1) return null;
  if (zone !== undefined) bytes.writeUInt32LE(/^\d+$/.test(zone) ? Number(zone) : interfaceIndex(zone), 24);
  return bytes;
}

/** The key of the sockaddr at `offset`. */
export function keyAt(bytes: Buffer, offset: number): PeerKey {
  if (bytes.readUInt16LE(offset) === AF_INET) return bytes.readUInt32BE(offset + 4) * 65_536 + bytes.readUInt16BE(offset + 2);
  return bytes.toString('latin1', offset + 8, offset + 24) + bytes.toString('latin1', offset + 2, offset + 4);
}

export function portAt(bytes: Buffer, offset: number): number {
  return bytes.readUInt16BE(offset + 2);
}

/** The address at `offset` as text; an IPv4 address that came mapped over an IPv6 socket is written as IPv4. */
export function addressAt(bytes: Buffer, offset: number): string {
  if (bytes.readUInt16LE(offset) === AF_INET) return dotted(bytes, offset + 4);
  const words = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(offset + 8 + i * 2));
  const mapped = words.slice(0, 5).every((word) => word === 0) && words[5] === 0xffff;
  return mapped ? dotted(bytes, offset + 20) : shortest(words);
}

function dotted(bytes: Buffer, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

/** RFC 5952: the longest run of two or more zero words is written as `::`. */
function shortest(words: number[]): string {
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && words[end] === 0) end++;
    if (end - i > length) [start, length] = [i, end - i];
  }
  const hex = words.map((word) => word.toString(16));
  if (start < 0) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}
