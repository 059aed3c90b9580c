import { describe, expect, it } from 'vitest';
import { Held } from './held.ts';

const packetBytes = 1332;

describe('what a link may still hold', () => {
  it('is what was sent since the newest that has got there', () => {
    const held = new Held();
    for (let ms = 0; ms < 10; ms++) held.sent(packetBytes, ms);
    held.passed(6);
    expect(held.bytes).toBe(3 * packetBytes);
    held.passed(9);
    expect(held.bytes).toBe(0);
  });
  it('never loses count, whatever is sent and answered', () => {
    const held = new Held();
    for (let ms = 0; ms < 2000; ms++) {
      held.sent(packetBytes, ms);
      if (ms % 700 === 699) held.passed(ms - 100);
    }
    held.passed(2000);
    expect(held.bytes).toBe(0);
  });
  it('may be more as more gets there, and a quarter after a stall, once', () => {
    const held = new Held();
    const first = held.bytesMax;
    for (let ms = 0; ms < 100; ms++) {
      held.sent(packetBytes, ms);
      held.passed(ms - 40);
    }
    expect(held.bytesMax).toBeGreaterThan(first);
    const before = held.bytesMax;
    held.judge(true, Number.POSITIVE_INFINITY);
    held.judge(true, Number.POSITIVE_INFINITY);
    expect(held.bytesMax).toBe(before / 4);
    held.judge(false, 0);
    held.judge(true, 0);
    expect(held.bytesMax).toBe(4 * packetBytes);
  });
});
