import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InFlight } from './in-flight.ts';

describe('the packets in flight', () => {
  it('count for the link that carries them until it proves them', () => {
    const table = new InFlight();
    table.sent(1, 0);
    table.sent(2, 1);
    expect(table.counts).toEqual([1, 1]);
    expect(table.proved(1, 1)).toBe(false);
    expect(table.proved(1, 0)).toBe(true);
    expect(table.proved(1, 0)).toBe(false);
    expect(table.counts).toEqual([0, 1]);
  });
  it('belong to every link that carries a copy, and each proves its own', () => {
    const table = new InFlight();
    table.sent(7, 0);
    table.sent(7, 2);
    expect(table.ownersOf(7)).toBe(0b101);
    table.proved(7, 2);
    expect(table.counts).toEqual([1, undefined, 0]);
    expect(table.ownersOf(7)).toBe(0b001);
    expect(table.carriersOf(7)).toBe(0b101);
  });
  it('still count as proved by a slow link when the acknowledgement of a fast one came first', () => {
    const table = new InFlight();
    for (const sequence of [1, 2, 3]) table.sent(sequence, sequence === 2 ? 1 : 0);
    table.ackedUpTo(4);
    expect(table.counts).toEqual([0, 0]);
    expect(table.proved(2, 1)).toBe(true);
    expect(table.proved(2, 0)).toBe(false);
    expect(table.counts).toEqual([0, 0]);
  });
  it('tell who carried what is reported missing, once, and whether it was only late', () => {
    const table = new InFlight();
    table.sent(5, 1);
    expect(table.reported(5)).toBe(0b10);
    expect(table.reported(5)).toBe(0);
    expect(table.counts[1]).toBe(0);
    expect(table.wasReported(5, 1)).toBe(true);
    expect(table.proved(5, 1)).toBe(true);
  });
  it('take no acknowledgement of what was never sent', () => {
    const table = new InFlight();
    table.sent(10, 0);
    table.ackedUpTo(1_000_000);
    expect(table.counts[0]).toBe(1);
    table.ackedUpTo(11);
    expect(table.counts[0]).toBe(0);
  });
  it('end with an acknowledgement of everything before, over the wrap of 31 bits too', () => {
    const table = new InFlight();
    table.ackedUpTo(0x7ffffffe);
    for (const sequence of [0x7ffffffe, 0x7fffffff, 0, 1]) table.sent(sequence, 0);
    table.ackedUpTo(1);
    expect(table.counts[0]).toBe(1);
    expect(table.ownersOf(1)).toBe(1);
  });
  it('never count below nothing or above what was sent, whatever comes in what order', () => {
    const step = fc.record({
      what: fc.constantFrom('sent', 'proved', 'reported', 'acked', 'forget'),
      sequence: fc.oneof(fc.integer({ min: 0, max: 40_000 }), fc.integer({ min: 0, max: 0x7fffffff })),
      link: fc.integer({ min: 0, max: 7 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const table = new InFlight();
        let sent = 0;
        for (const { what, sequence, link } of steps) {
          if (what === 'sent') {
            table.sent(sequence, link);
            sent++;
          } else if (what === 'proved') table.proved(sequence, link);
          else if (what === 'reported') table.reported(sequence);
          else if (what === 'acked') table.ackedUpTo(sequence);
          else table.forget(link);
          for (const count of table.counts) if (count !== undefined) expect(count).toBeGreaterThanOrEqual(0);
          expect(table.counts.reduce((sum, count) => sum + (count ?? 0), 0)).toBeLessThanOrEqual(sent);
        }
      }),
      { seed: 21 },
    );
  });
});
