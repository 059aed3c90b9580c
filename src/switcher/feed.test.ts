import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Feed, type Unit } from './feed.ts';
import { makeStream } from './made-stream.ts';

interface Seen {
  kind: Unit['kind'];
  pts: number;
  dts: number;
  length: number;
  entry: Unit['entry'];
}

function take(chunks: Iterable<Buffer>): { units: Seen[]; feed: Feed } {
  const units: Seen[] = [];
  const feed = new Feed(({ kind, pts, dts, length, entry }) => units.push({ kind, pts, dts, length, entry }));
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
