import { describe, expect, it } from 'vitest';
import { payloadBytesOf, pieceBytesOf } from './payload-size.ts';

describe('a payload', () => {
  it('is of seven MPEG-TS packets on Ethernet, whatever the address', () => {
    expect(payloadBytesOf(1500, '192.0.2.1')).toBe(7 * 188);
    expect(payloadBytesOf(1500, '2001:db8::1')).toBe(7 * 188);
    expect(payloadBytesOf(9000, '192.0.2.1')).toBe(7 * 188);
  });
  it('is of as many as go through a tunnel, with the larger header of IPv6', () => {
    expect(payloadBytesOf(1360, '192.0.2.1')).toBe(7 * 188);
    expect(payloadBytesOf(1360, '2001:db8::1')).toBe(6 * 188);
    expect(payloadBytesOf(1280, '192.0.2.1')).toBe(6 * 188);
    expect(payloadBytesOf(100, '192.0.2.1')).toBe(188);
  });
  it('that does not fit goes in even pieces', () => {
    expect(pieceBytesOf(7 * 188, 7 * 188)).toBe(7 * 188);
    expect(pieceBytesOf(7 * 188, 6 * 188)).toBe(4 * 188);
    expect(pieceBytesOf(7 * 188, 3 * 188)).toBe(3 * 188);
    expect(pieceBytesOf(2 * 188, 6 * 188)).toBe(2 * 188);
  });
});
