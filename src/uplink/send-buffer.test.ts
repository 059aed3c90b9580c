import { describe, expect, it } from 'vitest';
import { SendBuffer } from './send-buffer.ts';

describe('a full send buffer', () => {
  it('is told once, and that it is over when it has been calm for three seconds', () => {
    const buffer = new SendBuffer('gateway', 'gateway:5000');
    const told: string[] = [];
    for (let nowMs = 0; nowMs < 10_000; nowMs += 10) {
      if (nowMs >= 1000 && nowMs < 2000) buffer.dropped += 3;
      const one = buffer.turn(nowMs);
      if (one !== null) told.push(`${nowMs} ${one.severity} ${one.to} ${one.reason} ${one.measured.droppedPackets ?? ''}`.trim());
    }
    expect(told).toEqual(['1000 warning full send-buffer-full 3', '5000 clear ok recovered']);
  });
});
