/** TCP connections over the system's own route or one network interface, with an end to every wait. */
import { lookup } from 'node:dns/promises';
import { isIPv6, Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { bindSocketToDevice } from './device.ts';
import * as libc from './libc.ts';

/** A name server that is out of reach is waited for no longer: the last address that was found is as good. */
const resolveMsMax = 3000;
/** The kernel's retransmissions go on for a quarter of an hour. Data that is not acknowledged by then will not be: a handover is over long before. */
const unacknowledgedMsMax = 8000;

export interface DialOptions {
  host: string;
  port: number;
  /** Network interface that everything leaves by; null: the system's own route. */
  device: string | null;
  connectMsMax: number;
}

/** Addresses that were found, by name. */
const found = new Map<string, readonly string[]>();
/** Of a name with several addresses, one that does not answer (as IPv6 where only its name is known) is waited for no longer before the next. */
const nextAddressMs = 1500;
const addressesMax = 4;

/** Resolves with a connected socket. Rejects with an error that has an errno name as its `code`: of the last address that was tried. */
export async function dial({ host, port, device, connectMsMax }: DialOptions): Promise<Socket> {
  const addresses = (await resolve(host)).slice(0, addressesMax);
  let failure: unknown = coded('ENOTFOUND');
  for (const [index, address] of addresses.entries()) {
    const isLast = index === addresses.length - 1;
    try {
      return await dialAddress(address, port, device, isLast ? connectMsMax : Math.min(nextAddressMs, connectMsMax));
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

async function dialAddress(address: string, port: number, device: string | null, connectMsMax: number): Promise<Socket> {
  const fd = open(address, device);
  // Node may begin to read only when it is connected.
  const socket = new Socket({ fd, readable: true, writable: true, ...({ manualStart: true } as object) });
  return new Promise((done, failed) => {
    const fail = (error: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      failed(error);
    };
    const timer = setTimeout(() => fail(coded('ETIMEDOUT')), connectMsMax);
    socket.once('error', fail);
    socket.connect({ host: address, port }, () => {
      clearTimeout(timer);
      socket.off('error', fail);
      socket.setNoDelay(true);
      done(socket);
    });
  });
}

function open(address: string, device: string | null): number {
  const fd = libc.socket(isIPv6(address) ? libc.AF_INET6 : libc.AF_INET, libc.SOCK_STREAM | libc.SOCK_NONBLOCK | libc.SOCK_CLOEXEC, 0);
  if (fd < 0) throw coded(libc.errnoName(libc.lastErrno()));
  const value = Buffer.alloc(4);
  value.writeInt32LE(unacknowledgedMsMax);
  libc.setsockopt(fd, libc.IPPROTO_TCP, libc.TCP_USER_TIMEOUT, value, 4);
  const code = device === null ? null : bindSocketToDevice(fd, device);
  if (code === null) return fd;
  const own = code === 'EPERM' ? addressOf(device as string, isIPv6(address)) : null;
  // IP_UNICAST_IF is not heeded for TCP: the interface's own address is what is left, and helps where routes go by source.
  if (own !== null && bindTo(fd, own)) return fd;
  libc.close(fd);
  throw coded(code);
}

function bindTo(fd: number, address: string): boolean {
  const six = isIPv6(address);
  const name = Buffer.alloc(six ? 28 : 16); // sockaddr_in6, sockaddr_in; port 0
  name.writeUInt16LE(six ? libc.AF_INET6 : libc.AF_INET, 0);
  return libc.inetPton(six ? libc.AF_INET6 : libc.AF_INET, address, name.subarray(six ? 8 : 4)) === 1 && libc.bind(fd, name, name.length) === 0;
}

function addressOf(device: string, six: boolean): string | null {
  return networkInterfaces()[device]?.find(({ family, scopeid }) => (family === 'IPv6') === six && !scopeid)?.address ?? null;
}

async function resolve(host: string): Promise<readonly string[]> {
  const known = found.get(host);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<readonly string[]>((done, failed) => {
    timer = setTimeout(() => (known === undefined ? failed(coded('EAI_AGAIN')) : done(known)), resolveMsMax);
  });
  try {
    const addresses = await Promise.race([lookup(host, { all: true }).then((all) => all.map(({ address }) => address)), late]);
    found.set(host, addresses);
    return addresses;
  } catch (error) {
    if (known !== undefined) return known;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function coded(code: string): Error {
  return Object.assign(new Error(code), { code });
}
