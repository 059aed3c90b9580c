/** The batched UDP socket against real sockets of this machine. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { type PeerHandle, UdpBatchSocket, UdpError, type UdpOptions } from '../../src/uplink/udp/socket.ts';
import { until } from './processes.ts';

const sockets: UdpBatchSocket[] = [];
function open(options: UdpOptions = { host: '127.0.0.1' }): UdpBatchSocket {
  const socket = UdpBatchSocket.open(options);
  sockets.push(socket);
  return socket;
}
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});

/** Receives until `count` packets came; for ten seconds, should they not. */
async function collect(socket: UdpBatchSocket, count: number): Promise<string[]> {
  const packets: string[] = [];
  for (let turn = 0; turn < 2000 && packets.length < count; turn++) {
    for (let n = socket.receive(); n > 0; n = socket.receive())
      for (let i = 0; i < n; i++) packets.push(socket.received.toString('latin1', socket.offsetOf(i), socket.offsetOf(i) + socket.lengthOf(i)));
    if (packets.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return packets;
}

/** Bytes that wait at a socket of this machine: loopback delivers at once, unless the kernel puts it off on a busy processor. */
function waiting(port: number): number {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const rows = ['/proc/net/udp', '/proc/net/udp6'].flatMap((file) => readFileSync(file, 'utf8').split('\n'));
  const found = rows.map((row) => new RegExp(`^ *\\d+: \\w+:${hex} \\w+:\\w+ \\w+ \\w+:(\\w+)`).exec(row)?.[1]).find((bytes) => bytes !== undefined);
  return Number.parseInt(found ?? '0', 16);
}

/** Sends, and resolves when it has come to `to`. */
async function deliver(from: UdpBatchSocket, text: string, peer: PeerHandle | null, to: UdpBatchSocket): Promise<void> {
  const before = waiting(to.port);
  from.queue(Buffer.from(text), 0, text.length, peer);
  from.flush();
  await until('the packet', () => waiting(to.port) > before);
}

describe('a batch socket', () => {
  test('carries packets of every length in order, more than one batch of them', async () => {
    const [a, b] = [open(), open()];
    const peer = a.makePeer('127.0.0.1', b.port);
    const sent: string[] = [];
    for (let i = 0; i < 150; i++) {
      const packet = Buffer.alloc((i * 10) % 1501, 65 + (i % 26));
      sent.push(packet.toString('latin1'));
      if (!a.queue(packet, 0, packet.length, peer)) {
        a.flush();
        expect(a.queue(packet, 0, packet.length, peer)).toBe(true);
      }
    }
    a.flush();
    expect(a.sendErrors).toBe(0);
    expect(await collect(b, 150)).toEqual(sent);
  });

  test('tells peers apart by key, and answers them', async () => {
    const [a, b, c] = [open(), open(), open()];
    const peer = a.makePeer('127.0.0.1', c.port);
    const [fromA, fromB] = [c.makePeer('127.0.0.1', a.port), c.makePeer('127.0.0.1', b.port)];
    if (!peer || !fromA || !fromB) throw new Error('no peer');
    await deliver(a, 'a', peer, c);
    await deliver(b, 'b', peer, c);
    expect(c.receive()).toBe(2);
    expect([c.peerOf(0), c.peerOf(1)]).toEqual([fromA.key, fromB.key]);
    expect([c.isFrom(0, fromA), c.isFrom(0, fromB), c.isFrom(1, fromB)]).toEqual([true, false, true]);
    expect(c.peerAddress(1)).toEqual({ address: '127.0.0.1', port: b.port });
    const answerTo = c.peerHandle(1);
    c.queue(Buffer.from('hi'), 0, 2, answerTo);
    expect(c.flush()).toBe(1);
    expect(await collect(b, 1)).toEqual(['hi']);
  });

  test('speaks IPv6, and IPv4 over an IPv6 socket', async (context) => {
    let v6: UdpBatchSocket;
    try {
      v6 = open({ host: '::' });
    } catch {
      return context.skip('this machine has no IPv6');
    }
    const v4 = open();
    await deliver(v4, 'four', v4.makePeer('127.0.0.1', v6.port), v6);
    expect(v6.receive()).toBe(1);
    expect(v6.peerAddress(0)).toEqual({ address: '127.0.0.1', port: v4.port });
    expect(v6.peerOf(0)).toBe(v6.makePeer('127.0.0.1', v4.port)?.key);
    const other = open({ host: '::1' });
    await deliver(other, 'six', other.makePeer('::1', v6.port), v6);
    expect(v6.receive()).toBe(1);
    const peer = v6.peerHandle(0);
    expect([peer.address, v6.isFrom(0, peer), peer.key === v6.peerOf(0)]).toEqual(['::1', true, true]);
    v6.queue(Buffer.from('back'), 0, 4, peer);
    v6.flush();
    expect(await collect(other, 1)).toEqual(['back']);
    expect(v4.makePeer('::1', 1)).toBeNull();
  });

  test('talks with an ordinary socket', async () => {
    const ordinary = createSocket('udp4');
    ordinary.bind(0, '127.0.0.1');
    await once(ordinary, 'listening');
    const socket = open();
    const got = once(ordinary, 'message');
    socket.queue(Buffer.from('--hello--'), 2, 5, socket.makePeer('127.0.0.1', ordinary.address().port));
    socket.flush();
    const [message, from] = await got;
    expect([message.toString(), from.port]).toEqual(['hello', socket.port]);
    ordinary.close();
  });

  test('says which code a taken port, a missing device, a foreign address and a name have', () => {
    const taken = open();
    const code = (options: UdpOptions) => {
      try {
        open(options);
        return 'opened';
      } catch (error) {
        if (error instanceof UdpError) return error.code;
        throw error;
      }
    };
    expect(code({ host: '127.0.0.1', port: taken.port })).toBe('EADDRINUSE');
    expect(code({ device: 'no-such-if0' })).toBe('ENODEV');
    expect(code({ host: '192.0.2.1' })).toBe('EADDRNOTAVAIL');
    expect(code({ host: 'localhost' })).toBe('EINVAL');
  });

  test('can be bound to a device', async (context) => {
    let socket: UdpBatchSocket;
    try {
      socket = open({ device: 'lo' });
    } catch (error) {
      return context.skip(`binding to lo is refused here: ${error}`);
    }
    expect(['device', 'unicast-if']).toContain(socket.boundBy);
    const other = open();
    socket.queue(Buffer.from('x'), 0, 1, socket.makePeer('127.0.0.1', other.port));
    socket.flush();
    expect(await collect(other, 1)).toEqual(['x']);
  });

  test('reports a refused packet by its code, drops it alone, and goes on', async () => {
    const [a, b] = [open(), open()];
    // A broadcast address is refused without SO_BROADCAST: EACCES, for this packet only.
    a.queue(Buffer.from('1'), 0, 1, a.makePeer('127.0.0.1', b.port));
    a.queue(Buffer.from('2'), 0, 1, a.makePeer('255.255.255.255', 9));
    a.queue(Buffer.from('3'), 0, 1, a.makePeer('127.0.0.1', b.port));
    expect(a.flush()).toBe(2);
    expect([a.sendErrors, a.queued]).toEqual([1, 0]);
    expect(a.lastErrorCode).toMatch(/^E(ACCES|NETUNREACH)$/);
    expect(await collect(b, 2)).toEqual(['1', '3']);
  });

  test('counts refusals of a connected peer and does not throw', async () => {
    const gone = open();
    const port = gone.port;
    gone.close();
    const socket = open({ host: '127.0.0.1', connectTo: { address: '127.0.0.1', port } });
    socket.queue(Buffer.from('x'), 0, 1, null);
    expect(socket.flush()).toBe(1);
    await until('the refusal', () => {
      expect(socket.receive()).toBe(0);
      return socket.receiveErrors > 0;
    });
    expect([socket.receiveErrors, socket.lastErrorCode]).toEqual([1, 'ECONNREFUSED']);
  });

  test('does not hand out the rest of a packet that is too long', async () => {
    const [a, b] = [open(), open({ host: '127.0.0.1', packetBytesMax: 100 })];
    await deliver(a, 'x'.repeat(101), a.makePeer('127.0.0.1', b.port), b);
    expect(b.receive()).toBe(1);
    expect([b.lengthOf(0), b.truncatedPackets]).toEqual([0, 1]);
    expect(b.queue(Buffer.alloc(101), 0, 101, b.makePeer('127.0.0.1', a.port))).toBe(false);
  });

  test('is silent after it was closed, and its memory serves the next one', () => {
    const a = open();
    a.close();
    a.close();
    expect([a.receive(), a.flush(), a.queue(Buffer.from('x'), 0, 1, null)]).toEqual([0, 0, false]);
    const memories = new Set([a.received.buffer]);
    for (let i = 0; i < 50; i++) {
      const next = open({ host: '127.0.0.1', batch: 7 });
      memories.add(next.received.buffer);
      next.close();
    }
    expect(memories.size).toBeLessThanOrEqual(3);
  });
});
