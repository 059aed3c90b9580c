import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BitWriter } from './bit-writer.ts';
import { Bits } from './bits.ts';

describe('bits that are written', () => {
  it('are read as what they were', () => {
    const number = fc.record({ width: fc.integer({ min: 1, max: 32 }), seed: fc.nat(2 ** 31 - 1) });
    fc.assert(
      fc.property(fc.array(number, { maxLength: 40 }), (numbers) => {
        const writer = new BitWriter(new Uint8Array(600));
        const values = numbers.map(({ width, seed }) => seed % 2 ** width);
        for (const [n, { width }] of numbers.entries()) {
          writer.write(values[n] as number, width);
          writer.ue(values[n] as number);
        }
        const bits = new Bits(writer.bytes, 0, 600);
        for (const [n, { width }] of numbers.entries()) expect([bits.read(width), bits.ue()]).toEqual([values[n], values[n]]);
      }),
    );
  });

  it('are copied from any place to any place', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 30 }), fc.nat(31), fc.nat(31), fc.nat(15), (source, from, cut, before) => {
        const end = source.length * 8 - cut;
        const writer = new BitWriter(new Uint8Array(40));
        writer.write(0, before);
        writer.copy(source, from, end);
        const [read, expected] = [new Bits(writer.bytes, 0, 40), new Bits(source, 0, source.length)];
        read.skip(before);
        expected.skip(from);
        for (let at = from; at < end; at++) expect(read.read(1)).toBe(expected.read(1));
      }),
    );
  });
});
