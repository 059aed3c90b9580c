import { describe, expect, it } from 'vitest';
import { Backlog } from './backlog.ts';
import { Packets } from './packets.ts';
import { WaitingQueue } from './queue.ts';

const bytes = Buffer.alloc(1250);
const latencyMs = 2000;

/** A packet of 10,000 bits each `everyMs`, from 0 to `toMs`; none has been sent. */
function waitingPackets(everyMs: number, toMs: number) {
  const packets = new Packets(1024);
  const queue = new WaitingQueue(packets.slots);
  for (let ms = 0, sequence = 0; ms < toMs; ms += everyMs, sequence++) {
    packets.take(sequence, bytes, 0, bytes.length, ms);
    queue.push(sequence);
  }
  return { packets, queue, backlog: new Backlog(packets) };
}

describe('what waits and cannot be worked off', () => {
  it('is nothing as long as all of it can arrive in time, however long it has waited', () => {
    const { backlog, queue } = waitingPackets(10, 1000);
    expect(backlog.excess(queue, 2000, 20, latencyMs, 1000)).toBe(0);
  });
  it('is the oldest part, so much that the rest comes with time to spare', () => {
    const { backlog, queue } = waitingPackets(10, 1000);
    // 1 Mbit waits, and 400 kbit/s take 2.5 s for it.
    const gone = backlog.excess(queue, 400, 20, latencyMs, 1000);
    expect(gone).toBeGreaterThan(30);
    expect(gone).toBeLessThan(70);
    const restMs = ((100 - gone) * 10_000) / 400;
    expect(latencyMs - 20 - restMs).toBeGreaterThanOrEqual(latencyMs / 3);
  });
  it('is only what is late already where the links carry far more than is made', () => {
    const { backlog, queue } = waitingPackets(10, 1900);
    expect(backlog.excess(queue, 50_000, 20, latencyMs, 1900)).toBeGreaterThan(0);
    expect(backlog.excess(queue, 50_000, 20, latencyMs, 1900)).toBeLessThan(100);
  });
  it('is not judged while no link delivers', () => {
    const { backlog, queue } = waitingPackets(10, 1000);
    expect(backlog.shed(queue, [], latencyMs, 1000)).toBe(0);
    expect(queue.length).toBe(100);
  });
});
