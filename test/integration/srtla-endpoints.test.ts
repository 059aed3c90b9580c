/** Our SRTLA receiver and sender against the world: strangers, forged packets, floods, links that move, receivers that forget. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { monoMs } from '../../src/clock.ts';
import { linkSilentMsMax } from '../../src/gateway/srtla/groups.ts';
import { SrtlaReceiver } from '../../src/gateway/srtla/receiver.ts';
import { profiles } from '../../src/lab/emulator/profiles.ts';
import { LinkEmulator } from '../../src/lab/emulator/relay.ts';
import type { Notice } from '../../src/model/event.ts';
import { SrtlaSender } from '../../src/uplink/srtla/sender.ts';
import * as wire from '../../src/uplink/srtla/wire.ts';
import { freePort, until } from './processes.ts';

const log = pino({ level: 'silent' }) as never;
const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

function receiver(port = 0, forwardPort = 9): SrtlaReceiver {
  const one = new SrtlaReceiver({ host: '127.0.0.1', port, forwardTo: { address: '127.0.0.1', port: forwardPort }, onNotice: () => undefined, log });
  one.start();
  ends.push(() => one.stop());
  return one;
}

function sender(port: number, paths = ['a', 'b']): { sender: SrtlaSender; notices: Notice[]; localPort: number; lost(): number } {
  const notices: Notice[] = [];
  let lost = 0;
  const one = new SrtlaSender({
    destination: 'd',
    mode: 'bonded',
    paths: paths.map((id) => ({ id, interface: null, remote: { address: '127.0.0.1', port }, terms: { priority: 10, capKbps: 0, metered: false } })),
    latencyMs: 1000,
    duplicateShare: 0.2,
    kbpsMax: 20_000,
    onGroupLost: () => lost++,
    onNotice: (notice) => notices.push(notice),
    log,
  });
  const localPort = one.start();
  ends.push(() => one.stop());
  return { sender: one, notices, localPort, lost: () => lost };
}

async function stranger(): Promise<{ socket: Socket; heard: Buffer[] }> {
  const socket = createSocket('udp4');
  const heard: Buffer[] = [];
  socket.on('message', (bytes) => heard.push(bytes));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  ends.push(() => socket.close());
  return { socket, heard };
}

const allUp = (one: SrtlaSender) => one.links.status(0).every(({ state }) => state === 'up');
const reg1 = (fill: number): Buffer => {
  const bytes = Buffer.alloc(258, fill);
  bytes.writeUInt16BE(wire.srtlaType.reg1, 0);
  return bytes;
};

/** Any bytes, most of them with a type that means something. */
const hostile = fc.tuple(
  fc.option(fc.constantFrom(0x9000, 0x9100, 0x9200, 0x9201, 0x9202, 0x9210, 0x9211, 0x9212, 0x8000, 0x8002, 0x8003, 0x8006, 0x0000, 0xffff), { nil: null }),
  fc.uint8Array({ maxLength: 1500 }),
);
const datagram = ([type, bytes]: [number | null, Uint8Array]): Buffer => {
  const head = Buffer.alloc(type === null ? 0 : 2);
  if (type !== null) head.writeUInt16BE(type, 0);
  return Buffer.concat([head, bytes]);
};

describe('SRTLA', () => {
  it('registers a group over two links, and tells a stranger to register', async () => {
    const gateway = receiver();
    const { sender: one } = sender(gateway.port);
    await until('both links', () => allUp(one));
    expect(gateway.status(0).groups.map(({ links }) => links.length)).toEqual([2]);
    const { socket, heard } = await stranger();
    // A single one may be the last that a link sent from its old registration.
    const timer = setInterval(() => socket.send(Buffer.from([0x90, 0x00]), gateway.port, '127.0.0.1'), 100);
    ends.push(() => clearInterval(timer));
    await until('an answer', () => heard.length > 0);
    expect(heard[0]?.readUInt16BE(0)).toBe(wire.srtlaType.regNgp);
  });

  it('goes on for those who belong to it while strangers send anything at all', async () => {
    const world = await stranger();
    const gateway = receiver(0, world.socket.address().port);
    const { sender: one, localPort, lost } = sender(gateway.port);
    await until('both links', () => allUp(one));
    const attackers = await Promise.all(Array.from({ length: 8 }, () => stranger()));
    const packets = fc.sample(hostile, { seed: 77, numRuns: 3000 }).map(datagram);
    const rss = process.memoryUsage.rss();
    const caller = await stranger();
    const data = Buffer.alloc(1332);
    let sequence = 1;
    for (const [n, packet] of packets.entries()) {
      attackers[n % 8]?.socket.send(packet, gateway.port, '127.0.0.1');
      if (n % 10 !== 0) continue;
      data.writeUInt32BE(sequence++, 0);
      caller.socket.send(data, localPort, '127.0.0.1');
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    // Their garbage is passed to libsrt as plain SRT; ours must all be there among it.
    await until(
      'our packets behind the receiver',
      () => new Set(world.heard.filter(({ length }) => length === 1332).map((bytes) => bytes.readUInt32BE(0))).size >= 300,
    );
    // One that stood still for a moment with all of this process is asked again.
    await until('both links to be up', () => allUp(one));
    expect(lost()).toBe(0);
    const { groups, plain } = gateway.status(0);
    expect(groups.length).toBeLessThanOrEqual(21);
    expect(plain).toBeLessThanOrEqual(64);
    expect(process.memoryUsage.rss() - rss).toBeLessThan(150e6);
  });

  it('does not listen to strangers at the sender’s ports, nor fall over forged packets of the caller', async () => {
    const gateway = receiver();
    const { sender: one, localPort } = sender(gateway.port, ['a']);
    await until('the link', () => allUp(one));
    const link = gateway.status(0).groups[0]?.links[0];
    const { socket, heard } = await stranger();
    for (const packet of fc.sample(hostile, { seed: 78, numRuns: 1500 }).map(datagram)) {
      socket.send(packet, link?.port ?? 9, '127.0.0.1');
      socket.send(packet, localPort, '127.0.0.1');
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
    await until('the link to be up', () => allUp(one));
    // Only what the receiver sends back may reach the caller.
    for (const bytes of heard) expect(bytes.length).toBeLessThanOrEqual(1500);
  });

  it('bounds a flood of registrations', async () => {
    const gateway = receiver();
    const { socket, heard } = await stranger();
    for (let n = 0; n < 1000; n++) socket.send(reg1(n & 0xff), gateway.port, '127.0.0.1');
    await until('the refusals', () => heard.some((bytes) => bytes.readUInt16BE(0) === wire.srtlaType.regErr));
    expect(gateway.status(0).groups.length).toBeLessThanOrEqual(42);
    // No amplifier: never more bytes back than were sent.
    expect(heard.reduce((sum, { length }) => sum + length, 0)).toBeLessThanOrEqual(1000 * 258);
  });

  it('registers again with a receiver that was started anew, and says that the session is gone', async () => {
    const port = await freePort();
    const first = receiver(port);
    const { sender: one, lost } = sender(port);
    await until('both links', () => allUp(one));
    first.stop();
    await new Promise((resolve) => setTimeout(resolve, 300));
    receiver(port);
    await until('the loss to be noticed', () => lost() === 1);
    await until('both links again', () => allUp(one));
  });

  it('keeps the session when the receiver has forgotten one link of it, and joins that one again', async () => {
    const gateway = receiver();
    const emulator = new LinkEmulator({ id: 'b', to: { address: '127.0.0.1', port: gateway.port }, profile: profiles.perfect, seed: 1 });
    const timer = setInterval(() => emulator.turn(monoMs()), 1);
    ends.push(() => {
      clearInterval(timer);
      emulator.close();
    });
    const { sender: one, lost } = sender(gateway.port);
    one.links.setRemote('b', { address: '127.0.0.1', port: emulator.port });
    await until('both links', () => allUp(one));
    emulator.change({ down: true });
    await until('the silent link to be told', () => one.links.status(0)[1]?.state === 'silent');
    await until('the receiver to forget it', () => gateway.status(0).groups.some(({ links }) => links.length === 1), linkSilentMsMax * 4);
    emulator.change({ down: false });
    await until('both links again', () => allUp(one));
    expect(lost()).toBe(0);
  }, 180_000);

  it('follows a path whose address changes', async () => {
    const [old, other] = [receiver(), receiver()];
    const { sender: one } = sender(old.port);
    await until('both links', () => allUp(one));
    for (const id of ['a', 'b']) one.links.setRemote(id, { address: '127.0.0.1', port: other.port });
    await until('both links at the other address', () => other.status(0).groups[0]?.links.length === 2 && allUp(one));
  });
});
