import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linksMax, Packets } from './packets.ts';

const bytes = Buffer.alloc(1332);
const table = () => new Packets(256);
const take = (packets: Packets, sequence: number) => packets.take(sequence, bytes, 0, bytes.length, 0);

describe('the packets that the receiver may lack', () => {
  it('count for the link that carries them until it proves them', () => {
    const packets = table();
    packets.sent(take(packets, 1), 0, 5);
    packets.sent(take(packets, 2), 1, 5);
    expect(packets.proved(1, 1)).toBe(-1);
    expect(packets.proved(1, 0)).toBe(packets.slotOf(1));
    expect(packets.proved(1, 0)).toBe(-1);
    expect([...packets.inFlight.slice(0, 2)]).toEqual([0, 1]);
  });
  it('still count as proved by a slow link when the acknowledgement of a fast one came first', () => {
    const packets = table();
    for (const sequence of [1, 2, 3]) packets.sent(take(packets, sequence), sequence === 2 ? 1 : 0, 0);
    packets.ackUpTo(4);
    expect([...packets.inFlight.slice(0, 2)]).toEqual([0, 0]);
    expect(packets.proved(2, 1)).toBe(packets.slotOf(2));
    expect([...packets.inFlight.slice(0, 2)]).toEqual([0, 0]);
  });
  it('take no acknowledgement of what was never sent, and wrap at 31 bits', () => {
    const packets = table();
    for (const sequence of [0x7ffffffe, 0x7fffffff, 0, 1]) packets.sent(take(packets, sequence), 0, 0);
    packets.ackUpTo(1_000_000);
    expect(packets.inFlight[0]).toBe(4);
    packets.ackUpTo(1);
    expect(packets.inFlight[0]).toBe(1);
  });
  it('never count below nothing or lose count, whatever comes in what order', () => {
    const step = fc.record({
      what: fc.constantFrom('take', 'sent', 'proved', 'lost', 'acked', 'forget'),
      sequence: fc.oneof(fc.integer({ min: 0, max: 600 }), fc.integer({ min: 0, max: 0x7fffffff })),
      link: fc.integer({ min: 0, max: linksMax - 1 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const packets = table();
        for (const { what, sequence, link } of steps) {
          const slot = packets.slotOf(sequence);
          if (what === 'take' && slot < 0) take(packets, sequence);
          else if (what === 'sent' && slot >= 0) packets.sent(slot, link, 1);
          else if (what === 'proved') packets.proved(sequence, link);
          else if (what === 'lost' && slot >= 0) packets.lost(slot, 1 << link);
          else if (what === 'acked') packets.ackUpTo(sequence);
          else if (what === 'forget') packets.forget(link);
          for (let one = 0; one < linksMax; one++) {
            let carried = 0;
            for (let at = 0; at < packets.slots; at++) if ((packets.underWay(at) & (1 << one)) !== 0) carried++;
            expect(packets.inFlight[one]).toBe(carried);
            expect(packets.inFlightBytes[one]).toBe(carried * bytes.length);
          }
        }
      }),
      { seed: 21, numRuns: 30 },
    );
  });
});
