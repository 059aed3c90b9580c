import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Feed } from './feed.ts';
import { makeStream } from './made-stream.ts';
import { pidOf } from './mpegts/packet.ts';
import { crc32 } from './mpegts/tables.ts';
import { mapPid } from './multiplex.ts';
import type { Unit } from './unit.ts';

interface Seen {
  kind: Unit['kind'];
  pts: number;
  dts: number;
  length: number;
  entry: Unit['entry'];
}

function take(chunks: Iterable<Buffer>): { units: Seen[]; feed: Feed } {
  const units: Seen[] = [];
  const feed = new Feed({ onUnit: ({ kind, pts, dts, from, end, entry }) => units.push({ kind, pts, dts, length: end - from, entry }) });
  for (const chunk of chunks) feed.push(chunk);
  return { units, feed };
}

const whole = Buffer.concat(makeStream({ pictures: 60 }).map(({ bytes }) => bytes));

describe('a source taken apart', () => {
  it('gives every picture and sound with its times, and tells where a decoder can begin', () => {
    const { units, feed } = take([whole]);
    const pictures = units.filter(({ kind }) => kind === 'video');
    expect(pictures).toHaveLength(60);
    expect(pictures.map(({ dts }) => dts - (pictures[0]?.dts ?? 0))).toEqual(pictures.map((_, n) => n * 3000));
    expect(pictures.flatMap(({ entry }, n) => (entry === 'clean' ? [n] : []))).toEqual([0, 15, 30, 45]);
    expect(units.filter(({ kind }) => kind === 'audio').length).toBeGreaterThan(90);
    expect(feed.figures).toMatchObject({ continuityErrors: 0, skippedBytes: 0 });
  });

  it('is the same however the bytes are cut, and finds its step again after rubbish', () => {
    const expected = take([whole]).units;
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 40 }), (sizes) => {
        const chunks: Buffer[] = [];
        for (let at = 0, n = 0; at < whole.length; n++) {
          const size = sizes[n % sizes.length] as number;
          chunks.push(whole.subarray(at, at + size));
          at += size;
        }
        expect(take(chunks).units).toEqual(expected);
      }),
      { seed: 5, numRuns: 30 },
    );
    expect(take([Buffer.alloc(1000, 0x11), whole]).units).toEqual(expected);
  });

  it('counts time on over the wrap of 33 bits', () => {
    const bytes = Buffer.concat(makeStream({ pictures: 30, start: 2 ** 33 - 30_000 }).map((piece) => piece.bytes));
    const pictures = take([bytes]).units.filter(({ kind }) => kind === 'video');
    expect(pictures).toHaveLength(30);
    for (let n = 1; n < 30; n++) expect((pictures[n]?.dts ?? 0) - (pictures[n - 1]?.dts ?? 0)).toBe(3000);
  });

  it('does not hand on what a source had only begun when it died', () => {
    const pieces = makeStream({ pictures: 16, sound: false });
    const last = pieces[15]?.bytes as Buffer;
    // The key picture is longer than a packet: half of it is no picture.
    const { units } = take([...pieces.slice(0, 15).map(({ bytes }) => bytes), last.subarray(0, 5 * 188)]);
    expect(units).toHaveLength(15);
  });

  it('notices packets that are missing', () => {
    const missing = Buffer.concat([whole.subarray(0, 188 * 50), whole.subarray(188 * 53)]);
    expect(take([missing]).feed.figures.continuityErrors).toBeGreaterThan(0);
  });

  it('bears any bytes at all, and streams in which anything was changed', () => {
    const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 200 });
    fc.assert(
      fc.property(damage, fc.uint8Array({ maxLength: 3000 }), (changes, rubbish) => {
        const bytes = Buffer.from(whole);
        for (const [at, value] of changes) bytes[at] = value;
        for (const { length, dts, pts } of take([bytes, Buffer.from(rubbish), whole]).units) {
          expect(length).toBeLessThanOrEqual(4 * 1024 * 1024);
          expect(Number.isFinite(dts) && Number.isFinite(pts)).toBe(true);
        }
      }),
      { seed: 6, numRuns: 60 },
    );
  });

  it('bounds its memory when a unit never ends', () => {
    const piece = makeStream({ pictures: 1, sound: false })[0]?.bytes as Buffer;
    const more = Buffer.alloc(188, 0x55);
    more.set([0x47, 0x01, 0x00, 0x10]);
    const { feed } = take([piece.subarray(0, 188 * 3)]);
    for (let n = 0; n < 40_000; n++) {
      more[3] = 0x10 | (n & 0x0f);
      feed.push(more);
    }
    expect(feed.figures.skippedBytes).toBeGreaterThan(4_000_000);
  });
});

describe('a source that is unusual, but within the rules', () => {
  const expected = take([whole]).units;
  const packets = (bytes: Buffer): Buffer[] => Array.from({ length: bytes.length / 188 }, (_, n) => bytes.subarray(n * 188, n * 188 + 188));

  it.each([
    ['192 bytes, a time stamp before each', (packet: Buffer, n: number) => [Buffer.from([0, 1, (n * 7) & 0xff, (n * 131) & 0xff]), packet]],
    ['204 bytes, parity behind each', (packet: Buffer, n: number) => [packet, Buffer.from(Array.from({ length: 16 }, (_, k) => (n * 37 + k * 11) & 0xff))]],
  ])('may have packets of %s', (_, around) => {
    const bytes = Buffer.concat(packets(whole).flatMap((packet, n) => around(packet, n)));
    for (const size of [bytes.length, 65_536, 4096]) {
      const chunks: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
      const { units } = take(chunks);
      // The first packets may be gone before its step is found.
      expect(units.length).toBeGreaterThan(expected.length - 6);
      expect(units.at(-1)).toEqual(expected.at(-1));
    }
  });

  it('may send any packet twice', () => {
    const { units, feed } = take(packets(whole).flatMap((packet) => [packet, packet]));
    expect(units).toEqual(expected);
    expect(feed.figures.continuityErrors).toBe(0);
  });

  it('may be scrambled or marked as damaged for a while: such units are left out, and what follows is whole', () => {
    const harmed = packets(whole).map((packet, n) => {
      if (n < 60 || n >= 90) return packet;
      const copy = Buffer.from(packet);
      if (n % 2 === 0) copy[3] = (copy[3] as number) | 0x80;
      else copy[1] = (copy[1] as number) | 0x80;
      return copy;
    });
    const { units, feed } = take(harmed);
    expect(feed.figures).toMatchObject({ continuityErrors: 0 });
    expect(feed.figures.damagedUnits).toBeGreaterThan(0);
    for (const one of units) expect(expected).toContainEqual(one);
    expect(units.at(-1)).toEqual(expected.at(-1));
  });

  it('may have a map of many packets, with hundreds of streams', () => {
    const streams = Array.from({ length: 180 }, (_, n) => [0x06, 0xe0 | (n >> 8), (n & 0xff) | 0x80, 0xf0, 0]);
    const section = Buffer.from([2, 0xb0, 0, 0, 1, 0xc1, 0, 0, 0xe1, 0, 0xf0, 0, ...streams.flat(), 27, 0xe1, 0, 0xf0, 0, 15, 0xe1, 1, 0xf0, 0, 0, 0, 0, 0]);
    section[1] = 0xb0 | ((section.length - 3) >> 8);
    section[2] = (section.length - 3) & 0xff;
    section.writeUInt32BE(crc32(section, 0, section.length - 4), section.length - 4);
    const map = Buffer.concat([Buffer.from([0]), section]);
    let count = 0;
    const long = packets(whole).flatMap((packet) => {
      if (pidOf(packet, 0) !== mapPid) return [packet];
      return Array.from({ length: Math.ceil(map.length / 184) }, (_, n) => {
        const part = Buffer.alloc(188, 0xff);
        part.set([0x47, (n === 0 ? 0x40 : 0) | (mapPid >> 8), mapPid & 0xff, 0x10 | (count++ & 0x0f)]);
        map.copy(part, 4, n * 184, (n + 1) * 184);
        return part;
      });
    });
    expect(section.length).toBeGreaterThan(900);
    expect(take(long).units).toEqual(expected);
  });

  it('may carry several programs, of which one is chosen', () => {
    const association = Buffer.alloc(188, 0xff);
    const section = Buffer.from([0, 0xb0, 17, 0, 1, 0xc1, 0, 0, 0, 1, 0xf1, 0x23, 0, 7, 0xe0 | (mapPid >> 8), mapPid & 0xff, 0, 0, 0, 0]);
    section.writeUInt32BE(crc32(section, 0, section.length - 4), section.length - 4);
    const two = packets(whole).map((packet) => {
      if (pidOf(packet, 0) !== 0) return packet;
      association.set([0x47, 0x40, 0, packet[3] as number, 0, ...section]);
      return Buffer.from(association);
    });
    const units: number[] = [];
    new Feed({ programNumber: 7, onUnit: ({ pts }) => units.push(pts) }).push(Buffer.concat(two));
    expect(units).toEqual(expected.map(({ pts }) => pts));
    expect(take(two).units).toEqual([]);
  });

  it('may begin in the middle, and change what its map says', () => {
    const later = Buffer.concat(makeStream({ pictures: 20, sound: false, mark: 0xbb, start: 900_000 }).map(({ bytes }) => bytes));
    const { units } = take([whole.subarray(188 * 30), later]);
    expect(units[0]?.kind === 'audio' || units[0]?.entry !== undefined).toBe(true);
    expect(units.filter(({ pts, kind }) => kind === 'video' && pts >= 900_000)).toHaveLength(20);
  });
});
