/** A socket that leaves by one network interface, whatever the routing table says: SO_BINDTODEVICE, socket(7). */
import * as libc from './libc.ts';

/** Null, or the name of the error. EPERM: an older kernel wants CAP_NET_RAW for it (since Linux 5.7 nobody needs it for the first time). */
export function bindSocketToDevice(fd: number, device: string): string | null {
  const name = Buffer.from(`${device}\0`);
  return libc.setsockopt(fd, libc.SOL_SOCKET, libc.SO_BINDTODEVICE, name, name.length) === 0 ? null : libc.errnoName(libc.lastErrno());
}
