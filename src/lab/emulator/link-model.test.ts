import { describe, expect, it } from 'vitest';
import { LinkModel, type LinkProfile } from './link-model.ts';
import { makeTrace, profiles } from './profiles.ts';

const model = (patch: Partial<LinkProfile>, seed = 1) => new LinkModel({ ...profiles.perfect, ...patch }, seed);

/** Offers `kbps` in packets of 1000 bytes for `seconds`; returns what left within the time and the waits. */
function offer(link: LinkModel, kbps: number, seconds: number) {
  const waits: number[] = [];
  let bytes = 0;
  const everyMs = 8000 / kbps;
  for (let nowMs = 0; nowMs < seconds * 1000; nowMs += everyMs) {
    const leave = link.enter(1000, nowMs);
    if (typeof leave !== 'number') continue;
    waits.push(leave - nowMs);
    if (leave < seconds * 1000) bytes += 1028;
  }
  return { kbps: (bytes * 8) / seconds / 1000, waits };
}

describe('the link model', () => {
  it('delays by the delay alone while there is room', () => {
    expect(offer(model({ delayMs: 20 }), 1000, 2).waits.every((wait) => Math.abs(wait - 20) < 1e-6)).toBe(true);
  });
  it('carries its rate and no more, and drops what its queue cannot hold', () => {
    const { kbps, waits } = offer(model({ rateKbps: 6000, queueBytes: 75_000 }), 9000, 20);
    expect(kbps).toBeGreaterThan(5900);
    expect(kbps).toBeLessThan(6001);
    expect(Math.max(...waits)).toBeLessThanOrEqual((75_000 * 8) / 6000 + 0.01);
  });
  it('loses by chance what it is told to, the same with the same seed', () => {
    const lost = (seed: number) => 10_000 - offer(model({ lossPercent: 5 }, seed), 8000, 10).waits.length;
    expect(lost(1)).toBeGreaterThan(400);
    expect(lost(1)).toBeLessThan(600);
    expect(lost(1)).toBe(lost(1));
  });
  it('loses in bursts', () => {
    const link = model({ burst: { enterPercent: 1, leavePercent: 20, lossPercent: 100 } });
    let runs = 0;
    let lost = 0;
    let before = false;
    for (let i = 0; i < 20_000; i++) {
      const isLost = link.enter(1000, i) === 'burst';
      if (isLost) lost++;
      if (isLost && !before) runs++;
      before = isLost;
    }
    expect(lost / runs).toBeGreaterThan(3.5);
    expect(lost / runs).toBeLessThan(7);
  });
  it('keeps packets in order under jitter', () => {
    const link = model({ delayMs: 50, jitterMs: 15 });
    let last = 0;
    for (let nowMs = 0; nowMs < 1000; nowMs++) {
      const leave = link.enter(100, nowMs) as number;
      expect(leave).toBeGreaterThanOrEqual(last);
      last = leave;
    }
  });
  it('passes nothing while it is down', () => {
    expect(model({ down: true }).enter(10, 0)).toBe('down');
  });
  it('follows a trace, whose unused opportunities are gone', () => {
    const link = model({ traceMs: [10, 20, 30] });
    expect(link.enter(1472, 0)).toBe(10);
    expect(link.enter(1472, 0)).toBe(20);
    expect(link.enter(1472, 35)).toBe(40);
    expect(link.enter(700, 41)).toBe(50);
    expect(link.enter(700, 41)).toBe(50);
  });
  it('carries the mean of a made trace', () => {
    const traceMs = makeTrace(3, 60, 4000);
    const mean = (traceMs.length * 12_000) / 60 / 1000;
    expect(offer(model({ traceMs, queueBytes: 200_000 }), 20_000, 60).kbps / mean).toBeGreaterThan(0.95);
  });
});
