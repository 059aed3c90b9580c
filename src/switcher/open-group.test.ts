import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OpenGroup } from './open-group.ts';
import { headroomBytes, type Unit } from './unit.ts';

function unit(content: Uint8Array, entry: Unit['entry']): Unit {
  const bytes = Buffer.concat([Buffer.alloc(headroomBytes), content]);
  return { kind: 'video', bytes, from: headroomBytes, end: bytes.length, pts: 0, dts: 0, timeless: false, entry, duration: 0 };
}

/** Baseline without reordering: log2_max_frame_num 4, order type 2, one reference; the picture set has variable-length codes. */
const sets = [0, 0, 1, 0x67, 66, 0xc0, 30, 0xf7, 0x05, 0x06, 0x44, 0, 0, 1, 0x68, 0xce, 0x3c, 0x80];

describe('a group of pictures that leans on the one before', () => {
  it('that is not understood is left as it is', () => {
    const group = new OpenGroup();
    expect(group.begin(unit(new Uint8Array([0, 0, 1, 0x41, 1, 2, 3]), 'leading'))).toBeNull();
    const next = unit(new Uint8Array([0, 0, 1, 0x41, 1, 2, 3]), 'none');
    expect(group.follow(next)).toBe(next);
  });

  it('never fails, whatever its bytes are', () => {
    const slice = fc.tuple(fc.constantFrom(0x01, 0x41, 0x61, 0x65, 0x67, 0x68), fc.uint8Array({ maxLength: 60 }));
    fc.assert(
      fc.property(fc.array(slice, { maxLength: 8 }), fc.nat(6), (slices, cut) => {
        const group = new OpenGroup();
        const nals = slices.flatMap(([header, bytes]) => [0, 0, 1, header, ...bytes]);
        const begun = group.begin(unit(new Uint8Array([...sets.slice(0, sets.length - cut), ...nals]), 'leading'));
        const followed = group.follow(unit(new Uint8Array(nals), 'none'));
        for (const one of [begun, followed]) expect(one === null || (one.from >= headroomBytes && one.end <= one.bytes.length)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});
