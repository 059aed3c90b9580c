import { describe, expect, it } from 'vitest';
import { packetBytesUsual } from './capacity.ts';
import { Carrier } from './carrier.ts';

const latencyMs = 1000;

/** A second in which the link is given `sent` packets, of which so many are lost. */
function second(carrier: Carrier, sent: number, lost: number, nowMs: number): void {
  for (let n = 0; n < sent; n++) carrier.given();
  for (let n = 0; n < lost; n++) carrier.lost();
  carrier.second(nowMs);
}

function fresh(): Carrier {
  const carrier = new Carrier({ priority: 10, capKbps: 0, metered: false }, () => latencyMs);
  carrier.accepted(0);
  return carrier;
}

describe('what a link loses', () => {
  it('is no limit where radio lost two bursts of the little that it was given', () => {
    const carrier = fresh();
    second(carrier, 44, 9, 1000);
    expect(carrier.lossPct).toBeGreaterThan(5);
    expect(carrier.capacity.ceilingKnown(1000)).toBe(false);
  });

  it('is a limit where it loses a third of much, at what got through', () => {
    const carrier = fresh();
    second(carrier, 300, 100, 1000);
    expect(carrier.capacity.ceilingKnown(1000)).toBe(true);
    const arrivedKbps = (200 * packetBytesUsual * 8) / 1000;
    expect(carrier.capacity.kbps).toBeCloseTo(0.9 * arrivedKbps);
    expect(carrier.capacity.paceKbps(1000)).toBeLessThan(1.25 * arrivedKbps);
  });

  it('is a limit of a link that carries 500 kbit/s and drops the rest', () => {
    const carrier = fresh();
    second(carrier, 94, 47, 1000);
    expect(carrier.capacity.kbps).toBeCloseTo((0.9 * 47 * packetBytesUsual * 8) / 1000);
  });
});
