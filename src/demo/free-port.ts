/**
 * Ports that are free, for processes that must be told their port. They lie below those that the kernel gives out by itself (ip(7), ip_local_port_range):
 * no socket that asks for just any port takes one before its process has come to it, or while that is away to come back.
 */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

/** Above what services of this machine usually have. */
const lowestPort = 10_000;
const given = new Set<number>();

export const freeUdpPort = (): Promise<number> => freePort(udpIsFree);
export const freeTcpPort = (): Promise<number> => freePort(tcpIsFree);

/** Never the same twice in one process. */
async function freePort(isFree: (port: number, host: string) => Promise<boolean>): Promise<number> {
  const range = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8');
  const end = Math.max(Number.parseInt(range, 10) || 0, lowestPort + 1000);
  for (;;) {
    const port = randomInt(lowestPort, end);
    if (given.has(port)) continue;
    given.add(port);
    if ((await isFree(port, '0.0.0.0')) && (await isFree(port, '::'))) return port;
  }
}

function udpIsFree(port: number, address: string): Promise<boolean> {
  const socket = createSocket({ type: address === '::' ? 'udp6' : 'udp4', ipv6Only: address === '::' });
  return new Promise((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => socket.close(() => resolve(error.code !== 'EADDRINUSE')));
    socket.bind({ port, address, exclusive: true }, () => socket.close(() => resolve(true)));
  });
}

function tcpIsFree(port: number, host: string): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    // A machine without IPv6 has nobody there.
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'EADDRINUSE'));
    server.listen({ port, host, ipv6Only: host === '::', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
