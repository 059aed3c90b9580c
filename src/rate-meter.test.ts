import { describe, expect, it } from 'vitest';
import { RateMeter } from './rate-meter.ts';

describe('the rate meter', () => {
  it('reads what a steady stream carries', () => {
    const meter = new RateMeter();
    for (let nowMs = 1_000_000; nowMs < 1_002_000; nowMs += 10) meter.add(1250, nowMs);
    expect(meter.kbps(1_001_999)).toBe(1000);
  });
  it('falls to nothing within a second of silence, and survives a long one', () => {
    const meter = new RateMeter();
    meter.add(100_000, 500);
    expect(meter.kbps(600)).toBe(800);
    expect(meter.kbps(1500)).toBe(0);
    expect(meter.kbps(9e9)).toBe(0);
  });
});
