import { describe, expect, it } from 'vitest';
import { Carrier } from './carrier.ts';
import { Losses } from './losses.ts';
import { Packets, waiting } from './packets.ts';
import { Rescues } from './rescues.ts';
import { srtHeaderBytes, srtType } from './wire.ts';

const bytes = Buffer.alloc(1332);

/** Two links; packet 7 was sent over the first one at 0. */
function sentOnce() {
  const carriers = [0, 1].map(() => new Carrier({ priority: 10, capKbps: 0, metered: false }, () => 1000));
  for (const carrier of carriers) carrier.accepted(0);
  const packets = new Packets(256);
  const slot = packets.take(7, bytes, 0, bytes.length, 0);
  packets.sent(slot, 0, 0);
  return { carriers, packets, slot, rescues: new Rescues(packets, carriers, new Losses(packets, carriers)) };
}

function nak(sequence: number): Buffer {
  const report = Buffer.alloc(srtHeaderBytes + 4);
  report.writeUInt16BE(srtType.nak, 0);
  report.writeUInt32BE(sequence, srtHeaderBytes);
  return report;
}

describe('what is lost', () => {
  it('goes again, and counts as a loss of its link', () => {
    const { carriers, packets, slot, rescues } = sentOnce();
    rescues.reported(nak(7), 0, srtHeaderBytes + 4, 900);
    expect([rescues.queue.length, packets.waits[slot], carriers[0]?.lostPackets]).toEqual([1, waiting.rescue, 1]);
  });
  it('goes again once, however often it is reported', () => {
    const { rescues } = sentOnce();
    for (const nowMs of [900, 910, 920]) rescues.reported(nak(7), 0, srtHeaderBytes + 4, nowMs);
    expect(rescues.queue.length).toBe(1);
  });
  it('is the caller’s to send again only when it is not kept here', () => {
    const { rescues } = sentOnce();
    expect(rescues.reported(nak(7), 0, srtHeaderBytes + 4, 900)).toBe(false);
    expect(rescues.reported(nak(8), 0, srtHeaderBytes + 4, 900)).toBe(true);
  });
  it('is not what the caller sends again while a copy may still arrive', () => {
    const { slot, rescues } = sentOnce();
    rescues.givenAgain(7, slot, true, 20);
    expect([rescues.queue.length, rescues.needlessPackets]).toEqual([0, 1]);
    rescues.givenAgain(7, slot, true, 900);
    expect([rescues.queue.length, rescues.needlessPackets]).toEqual([1, 1]);
  });
  it('is given up when its time is over', () => {
    const { packets, rescues } = sentOnce();
    rescues.scan(1000, 1001);
    expect([rescues.queue.length, rescues.unprovedPackets, packets.inFlight[0]]).toEqual([0, 1, 0]);
  });
});
