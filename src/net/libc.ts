/**
 * The few libc functions that make sockets and move datagrams in batches, through koffi. Linux, 64-bit (x86_64 and arm64): `struct msghdr`,
 * `mmsghdr`, `iovec` and `sockaddr_in6` have the same layout on both, and so have the constants below (asm-generic).
 *
 * Addresses are passed as `uintptr_t` numbers, computed once: cheaper than pointers that koffi has to look at on every call.
 * Each wrapper returns what libc returns; after −1 the code is `lastErrno()`, to be read before anything else is called.
 */
import koffi from 'koffi';

// The process itself: Node is linked with libc dynamically, whichever libc that is.
const libc = koffi.load(null);

export const socket = libc.func('int socket(int domain, int type, int protocol)') as (domain: number, type: number, protocol: number) => number;
export const close = libc.func('int close(int fd)') as (fd: number) => number;
export const bind = libc.func('int bind(int fd, const void *address, uint32_t length)') as (fd: number, address: Buffer, length: number) => number;
export const connect = libc.func('int connect(int fd, const void *address, uint32_t length)') as (fd: number, address: Buffer, length: number) => number;
export const getsockname = libc.func('int getsockname(int fd, void *address, void *length)') as (fd: number, address: Buffer, length: Buffer) => number;
export const setsockopt = libc.func('int setsockopt(int fd, int level, int option, const void *value, uint32_t length)') as (
  fd: number,
  level: number,
  option: number,
  value: Buffer,
  length: number,
) => number;
export const getsockopt = libc.func('int getsockopt(int fd, int level, int option, void *value, void *length)') as (
  fd: number,
  level: number,
  option: number,
  value: Buffer,
  length: Buffer,
) => number;
export const interfaceIndex = libc.func('uint32_t if_nametoindex(const char *name)') as (name: string) => number;
export const inetPton = libc.func('int inet_pton(int family, const char *text, void *address)') as (family: number, text: string, address: Buffer) => number;

/** Pointers here outlive the call only inside the kernel's own reading of it; the memory comes from `koffi.alloc` (see memory.ts). */
export const recvmmsg = libc.func('int recvmmsg(int fd, uintptr_t messages, uint32_t count, int flags, uintptr_t timeout)') as (
  fd: number,
  messages: number,
  count: number,
  flags: number,
  timeout: number,
) => number;
export const sendmmsg = libc.func('int sendmmsg(int fd, uintptr_t messages, uint32_t count, int flags)') as (
  fd: number,
  messages: number,
  count: number,
  flags: number,
) => number;

export function lastErrno(): number {
  return koffi.errno();
}

const nameOfErrno = new Map<number, string>();
for (const [name, value] of Object.entries(koffi.os.errno)) if (!nameOfErrno.has(value)) nameOfErrno.set(value, name);

/** `ENETUNREACH` for 101 and so on; `E<number>` for one that has no name here. */
export function errnoName(errno: number): string {
  return nameOfErrno.get(errno) ?? linuxErrno[errno] ?? `E${errno}`;
}
/** Codes of networks that koffi's list does not carry on every build. */
const linuxErrno: Record<number, string> = {
  19: 'ENODEV',
  99: 'EADDRNOTAVAIL',
  100: 'ENETDOWN',
  101: 'ENETUNREACH',
  105: 'ENOBUFS',
  111: 'ECONNREFUSED',
  113: 'EHOSTUNREACH',
};

export const EINTR = 4;
export const EAGAIN = 11;
export const ENOBUFS = 105;
export const ECONNREFUSED = 111;

export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_NONBLOCK = 0o4000;
/** Workers are spawned from this process and must not inherit its sockets. */
export const SOCK_CLOEXEC = 0o2000000;

export const IPPROTO_IP = 0;
export const IP_MTU_DISCOVER = 10;
export const IP_PMTUDISC_DONT = 0;
export const IP_UNICAST_IF = 50;
export const IPPROTO_IPV6 = 41;
export const IPV6_V6ONLY = 26;
export const IPV6_UNICAST_IF = 76;

export const IPPROTO_TCP = 6;
export const TCP_USER_TIMEOUT = 18;

export const SOL_SOCKET = 1;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_BINDTODEVICE = 25;
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33;

export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;
