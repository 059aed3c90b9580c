import { describe, expect, it } from 'vitest';
import { inOrder } from '../resolve.ts';
import { CountedRate } from './path-status.ts';
import { Replay } from './replay.ts';
import { Silence } from './silence.ts';

const payload = (n: number, length = 1316): Buffer => Buffer.alloc(length, n);

describe('what was sent last', () => {
  it('is given again in order, as much as is asked for and there is', () => {
    const replay = new Replay(8);
    for (let n = 1; n <= 5; n++) replay.keep(payload(n), 0, 1316, 0);
    const given: number[] = [];
    expect(replay.last(3, 0, 0, (bytes, offset) => given.push(bytes[offset] as number))).toBe(3);
    expect(replay.last(99, 0, 0, (bytes, offset) => given.push(bytes[offset] as number))).toBe(5);
    expect(given).toEqual([3, 4, 5, 1, 2, 3, 4, 5]);
  });
  it('is given with its age, and not to a connection that had it already', () => {
    const replay = new Replay(8);
    for (let n = 1; n <= 5; n++) replay.keep(payload(n), 0, 1316, 10 * n);
    const given: number[][] = [];
    expect(replay.last(4, 3, 100, (bytes, offset, _, agoMs) => given.push([bytes[offset] as number, agoMs]))).toBe(2);
    expect(given).toEqual([
      [4, 60],
      [5, 50],
    ]);
    expect(replay.last(2, replay.count, 100, () => given.push([]))).toBe(0);
  });
  it('is overwritten by what comes later, and keeps its length', () => {
    const replay = new Replay(4);
    for (let n = 1; n <= 11; n++) replay.keep(payload(n), 0, 188 * (1 + (n % 7)), 0);
    const given: [number, number][] = [];
    replay.last(100, 0, 0, (bytes, offset, length) => given.push([bytes[offset] as number, length]));
    expect(given).toEqual([8, 9, 10, 11].map((n) => [n, 188 * (1 + (n % 7))]));
  });
});

describe('the silence of a connection', () => {
  const stats = (acks: number, waiting: number, rttMs = 40, dropped = 0) => ({
    acksReceived: acks,
    naksReceived: 0,
    sendBufferPackets: waiting,
    sendDroppedPackets: dropped,
    rttMs,
  });
  it('begins when acknowledgements stop while something waits for them', () => {
    const silence = new Silence();
    silence.reset(0);
    for (let ms = 0; ms <= 100; ms += 10) silence.observe(stats(ms, 20), ms);
    expect(silence.ms(100)).toBe(0);
    for (let ms = 110; ms <= 300; ms += 10) silence.observe(stats(100, 30), ms);
    expect(silence.ms(300)).toBe(200);
    expect(silence.ms(300)).toBeGreaterThan(silence.msMax);
  });
  it('does not count a time in which nobody looked: it was this process that was held up', () => {
    const silence = new Silence();
    silence.reset(0);
    for (let ms = 0; ms <= 100; ms += 10) silence.observe(stats(ms, 20), ms);
    for (let ms = 110; ms <= 150; ms += 10) silence.observe(stats(100, 20), ms);
    silence.observe(stats(100, 20), 400);
    silence.observe(stats(100, 20), 410);
    expect(silence.ms(410)).toBe(60);
  });
  it('is none while there is nothing to acknowledge', () => {
    const silence = new Silence();
    silence.reset(0);
    for (let ms = 0; ms <= 5000; ms += 10) silence.observe(stats(7, 0), ms);
    expect(silence.ms(5000)).toBe(0);
  });
  it('goes on when what waited was given up as too late', () => {
    const silence = new Silence();
    silence.reset(0);
    silence.observe(stats(7, 20), 0);
    for (let ms = 10; ms <= 3000; ms += 10) silence.observe(stats(7, ms % 300 === 0 ? 0 : 20, 40, Math.floor(ms / 300)), ms);
    expect(silence.ms(3000)).toBe(3000);
  });
  it('leaves owed what waits and what was given up since', () => {
    const silence = new Silence();
    silence.reset(0);
    silence.observe(stats(7, 20, 40, 3), 0);
    for (let ms = 10; ms <= 1500; ms += 10) silence.observe(stats(7, 150, 40, 3 + Math.floor(ms / 100)), ms);
    expect(silence.owed(stats(7, 150, 40, 18))).toBe(165);
    silence.observe(stats(8, 10, 40, 18), 1510);
    expect(silence.owed(stats(8, 10, 40, 18))).toBe(10);
  });
  it('is judged in round trips, and never below what a busy machine needs', () => {
    const silence = new Silence();
    silence.observe(stats(1, 1, 300), 0);
    expect(silence.msMax).toBe(900);
    silence.observe(stats(1, 1, 2), 0);
    expect(silence.msMax).toBe(75);
  });
});

it('a rate is that of the last whole second, and starts anew with another connection', () => {
  const rate = new CountedRate();
  for (const [bytes, ms] of [
    [0, 0],
    [0, 1000],
    [125_000, 2000],
    [200_000, 2500],
  ] as const)
    rate.observe(bytes, ms);
  expect(rate.kbps).toBe(1000);
  rate.observe(10, 3600);
  expect(rate.kbps).toBe(0);
});

it('a name’s addresses are taken in the order in which the interface can reach them', () => {
  const both = ['192.0.2.1', '2001:db8::1'];
  expect(inOrder(both, [])).toEqual(both);
  expect(inOrder(both, ['10.0.0.2'])).toEqual(both);
  expect(inOrder(both, ['2001:db8:0:0:0:0:0:7'])).toEqual(['2001:db8::1', '192.0.2.1']);
});
