import { describe, expect, it } from 'vitest';
import { Importance } from './importance.ts';

/** One MPEG-TS packet; `starts` a PES packet with this stream id. */
function packet(pid: number, options: { streamId?: number; randomAccess?: boolean } = {}): Buffer {
  const bytes = Buffer.alloc(188, 0xff);
  const { streamId, randomAccess } = options;
  bytes.set([0x47, (streamId === undefined ? 0 : 0x40) | (pid >> 8), pid & 0xff, randomAccess === true ? 0x30 : 0x10]);
  let at = 4;
  if (randomAccess === true) {
    bytes.set([1, 0x40], at);
    at += 2;
  }
  if (streamId !== undefined) bytes.set([0, 0, 1, streamId], at);
  return bytes;
}
const look = (importance: Importance, ...packets: Buffer[]) => importance.look(Buffer.concat(packets), 0, packets.length * 188);

describe('what matters most', () => {
  it('is every packet of a key frame, and not of the frame after it', () => {
    const importance = new Importance();
    expect(look(importance, packet(256, { streamId: 0xe0, randomAccess: true }))).toBe(true);
    expect(look(importance, packet(256), packet(256))).toBe(true);
    expect(look(importance, packet(256, { streamId: 0xe0 }))).toBe(false);
    expect(look(importance, packet(256))).toBe(false);
  });
  it('is sound, and what has sound in it', () => {
    const importance = new Importance();
    expect(look(importance, packet(257, { streamId: 0xc0 }))).toBe(true);
    expect(look(importance, packet(256), packet(257))).toBe(true);
  });
  it('is no filling', () => {
    expect(look(new Importance(), packet(8191))).toBe(false);
  });
});
