import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Packetizer } from './packetizer.ts';

/** A stream of `count` packets on one PID with running continuity counters and recognisable bytes. */
function stream(count: number): Buffer {
  const bytes = Buffer.alloc(count * 188);
  for (let index = 0; index < count; index++) {
    bytes.fill(index & 0x3f, index * 188, (index + 1) * 188);
    bytes.set([0x47, 0x01, 0x00, 0x10 | (index & 0x0f)], index * 188);
  }
  return bytes;
}

function collect() {
  const payloads: Buffer[] = [];
  const packetizer = new Packetizer((buffer, offset, length) => payloads.push(Buffer.from(buffer.subarray(offset, offset + length))));
  return { packetizer, payloads };
}

describe('the packetizer', () => {
  it('hands on every byte in order, however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 40 }), (cuts) => {
        const source = stream(60);
        const { packetizer, payloads } = collect();
        let at = 0;
        for (const cut of [...cuts, source.length]) {
          packetizer.push(source.subarray(at, at + cut), 0);
          at = Math.min(at + cut, source.length);
        }
        packetizer.flush();
        expect(Buffer.concat(payloads).equals(source)).toBe(true);
        expect(payloads.every(({ length }) => length % 188 === 0 && length <= 1316)).toBe(true);
        expect(packetizer.continuityErrors).toBe(0);
        expect(packetizer.packets).toBe(60);
      }),
      { seed: 11 },
    );
  });

  it('finds the packets again after garbage, and counts it', () => {
    const { packetizer, payloads } = collect();
    packetizer.push(Buffer.concat([Buffer.from([1, 2, 3]), stream(7), Buffer.from([9, 9]), stream(7)]), 0);
    packetizer.flush();
    expect(Buffer.concat(payloads).length).toBe(14 * 188);
    expect(packetizer.skippedBytes).toBe(5);
  });

  it('counts a lost packet once and lets a duplicate pass', () => {
    const source = stream(10);
    const { packetizer } = collect();
    packetizer.push(Buffer.concat([source.subarray(0, 3 * 188), source.subarray(2 * 188, 5 * 188), source.subarray(6 * 188)]), 0);
    expect(packetizer.continuityErrors).toBe(1);
  });

  it('survives any bytes, and never hands on a packet that does not begin with the sync byte', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 1000 }), { maxLength: 20 }), (chunks) => {
        const { packetizer, payloads } = collect();
        for (const chunk of chunks) packetizer.push(Buffer.from(chunk), 0);
        packetizer.flush();
        for (const payload of payloads) for (let at = 0; at < payload.length; at += 188) expect(payload[at]).toBe(0x47);
      }),
      { seed: 12 },
    );
  });
});
