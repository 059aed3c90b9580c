import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InFlight } from './in-flight.ts';

describe('the packets in flight', () => {
  it('count for the link that carries them until it proves them', () => {
    const table = new InFlight();
    table.sent(1, 0, 10);
    table.sent(2, 1, 11);
    expect(table.counts).toEqual([1, 1]);
    expect(table.proved(1, 1)).toBe(-1);
    expect(table.proved(1, 0)).toBe(10);
    expect(table.proved(1, 0)).toBe(-1);
    expect(table.counts).toEqual([0, 1]);
  });
  it('belong to every link that carries a copy, and are proved by any', () => {
    const table = new InFlight();
    table.sent(7, 0, 1);
    table.sent(7, 2, 1);
    expect(table.ownersOf(7)).toBe(0b101);
    table.proved(7, 2);
    expect(table.counts[0]).toBe(0);
    expect(table.ownersOf(7)).toBe(0);
  });
  it('end with an acknowledgement of everything before, over the wrap of 31 bits too', () => {
    const table = new InFlight();
    table.ackedUpTo(0x7ffffffe);
    for (const sequence of [0x7ffffffe, 0x7fffffff, 0, 1]) table.sent(sequence, 0, 1);
    table.ackedUpTo(1);
    expect(table.counts[0]).toBe(1);
    expect(table.ownersOf(1)).toBe(1);
  });
  it('never count below nothing or above what was sent, whatever comes in what order', () => {
    const step = fc.record({
      what: fc.constantFrom('sent', 'proved', 'acked', 'forget'),
      sequence: fc.oneof(fc.integer({ min: 0, max: 40_000 }), fc.integer({ min: 0, max: 0x7fffffff })),
      link: fc.integer({ min: 0, max: 7 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const table = new InFlight();
        let sent = 0;
        for (const { what, sequence, link } of steps) {
          if (what === 'sent') {
            table.sent(sequence, link, 0);
            sent++;
          } else if (what === 'proved') table.proved(sequence, link);
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
