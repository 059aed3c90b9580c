import { expect, it } from 'vitest';
import { FlvStream } from './flv-stream.ts';

const aac = (dts: number, type = 1) => ({ codec_type: 8, dts, size: 2, data: Buffer.from([0xaf, type, 0xff]) });
const avc = (dts: number, type = 1) => ({ codec_type: 9, dts, size: 2, data: Buffer.from([0x17, type, 0xff]) });

it('a publisher’s time begins with its first picture or sound, which its configuration is not', () => {
  const written: Buffer[] = [];
  const flv = new FlvStream(
    (bytes) => written.push(bytes),
    () => 5000,
  );
  for (const packet of [avc(0, 0), { ...aac(0), codec_type: 18 }, aac(0, 0), avc(3_600_000), aac(3_600_020)]) flv.add(packet);
  const [header, ...tags] = written;
  expect(header?.toString('latin1', 0, 3)).toBe('FLV');
  expect(tags.map((tag) => [tag[0], tag.readUIntBE(4, 3), tag.length])).toEqual([
    [9, 0, 17],
    [8, 0, 17],
    [9, 5000, 17],
    [8, 5020, 17],
  ]);
});
