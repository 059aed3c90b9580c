/** The binding against the real libsrt, both ends in this process. */
import { readdirSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { SrtError } from '../../src/uplink/srt/errors.ts';
import { ReceiveBatch } from '../../src/uplink/srt/memory.ts';
import type { SrtOptions } from '../../src/uplink/srt/options.ts';
import { SrtSocket } from '../../src/uplink/srt/socket.ts';
import { until } from './processes.ts';

const open: SrtSocket[] = [];
const keep = (socket: SrtSocket): SrtSocket => {
  open.push(socket);
  return socket;
};
afterEach(() => Promise.all(open.splice(0).map((socket) => socket.close())));

const batch = new ReceiveBatch();

function listen(options: SrtOptions = {}): SrtSocket {
  const listener = keep(SrtSocket.open({ latencyMs: 60, ...options }));
  listener.bind('127.0.0.1', 0);
  listener.listen(4);
  return listener;
}

function call(listener: SrtSocket, options: SrtOptions = {}): SrtSocket {
  const caller = keep(SrtSocket.open({ latencyMs: 60, connectTimeoutMs: 20_000, ...options }));
  caller.connect('127.0.0.1', listener.localPort());
  return caller;
}

async function connected(listener: SrtSocket, caller: SrtSocket): Promise<SrtSocket> {
  const accepted = keep(await until('the connection', () => listener.accept()));
  await until('the caller to know', () => caller.state() === 'connected');
  return accepted;
}

async function receiveAll(socket: SrtSocket, count: number): Promise<Buffer[]> {
  const payloads: Buffer[] = [];
  await until(`${count} payloads`, () => {
    const received = socket.receive(batch);
    for (let i = 0; i < received; i++) payloads.push(Buffer.from(batch.bytes.subarray(batch.offsetOf(i), batch.offsetOf(i) + (batch.lengths[i] as number))));
    return payloads.length >= count;
  });
  return payloads;
}

const payload = (n: number, length = 1316): Buffer => Buffer.alloc(length, n & 0xff);

describe('the libsrt binding', () => {
  it.each([
    ['in the clear', {}],
    ['encrypted', { passphrase: 'a-good-passphrase', keyLengthBits: 256 as const }],
  ])('carries payloads %s, with the stream id, and counts what it carried', async (_, secret) => {
    const listener = listen(secret);
    const caller = call(listener, { ...secret, streamId: 'cam-7' });
    const accepted = await connected(listener, caller);
    expect(accepted.streamId()).toBe('cam-7');
    expect(accepted.peer?.address).toBe('127.0.0.1');
    const sent = Array.from({ length: 200 }, (_, n) => payload(n, 188 * (1 + (n % 7))));
    for (const one of sent) expect(caller.send(one, 0, one.length)).toBe('sent');
    expect(await receiveAll(accepted, 200)).toEqual(sent);
    // libsrt counts 44 bytes of IPv4, UDP and SRT headers with each packet.
    const bytes = sent.reduce((sum, one) => sum + one.length + 44, 0);
    const [out, into] = [caller.stats(), accepted.stats()];
    expect(out).toMatchObject({ sentUniquePackets: 200, sendDroppedPackets: 0 });
    expect(into).toMatchObject({ receivedUniquePackets: 200, receiveDroppedPackets: 0, undecryptedPackets: 0 });
    expect(Math.abs((out?.sentUniqueBytes ?? 0) - bytes)).toBeLessThanOrEqual(200 * 16);
    expect(out?.sendLatencyMs).toBe(60);
    expect(out?.rttMs).toBeGreaterThan(0);
    expect(out?.rttMs).toBeLessThan(1000);
    expect(out?.ageMs).toBeLessThan(60_000);
  });

  it('tells a wrong passphrase from an unreachable listener', async () => {
    const listener = listen({ passphrase: 'a-good-passphrase' });
    const wrong = call(listener, { passphrase: 'another-passphrase' });
    await until('the refusal', () => wrong.state() === 'broken' || wrong.state() === 'closed');
    expect(wrong.rejection().reason).toBe('bad-secret');
    const nobody = keep(SrtSocket.open({ connectTimeoutMs: 300 }));
    nobody.connect('127.0.0.1', 9);
    await until('the time-out', () => nobody.state() === 'broken' || nobody.state() === 'closed');
    expect(nobody.rejection().reason).toBe('unreachable');
  });

  it('answers "full" and never waits when the buffer is', async () => {
    const listener = listen({ latencyMs: 3000 });
    const caller = call(listener, { latencyMs: 3000, flightWindowPackets: 64, sendBufferBytes: 64 * 1472, tooLatePacketDrop: false });
    await connected(listener, caller);
    const started = performance.now();
    const results = Array.from({ length: 4000 }, (_, n) => caller.send(payload(n), 0, 1316));
    expect(results).toContain('full');
    expect(results).not.toContain('broken');
    // Nobody reads: a call that waited would wait for ever. Four thousand take 20 ms on a machine that does not stop.
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('survives every use after a close, and a close twice', async () => {
    const listener = listen();
    const caller = call(listener);
    const accepted = await connected(listener, caller);
    await Promise.all([caller.close(), caller.close()]);
    expect(caller.handle).toBe(-1);
    expect([
      caller.state(),
      caller.send(payload(1), 0, 1316),
      caller.receive(batch),
      caller.stats(),
      caller.streamId(),
      caller.localPort(),
      caller.accept(),
    ]).toEqual(['closed', 'broken', -1, null, '', 0, null]);
    for (const use of [() => caller.bind('127.0.0.1', 0), () => caller.listen(1), () => caller.connect('127.0.0.1', 9)]) expect(use).toThrow(SrtError);
    await until('the other end to notice', () => accepted.receive(batch) === -1);
  });

  it('hands out what a connection that has ended still holds, to who goes on asking', async () => {
    const listener = listen({ latencyMs: 600 });
    const caller = call(listener, { latencyMs: 600 });
    const accepted = await connected(listener, caller);
    for (let n = 0; n < 50; n++) {
      expect(caller.send(payload(n), 0, 1316)).toBe('sent');
      await new Promise((resolve) => setTimeout(resolve, 4));
    }
    await caller.close();
    await until('the other end to notice', () => accepted.receive(batch) === -1, 550);
    const received = await receiveAll(accepted, 50);
    expect(received.map((bytes) => bytes[0])).toEqual(Array.from({ length: 50 }, (_, n) => n));
  });

  it('hands a payload out as much earlier as it was made before it was sent, and numbers what it hands out', async () => {
    const listener = listen({ latencyMs: 800 });
    const caller = call(listener, { latencyMs: 800 });
    const accepted = await connected(listener, caller);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(caller.sendLate(payload(0), 0, 1316, 60_000)).toBe('broken');
    const startMs = performance.now();
    for (let n = 1; n <= 3; n++) expect(caller.sendLate(payload(n), 0, 1316, 500 - n)).toBe('sent');
    expect(caller.send(payload(4), 0, 1316)).toBe('sent');
    expect((await receiveAll(accepted, 3)).map((bytes) => bytes[0])).toEqual([1, 2, 3]);
    const earlyMs = performance.now() - startMs;
    const numbers = [batch.sequences[0] as number];
    expect((await receiveAll(accepted, 1)).map((bytes) => bytes[0])).toEqual([4]);
    numbers.push(batch.sequences[0] as number);
    const lateMs = performance.now() - startMs;
    expect(earlyMs).toBeGreaterThan(200);
    expect(lateMs - earlyMs).toBeGreaterThan(300);
    expect((numbers[1] as number) - (numbers[0] as number)).toBeGreaterThan(0);
    expect(caller.state()).toBe('connected');
  });

  it('refuses arguments that would reach past a buffer', async () => {
    const listener = listen();
    const caller = call(listener);
    await connected(listener, caller);
    for (const [offset, length] of [
      [-1, 10],
      [0, 0],
      [0, 1457],
      [1300, 100],
    ] as const)
      for (const result of [caller.send(payload(1), offset, length), caller.sendLate(payload(1), offset, length, 1)]) expect(result).toBe('broken');
    expect(caller.state()).toBe('connected');
    expect(() => keep(SrtSocket.open({ passphrase: 'short' }))).toThrow(SrtError);
  });

  it('gives back everything: a thousand sockets opened and closed', async () => {
    const descriptors = () => readdirSync('/proc/self/fd').length;
    const round = async (count: number) => {
      for (let n = 0; n < count; n += 20) {
        const sockets = Array.from({ length: 20 }, () => SrtSocket.open({ latencyMs: 100 }));
        for (const socket of sockets) socket.bind('127.0.0.1', 0);
        await Promise.all(sockets.map((socket) => socket.close()));
      }
    };
    await round(100);
    const [before, rss] = [descriptors(), process.memoryUsage.rss()];
    await round(1000);
    await until('the descriptors', () => descriptors() <= before + 12);
    expect(process.memoryUsage.rss() - rss).toBeLessThan(150e6);
  });
});
