import { describe, expect, it } from 'vitest';
import { leastLost } from './bound.ts';

/** An opportunity each `everyMs`, from `fromMs` to `toMs`. */
const steady = (everyMs: number, fromMs: number, toMs: number): number[] =>
  Array.from({ length: Math.floor((toMs - fromMs) / everyMs) }, (_, index) => fromMs + index * everyMs);
/** 12 Mbit/s but for a hole. */
const withHole = (fromMs: number, toMs: number): number[] => [...steady(1, 0, fromMs), ...steady(1, toMs, 20_000)];
const options = { fromMs: 0, toMs: 20_000, latencyMs: 2000, minKbps: 500, maxKbps: 6000 };

describe('how many pictures nobody can save', () => {
  it('are none on links that carry the program', () => {
    expect(leastLost({ ...options, traces: [steady(2, 0, 20_000)] })).toMatchObject({ lost: 0, damaged: 0 });
  });
  it('are none in a hole that is shorter than the latency, and delivers the most beside it', () => {
    const bound = leastLost({ ...options, traces: [withHole(5000, 6900)] });
    expect(bound).toMatchObject({ lost: 0, damaged: 0 });
    expect(bound.kbps).toBeGreaterThan(5900);
  });
  it('are those that are made while all of their time lies in the hole', () => {
    // 30 a second; what is made in the first second of the hole has its end in it. The key frame after that is just in time.
    const { lost, damaged } = leastLost({ ...options, traces: [withHole(5000, 7980)] });
    expect(lost).toBeGreaterThanOrEqual(28);
    expect(lost).toBeLessThanOrEqual(31);
    expect(damaged).toBeGreaterThanOrEqual(lost);
    expect(damaged).toBeLessThanOrEqual(31);
  });
  it('are more when a picture needs those before it: the rest of its group is damaged', () => {
    // From 5.5 to 7.75 s: the time of a quarter of a second's pictures, in the middle of a group, lies in the hole.
    const { lost, damaged } = leastLost({ ...options, traces: [withHole(5500, 7750)] });
    expect(lost).toBeLessThanOrEqual(8);
    expect(damaged).toBeGreaterThanOrEqual(14);
    expect(damaged).toBeLessThanOrEqual(16);
  });
  it('are as many as links lack that carry half of the least', () => {
    const { pictures, lost } = leastLost({ ...options, traces: [steady(48, 0, 20_000)] });
    // The large ones, the key frames, are given up first.
    expect(lost / pictures).toBeGreaterThan(0.25);
    expect(lost / pictures).toBeLessThan(0.5);
  });
  it('are fewer with a second link, and with a smaller least', () => {
    const one = leastLost({ ...options, traces: [steady(48, 0, 20_000)] });
    expect(leastLost({ ...options, traces: [steady(48, 0, 20_000), steady(48, 0, 20_000)] }).lost).toBeLessThan(one.lost);
    expect(leastLost({ ...options, minKbps: 250, traces: [steady(48, 0, 20_000)] }).lost).toBe(0);
  });
});
