import { describe, expect, it } from 'vitest';
import { type BitrateInputs, initialBitrate, judgeBitrate, type LinkLoad } from './bitrate.ts';

const limits = { minKbps: 500, maxKbps: 6000 };
const link = (patch: Partial<LinkLoad> = {}): LinkLoad => ({
  good: true,
  kbps: 3000,
  ceiling: false,
  limited: false,
  queued: false,
  rttMs: 40,
  capKbps: 0,
  ...patch,
});
const inputs = (patch: Partial<BitrateInputs> = {}): BitrateInputs => ({
  links: [link(), link()],
  excessMs: 0,
  congested: false,
  hole: false,
  arrivedKbps: 6000,
  programKbps: 6000,
  restKbps: 0,
  latencyMs: 1000,
  strained: false,
  ...patch,
});

/** Time until `done`, in steps of 50 ms; the encoder makes what it is told. */
function climb(fromKbps: number, active: (kbps: number) => number): { kbps: number; tookMs: number } {
  let state = initialBitrate(fromKbps);
  for (let nowMs = 0; nowMs < 20_000; nowMs += 50) {
    ({ state } = judgeBitrate(state, inputs({ programKbps: active(state.kbps) }), limits, nowMs));
    if (state.kbps === limits.maxKbps) return { kbps: state.kbps, tookMs: nowMs };
  }
  return { kbps: state.kbps, tookMs: Number.POSITIVE_INFINITY };
}

describe('the bitrate', () => {
  it('climbs from the floor to 6 Mbit/s within 5 s on links that have it', () => {
    expect(climb(500, (kbps) => kbps).tookMs).toBeLessThanOrEqual(5000);
  });
  it('stays within 1.7 times what the encoder really makes', () => {
    expect(climb(500, () => 1000).kbps).toBeLessThanOrEqual(1700);
  });
  it('falls within two round trips below what the links deliver, and no further than the floor', () => {
    const congested = inputs({ links: [link({ queued: true, kbps: 1000, ceiling: true })], excessMs: 200, congested: true, arrivedKbps: 900 });
    const { state, change } = judgeBitrate(initialBitrate(6000), congested, limits, 1000);
    expect(change).toBe('lower');
    expect(state.kbps).toBeLessThan(800);
    expect(state.kbps).toBeGreaterThanOrEqual(limits.minKbps);
  });
  it('is not moved by delay, by queues or by links that are gone, unless it is proved that they carry too little', () => {
    const late = inputs({ links: [link({ queued: true, kbps: 300, ceiling: true, rttMs: 900 }), link({ good: false })], excessMs: 700 });
    let state = initialBitrate(6000);
    for (let nowMs = 0; nowMs < 5000; nowMs += 50) ({ state } = judgeBitrate(state, late, limits, nowMs));
    expect(state.kbps).toBe(6000);
  });
  it('goes to the floor in a hole, and comes back at once where it was only a pause', () => {
    const hole = judgeBitrate(initialBitrate(6000), inputs({ hole: true, excessMs: 300 }), limits, 1000);
    expect(hole).toMatchObject({ change: 'lower', state: { kbps: limits.minKbps } });
    const waiting = judgeBitrate(hole.state, inputs({ excessMs: 300 }), limits, 1200);
    expect(waiting.state.kbps).toBe(limits.minKbps);
    let { state } = waiting;
    for (let nowMs = 1300; nowMs < 1800; nowMs += 50) ({ state } = judgeBitrate(state, inputs(), limits, nowMs));
    expect(state.kbps).toBeGreaterThanOrEqual(4000);
  });
  describe('when a link dies', () => {
    /** What is made then, of 6000. `was`: how the other one was before, where that is not how it is. */
    const dies = (other: Partial<LinkLoad>, excessMs: number, was: Partial<LinkLoad> = {}) => {
      const { state } = judgeBitrate(initialBitrate(6000), inputs({ links: [link({ ...other, ...was }), link({ kbps: 9000 })] }), limits, 1000);
      return judgeBitrate(state, inputs({ links: [link(other), link({ kbps: 9000, good: false })], excessMs }), limits, 1050).state.kbps;
    };
    it('goes to the floor at once where the others are known to carry far too little', () => {
      expect(dies({ kbps: 1000, limited: true }, 60)).toBe(limits.minKbps);
      expect(dies({ kbps: 1000, limited: true }, 60, { good: false })).toBe(limits.minKbps);
      // A cap is known before anything is carried.
      expect(dies({ kbps: 300, capKbps: 1500 }, 60)).toBe(limits.minKbps);
    });
    it('goes there when much is late where they are known to carry too little', () => {
      expect(dies({ kbps: 3000, limited: true }, 100)).toBe(6000);
      expect(dies({ kbps: 3000, limited: true }, 250)).toBe(limits.minKbps);
    });
    it('is not moved where they may carry it, or nothing is late', () => {
      expect(dies({ kbps: 1000 }, 250)).toBe(6000);
      expect(dies({ kbps: 300, capKbps: 8000 }, 250)).toBe(6000);
      expect(dies({ kbps: 6000, limited: true }, 250)).toBe(6000);
      expect(dies({ kbps: 1000, limited: true }, 40)).toBe(6000);
    });
  });
  it('feels its way up after a hole of seconds', () => {
    let { state } = judgeBitrate(initialBitrate(6000), inputs({ hole: true, excessMs: 300 }), limits, 1000);
    for (let nowMs = 4000; nowMs < 5000; nowMs += 50) ({ state } = judgeBitrate(state, inputs(), limits, nowMs));
    expect(state.kbps).toBeLessThan(1500);
  });
  it('stops below what the links are known to carry', () => {
    const known = inputs({ links: [link({ ceiling: true, kbps: 2000 }), link({ ceiling: true, kbps: 1000 })] });
    let state = initialBitrate(1000);
    for (let nowMs = 0; nowMs < 20_000; nowMs += 50) ({ state } = judgeBitrate(state, known, limits, nowMs));
    expect(state.kbps).toBeLessThan(3000);
  });
  it('goes down when the box is strained, and does nothing without a link', () => {
    expect(judgeBitrate(initialBitrate(6000), inputs({ strained: true }), limits, 0).state.kbps).toBe(4200);
    expect(judgeBitrate(initialBitrate(6000), inputs({ links: [link({ good: false })] }), limits, 0).state.kbps).toBe(6000);
  });
});
