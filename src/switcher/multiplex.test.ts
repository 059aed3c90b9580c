import { expect, it } from 'vitest';
import { packetBytes, pcrOf } from './mpegts/packet.ts';
import { Multiplex } from './multiplex.ts';
import { headroomBytes, type Unit } from './unit.ts';

function picture(dts: number): Unit {
  return {
    kind: 'video',
    bytes: Buffer.alloc(headroomBytes + 400),
    from: headroomBytes,
    end: headroomBytes + 400,
    pts: dts,
    dts,
    timeless: false,
    entry: 'none',
    duration: 3000,
  };
}

it('writes no clock reference twice, though a picture comes within a part of a tick after one that went alone', () => {
  const references: number[] = [];
  const multiplex = new Multiplex((buffer, offset, length) => {
    for (let at = offset; at < offset + length; at += packetBytes) if (pcrOf(buffer, at) >= 0) references.push(pcrOf(buffer, at));
  });
  multiplex.describe({ pid: 0x100, type: 0x1b, kind: 'h264', descriptors: new Uint8Array() }, null);
  multiplex.write(picture(90_000), 90_000, 90_000, 1000);
  // 3150.36 ticks later, and a picture 3150.49 later: 3150 as both are written.
  multiplex.turn(1035.004, false);
  multiplex.write(picture(93_150.49), 93_150.49, 93_150.49, 1035.1);
  multiplex.write(picture(96_000), 96_000, 96_000, 1066);
  multiplex.flush();
  expect(references.map((pcr) => pcr / 300 - (references[0] ?? 0) / 300)).toEqual([0, 3150, 6000]);
});
