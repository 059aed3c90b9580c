/** Making a socket: family, device, buffers, address. Everything that can fail for a reason a person can act on is a `UdpError`. */

import { bindSocketToDevice } from '../../net/device.ts';
import * as libc from '../../net/libc.ts';
import { encodeAddress, type Family, familyOf, sockaddrBytes4, sockaddrBytes6, sockaddrStride } from './address.ts';

export interface UdpOptions {
  /** IP address to bind to, default 0.0.0.0; `::` takes both families. Not a name: resolve it before. */
  host?: string;
  /** 0, the default, takes a free one. The address is never shared: a taken port is EADDRINUSE. */
  port?: number;
  /** Network interface that everything leaves and enters by. */
  device?: string | null;
  /** The only peer: packets of others are not received, and refusals are reported. The socket then keeps its local address. */
  connectTo?: { address: string; port: number };
  /** Default 1 MiB: a second of 8 Mbit/s, should the process be held up. */
  receiveBufferBytes?: number;
  sendBufferBytes?: number;
  /** Packets a system call, default 64. */
  batch?: number;
  /** Longest packet, default 1500 bytes. */
  packetBytesMax?: number;
}

export class UdpError extends Error {
  /** As in errno(3): EADDRINUSE, EADDRNOTAVAIL, ENODEV, EACCES, EINVAL … */
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export interface OpenedSocket {
  fd: number;
  family: Family;
  boundBy: 'device' | 'unicast-if' | null;
  /** The local sockaddr. */
  name: Buffer;
}

const megabyte = 1024 * 1024;

export function openSocket(options: UdpOptions): OpenedSocket {
  const host = options.host ?? '0.0.0.0';
  const family = familyOf(host);
  if (family === null) throw new UdpError('EINVAL', `cannot bind to ${host}: it is not an IP address`);
  const fd = libc.socket(family, libc.SOCK_DGRAM | libc.SOCK_NONBLOCK | libc.SOCK_CLOEXEC, 0);
  if (fd < 0) throw failure('make a UDP socket');
  try {
    const boundBy = options.device ? bindToDevice(fd, family, options.device) : null;
    setBuffer(fd, libc.SO_RCVBUFFORCE, libc.SO_RCVBUF, options.receiveBufferBytes ?? megabyte);
    setBuffer(fd, libc.SO_SNDBUFFORCE, libc.SO_SNDBUF, options.sendBufferBytes ?? megabyte);
    // Mobile networks with a small MTU often swallow the ICMP that tells of it: better fragments than silence.
    setNumber(fd, libc.IPPROTO_IP, libc.IP_MTU_DISCOVER, libc.IP_PMTUDISC_DONT);
    if (family === libc.AF_INET6) setNumber(fd, libc.IPPROTO_IPV6, libc.IPV6_V6ONLY, 0);
    bindTo(fd, family, host, options.port ?? 0);
    if (options.connectTo) connectTo(fd, family, options.connectTo.address, options.connectTo.port);
    return { fd, family, boundBy, name: localName(fd) };
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

/** IP_UNICAST_IF needs no capability, but steers only what is sent. */
function bindToDevice(fd: number, family: Family, device: string): 'device' | 'unicast-if' {
  const code = bindSocketToDevice(fd, device);
  if (code === null) return 'device';
  if (code !== 'EPERM') throw new UdpError(code, `cannot bind to the network interface ${device}: ${code}`);
  const index = libc.interfaceIndex(device);
  if (index === 0) throw new UdpError('ENODEV', `the network interface ${device} does not exist`);
  const value = Buffer.alloc(4);
  value.writeUInt32BE(index);
  if (libc.setsockopt(fd, libc.IPPROTO_IP, libc.IP_UNICAST_IF, value, 4) !== 0 && family === libc.AF_INET)
    throw failure(`choose the network interface ${device}`);
  if (family === libc.AF_INET6 && libc.setsockopt(fd, libc.IPPROTO_IPV6, libc.IPV6_UNICAST_IF, value, 4) !== 0)
    throw failure(`choose the network interface ${device}`);
  return 'unicast-if';
}

/** The forced form may exceed net.core.rmem_max but needs CAP_NET_ADMIN; the plain one takes what it is given. */
function setBuffer(fd: number, forced: number, plain: number, bytes: number): void {
  if (!setNumber(fd, libc.SOL_SOCKET, forced, bytes)) setNumber(fd, libc.SOL_SOCKET, plain, bytes);
}

function setNumber(fd: number, level: number, option: number, number: number): boolean {
  const value = Buffer.alloc(4);
  value.writeInt32LE(number);
  return libc.setsockopt(fd, level, option, value, 4) === 0;
}

function bindTo(fd: number, family: Family, host: string, port: number): void {
  const address = encodeAddress(family, host, port);
  if (address === null) throw new UdpError('EINVAL', `cannot bind to ${host}: it is not an IP address`);
  if (libc.bind(fd, address, lengthFor(family)) !== 0) throw failure(`bind to UDP ${host} port ${port}`);
}

function connectTo(fd: number, family: Family, address: string, port: number): void {
  const bytes = encodeAddress(family, address, port);
  if (bytes === null) throw new UdpError('EINVAL', `cannot connect to ${address}: it is not an IP address of the socket's family`);
  if (libc.connect(fd, bytes, lengthFor(family)) !== 0) throw failure(`connect to UDP ${address} port ${port}`);
}

function lengthFor(family: Family): number {
  return family === libc.AF_INET ? sockaddrBytes4 : sockaddrBytes6;
}

function localName(fd: number): Buffer {
  const name = Buffer.alloc(sockaddrStride);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(sockaddrStride);
  if (libc.getsockname(fd, name, length) !== 0) throw failure('read the address of a socket');
  return name;
}

function failure(what: string): UdpError {
  const code = libc.errnoName(libc.lastErrno());
  return new UdpError(code, `cannot ${what}: ${code}`);
}
