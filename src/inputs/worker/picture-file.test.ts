import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { pictureProblem, sizeOf } from './picture-file.ts';

const directory = mkdtempSync(join(tmpdir(), 'tandem-picture-'));
afterAll(() => rmSync(directory, { recursive: true }));

function png(width: number, height: number): Buffer {
  const head = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, 0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0]);
  head.writeUInt32BE(width, 16);
  head.writeUInt32BE(height, 20);
  return head;
}
const jpeg = (width: number, height: number): Buffer =>
  Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0, 0xff, 0xff, 0xc2, 0, 11, 8, height >> 8, height & 0xff, width >> 8, width & 0xff, 3, 0, 0]);

function problem(bytes: Buffer): string | null {
  const path = join(directory, 'picture');
  writeFileSync(path, bytes);
  return pictureProblem(path);
}

describe('the file of a picture', () => {
  it('is measured before it is decoded', () => {
    expect(sizeOf(png(1920, 1080))).toEqual({ width: 1920, height: 1080 });
    expect(sizeOf(jpeg(640, 360))).toEqual({ width: 640, height: 360 });
    expect(problem(png(7680, 4320))).toBeNull();
  });

  it('is refused when it would take all memory', () => {
    expect(problem(png(20_000, 20_000))).toMatch(/too large: 20000 × 20000 points/);
    const path = join(directory, 'huge');
    writeFileSync(path, png(10, 10));
    truncateSync(path, 100 * 1024 * 1024);
    expect(pictureProblem(path)).toMatch(/too large: 100 MB/);
  });

  it('is refused when it is something else, whatever it is', () => {
    expect(problem(Buffer.from('GIF89a'))).toMatch(/neither a PNG nor a JPEG/);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        sizeOf(Buffer.from(bytes));
        sizeOf(Buffer.concat([Buffer.from([0xff, 0xd8]), bytes]));
      }),
      { seed: 3, numRuns: 300 },
    );
  });
});
