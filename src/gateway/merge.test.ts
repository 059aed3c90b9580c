import { describe, expect, it } from 'vitest';
import { program } from '../lab/made-program.ts';
import { Feed, Merge } from './merge.ts';

function merge() {
  const out: Buffer[] = [];
  const one = new Merge((bytes, offset, length) => out.push(Buffer.from(bytes.subarray(offset, offset + length))));
  return { one, out };
}

const padding = (): Buffer => {
  const bytes = Buffer.alloc(1316, 0xff);
  for (let packet = 0; packet < 1316; packet += 188) bytes.writeUInt32BE(0x471fff10, packet);
  return bytes;
};

describe('several senders of one program', () => {
  it('give it once, however far one is behind or ahead of the other', () => {
    for (const lag of [-40, -1, 0, 1, 40]) {
      const payloads = program(1, 400);
      const { one, out } = merge();
      const [leader, follower] = [new Feed(), new Feed()];
      for (let n = -50; n < 450; n++) {
        const [lead, follow] = [payloads[n], payloads[n + lag]];
        if (lead !== undefined) one.lead(leader, [follower], lead, 0, 1316, n);
        if (follow !== undefined) one.follow(follower, follow, 0, 1316, n);
      }
      expect(Buffer.concat(out).equals(Buffer.concat(payloads))).toBe(true);
      expect(follower.isTwin).toBe(true);
    }
  });

  it('make good what each of them lacks, in order', () => {
    const payloads = program(2, 500);
    const { one, out } = merge();
    const [leader, follower] = [new Feed(), new Feed()];
    payloads.forEach((payload, n) => {
      // The other one is ten payloads ahead, and has holes of its own.
      const ahead = payloads[n + 10];
      if (ahead !== undefined && n % 97 !== 0) one.follow(follower, ahead, 0, 1316, n);
      if (n < 100 || n % 50 > 4 || n % 97 === 87) one.lead(leader, [follower], payload, 0, 1316, n);
    });
    expect(out.length).toBeGreaterThan(490);
    const order = out.map((payload) => payloads.findIndex((one) => one.equals(payload)));
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(new Set(order).size).toBe(order.length);
    expect(one.filled).toBeGreaterThan(25);
  });

  it('go on with another one from where the leading one stopped', () => {
    const payloads = program(3, 300);
    const { one, out } = merge();
    const [leader, follower] = [new Feed(), new Feed()];
    payloads.forEach((payload, n) => {
      if (n < 150) one.lead(leader, [follower], payload, 0, 1316, n);
      if (n < 200) one.follow(follower, payload, 0, 1316, n);
    });
    one.promote(follower);
    for (const payload of payloads.slice(200)) one.lead(follower, [leader], payload, 0, 1316, 300);
    expect(Buffer.concat(out).equals(Buffer.concat(payloads))).toBe(true);
  });

  it('never mix another program in, though tables and padding are alike', () => {
    const [mine, other] = [program(4, 300), program(5, 300)];
    const { one, out } = merge();
    const [leader, stranger] = [new Feed(), new Feed()];
    // A program association, alone in its payload.
    const table = Buffer.alloc(1316, 0xff);
    for (let packet = 0; packet < 1316; packet += 188) table.writeUIntBE(packet === 0 ? 0x474000100000 : 0x471fff100000, packet, 6);
    mine.forEach((payload, n) => {
      one.follow(stranger, n % 10 === 0 ? table : n % 7 === 0 ? padding() : (other[n] as Buffer), 0, 1316, n);
      one.lead(leader, [stranger], n % 10 === 0 ? table : n % 7 === 0 ? padding() : payload, 0, 1316, n);
    });
    expect(out).toHaveLength(300);
    expect(out.some((payload) => other.some((one) => one.equals(payload)))).toBe(false);
    expect(stranger.isTwin).toBe(false);
  });

  it('hold no more than they may, whatever comes', () => {
    const { one } = merge();
    const follower = new Feed();
    for (const payload of program(7, 6000)) one.follow(follower, payload, 0, 1316, 0);
    expect(follower.held.length).toBeLessThanOrEqual(4096);
  });
});
