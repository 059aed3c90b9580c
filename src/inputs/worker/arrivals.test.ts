import { describe, expect, it } from 'vitest';
import { ArrivalCounter } from './arrivals.ts';

/** `control`: 0x10 for a payload, 0x20 for an adaptation field, and the counter. */
const packet = (pid: number, control: number, flags = 0): Buffer => {
  const made = Buffer.alloc(188, 0xff);
  made.set([0x47, pid >> 8, pid & 0xff, control, 1, flags]);
  return made;
};

describe('the counter of arrivals', () => {
  it('counts each hole once, on each PID by itself, over the turn of the counter', () => {
    const counter = new ArrivalCounter();
    counter.add(Buffer.concat([14, 15, 0, 1, 3, 4].flatMap((one) => [packet(256, 0x10 | one), packet(257, 0x10 | (one & 7))])));
    expect(counter.continuityErrors).toBe(1 + 2);
    expect(counter.bytes).toBe(12 * 188);
  });

  it('takes no duplicate, null packet, bare adaptation field or announced jump for a hole', () => {
    const counter = new ArrivalCounter();
    counter.add(Buffer.concat([packet(256, 0x15), packet(256, 0x15), packet(256, 0x25), packet(8191, 0x11), packet(8191, 0x19), packet(256, 0x3b, 0x80)]));
    expect(counter.continuityErrors).toBe(0);
  });

  it('survives what is no MPEG-TS', () => {
    const counter = new ArrivalCounter();
    counter.add(Buffer.from('not a packet'));
    counter.add(Buffer.alloc(188 * 3, 0x46));
    expect(counter).toMatchObject({ continuityErrors: 0, bytes: 12 + 188 * 3 });
  });
});
