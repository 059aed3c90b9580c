import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as wire from './wire.ts';

const hex = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex');

describe('golden bytes', () => {
  test('a keepalive with telemetry', () => {
    const into = Buffer.alloc(38);
    const length = wire.writeKeepalive(into, 0x102030405 + 0.9, { linkId: 1, window: 20000, inFlight: 7, rttMs: 45, naks: 3, bytesPerSecond: 500000 });
    const ms = Math.floor(0x102030405 + 0.9);
    expect(length).toBe(38);
    expect(into.subarray(0, 2).toString('hex')).toBe('9000');
    expect(into.readBigUInt64BE(2)).toBe(BigInt(ms));
    expect(into.subarray(10).toString('hex')).toBe('c01f0001' + '00000001' + '00004e20' + '00000007' + '0000002d' + '00000003' + '0007a120');
    expect(wire.keepaliveTime(into, 0, 38)).toBe(ms);
    expect(wire.keepaliveTelemetry(into, 0, 38)).toEqual({ linkId: 1, window: 20000, inFlight: 7, rttMs: 45, naks: 3, bytesPerSecond: 500000 });
  });

  test('an ACK of ten packets', () => {
    const into = Buffer.alloc(44);
    expect(wire.writeAck(into, [1, 2, 3, 4, 5, 6, 7, 8, 9, 0x7fffffff])).toBe(44);
    expect(into.toString('hex')).toBe('91000000' + '0000000100000002000000030000000400000005' + '00000006000000070000000800000009' + '7fffffff');
    const seen: number[] = [];
    wire.visitAcked(into, 0, 44, (sequence) => seen.push(sequence));
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 0x7fffffff]);
  });

  test('REG1, REG2 and the short replies', () => {
    const id = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    const into = Buffer.alloc(258);
    expect(wire.writeRegistration(into, wire.srtlaType.reg1, id)).toBe(258);
    expect(into.toString('hex')).toBe(`9200${id.toString('hex')}`);
    wire.writeRegistration(into, wire.srtlaType.reg2, id);
    expect(into.subarray(0, 6).toString('hex')).toBe('920100010203');
    expect(wire.registrationId(into, 0, 258)?.equals(id)).toBe(true);
    expect(wire.registrationId(into, 0, 257)).toBeNull();
    for (const [type, bytes] of [
      [wire.srtlaType.reg3, '9202'],
      [wire.srtlaType.regErr, '9210'],
      [wire.srtlaType.regNgp, '9211'],
    ] as const) {
      expect(wire.writeReply(into, type)).toBe(2);
      expect(into.subarray(0, 2).toString('hex')).toBe(bytes);
    }
  });

  test('a reply that was padded to 32 bytes is the same reply', () => {
    const padded = Buffer.concat([hex('9202'), Buffer.alloc(30)]);
    expect(wire.packetType(padded, 0, padded.length)).toBe(wire.srtlaType.reg3);
  });

  test('the text of a refusal is made fit for a log', () => {
    const packet = Buffer.concat([hex('9212'), Buffer.from('no\n\x1b[31mroom\x00'), Buffer.alloc(400, 0x41)]);
    expect(wire.refusalText(packet, 0, packet.length)).toMatch(/^no \[31mroom A+$/);
    expect(wire.refusalText(packet, 0, packet.length).length).toBeLessThanOrEqual(200);
  });

  test('an SRT data packet: sequence, retransmission flag, time stamp, socket id', () => {
    // First in message, alone (11), in order 0, key 00, R as given, message number 5.
    const first = hex('7ffffffe c0000005 00012345 11223344 4700');
    const again = hex('7ffffffe c4000005 00012345 11223344 4700');
    expect(wire.isSrtData(wire.packetType(first, 0, 18), 18)).toBe(true);
    expect(wire.dataSequence(first, 0)).toBe(0x7ffffffe);
    expect([wire.isRetransmission(first, 0), wire.isRetransmission(again, 0)]).toEqual([false, true]);
    expect([wire.srtTimestamp(first, 0), wire.destinationSocketId(first, 0)]).toEqual([0x12345, 0x11223344]);
  });

  test('an SRT ACK: the number is at byte 16', () => {
    const ack = hex('80020000 00000009 00000001 11223344 00abcdef 00000001');
    expect(wire.packetType(ack, 0, ack.length)).toBe(wire.srtType.ack);
    expect([wire.ackedSequence(ack, 0, ack.length), wire.ackNumber(ack, 0)]).toEqual([0xabcdef, 9]);
    expect(wire.ackedSequence(ack, 0, 19)).toBe(-1);
  });

  test('an SRT NAK: the list begins at byte 16, with singles and ranges, across the wrap', () => {
    const nak = hex('80030000 00000000 00000001 11223344 00000005 80000010 00000013 fffffffe 00000001');
    const seen: number[] = [];
    expect(wire.visitLost(nak, 0, nak.length, (sequence) => seen.push(sequence))).toBe(9);
    expect(seen).toEqual([5, 16, 17, 18, 19, 0x7ffffffe, 0x7fffffff, 0, 1]);
  });

  test('an SRT shutdown', () => {
    const into = Buffer.alloc(20, 0xff);
    expect(wire.writeShutdown(into, 7, 0x11223344)).toBe(20);
    expect(into.toString('hex')).toBe('8005000000000000000000071122334400000000');
  });
});

describe('a hostile NAK', () => {
  test('whose range claims everything is cut off', () => {
    const nak = hex('80030000 00000000 00000001 11223344 80000000 3fffffff 80000000 3fffffff');
    let calls = 0;
    expect(wire.visitLost(nak, 0, nak.length, () => calls++)).toBe(wire.nakSequencesMax);
    expect(calls).toBe(wire.nakSequencesMax);
  });
  test('whose range runs backwards or has no end reports nothing', () => {
    const backwards = hex('80030000 00000000 00000001 11223344 80000010 0000000f');
    const endless = hex('80030000 00000000 00000001 11223344 80000010');
    expect([wire.visitLost(backwards, 0, backwards.length, () => {}), wire.visitLost(endless, 0, endless.length, () => {})]).toEqual([0, 0]);
  });
});

describe('sequence numbers', () => {
  test('wrap at 31 bits', () => {
    expect(wire.sequenceNext(0x7fffffff)).toBe(0);
    expect(wire.sequenceDistance(2, 0x7ffffffe)).toBe(4);
    expect(wire.sequenceDistance(0x7ffffffe, 2)).toBe(-4);
  });
  test('have a distance that undoes counting', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0x7fffffff }), fc.integer({ min: -(2 ** 30), max: 2 ** 30 - 1 }), (start, step) => {
        expect(wire.sequenceDistance((start + step) & 0x7fffffff, start)).toBe(step);
      }),
    );
  });
});

test('any bytes: no reader throws, and each does bounded work', () => {
  const types = fc.constantFrom(...Object.values(wire.srtlaType), ...Object.values(wire.srtType), 0, 0x7fff, 0xffff);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), types, fc.integer({ min: 0, max: 40 }), (raw, type, offset) => {
      const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(raw)]);
      if (raw.length >= 2) bytes.writeUInt16BE(type, offset);
      const length = raw.length;
      let calls = 0;
      wire.packetType(bytes, offset, length);
      wire.dataSequence(bytes, offset);
      wire.isRetransmission(bytes, offset);
      wire.ackedSequence(bytes, offset, length);
      wire.ackNumber(bytes, offset);
      wire.handshakeSocketId(bytes, offset, length);
      wire.registrationId(bytes, offset, length);
      wire.refusalText(bytes, offset, length);
      wire.keepaliveTime(bytes, offset, length);
      wire.keepaliveTelemetry(bytes, offset, length);
      wire.visitAcked(bytes, offset, length, () => calls++);
      wire.visitLost(bytes, offset, length, () => calls++);
      expect(calls).toBeLessThanOrEqual(wire.nakSequencesMax + wire.ackSequences);
    }),
  );
});
