/**
 * Tells systemd how this process is (sd_notify(3), “Protocol”): datagrams of `NAME=value` to the socket in $NOTIFY_SOCKET.
 * Without that variable — in a terminal, in tests, under `tandem run` — every call does nothing.
 *
 * Node has no datagram sockets of the unix family, so libc is called through koffi, which is loaded at the first message only.
 * Never blocks and never throws: a service manager that does not read must not stop the stream.
 */
import { createRequire } from 'node:module';
import type Koffi from 'koffi';

const afUnix = 1;
const sockDgram = 2;
/** SOCK_CLOEXEC, asm-generic: workers must not inherit the socket. */
const sockCloexec = 0o2000000;
/** MSG_DONTWAIT | MSG_NOSIGNAL. */
const sendFlags = 0x40 | 0x4000;
/** sizeof(sun_path), unix(7). */
const pathBytesMax = 108;

type Send = (text: string) => boolean;
let send: Send | null | undefined;

/** Started: what needs this service may start now. */
export function ready(): boolean {
  return notify('READY=1');
}

/** Alive. To be called after a completed turn of the real work, never from a timer of its own: that would prove only that timers run. */
export function watchdog(): boolean {
  return notify('WATCHDOG=1');
}

/** Ends on purpose. */
export function stopping(): boolean {
  return notify('STOPPING=1');
}

/** One line for people: `systemctl status` shows it. */
export function status(text: string): boolean {
  return notify(`STATUS=${text.replaceAll('\n', ' ')}`);
}

/** How often systemd wants to hear `watchdog()`, at the latest, ms; null when it does not. Half of this is a good interval (sd_watchdog_enabled(3)). */
export function watchdogMs(env: NodeJS.ProcessEnv = process.env, pid: number = process.pid): number | null {
  const usec = Number(env.WATCHDOG_USEC ?? '');
  if (!Number.isInteger(usec) || usec <= 0) return null;
  if (env.WATCHDOG_PID !== undefined && env.WATCHDOG_PID !== String(pid)) return null;
  return usec / 1000;
}

/** False: there is nobody to tell, or telling failed. */
function notify(text: string): boolean {
  if (send === undefined) send = sender(process.env.NOTIFY_SOCKET);
  return send?.(text) ?? false;
}

/**
 * `struct sockaddr_un` for $NOTIFY_SOCKET: a path, or after `@` a name in the abstract name space, which starts with a zero byte
 * and is not ended by one (unix(7)). Null for what is neither.
 */
export function unixAddress(name: string): Buffer | null {
  if (!name.startsWith('/') && !name.startsWith('@')) return null;
  const path = Buffer.from(name, 'utf8');
  if (path.length < 2 || path.length >= pathBytesMax) return null;
  const abstract = path[0] === 0x40;
  if (abstract) path[0] = 0;
  const family = Buffer.alloc(2);
  family.writeUInt16LE(afUnix);
  return Buffer.concat(abstract ? [family, path] : [family, path, Buffer.alloc(1)]);
}

function sender(name: string | undefined): Send | null {
  const address = name === undefined ? null : unixAddress(name);
  if (address === null) return null;
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof Koffi;
    // The process itself: Node is linked with libc dynamically, whichever libc that is.
    const libc = koffi.load(null);
    const socket = libc.func('int socket(int domain, int type, int protocol)') as (domain: number, type: number, protocol: number) => number;
    const sendto = libc.func('intptr_t sendto(int fd, const void *data, size_t length, int flags, const void *address, uint32_t addressLength)') as (
      fd: number,
      data: Buffer,
      length: number,
      flags: number,
      address: Buffer,
      addressLength: number,
    ) => number | bigint;
    const fd = socket(afUnix, sockDgram | sockCloexec, 0);
    if (fd < 0) return null;
    return (text) => {
      const data = Buffer.from(text, 'utf8');
      return Number(sendto(fd, data, data.length, sendFlags, address, address.length)) === data.length;
    };
  } catch {
    return null;
  }
}
