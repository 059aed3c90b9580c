/**
 * What a picture's file says of itself, before a decoder takes memory for it: 20,000 points square would be 1.6 GB. PNG (RFC 2083,
 * 4.1.1) and JPEG (ITU-T T.81, B.2.2).
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const fileBytesMax = 64 * 1024 * 1024;
/** 8K, with room. */
const pointsMax = 40_000_000;
/** Previews and colour profiles stand before the size in a JPEG. */
const headBytesMax = 4 * 1024 * 1024;

/** Null when it can be shown; otherwise the end of a sentence that begins with its name. @throws what the file system says. */
export function pictureProblem(path: string): string | null {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    if (size > fileBytesMax) return `is too large: ${Math.round(size / 1024 / 1024)} MB, ${fileBytesMax / 1024 / 1024} MB are allowed`;
    const head = Buffer.alloc(Math.min(size, headBytesMax));
    const found = sizeOf(head.subarray(0, readSync(file, head, 0, head.length, 0)));
    if (found === null) return 'is neither a PNG nor a JPEG picture, or it is damaged';
    const { width, height } = found;
    if (width * height > pointsMax) return `is too large: ${width} × ${height} points, ${pointsMax / 1_000_000} million are allowed`;
    return width * height === 0 ? 'is an empty picture' : null;
  } finally {
    closeSync(file);
  }
}

/** Of a PNG or JPEG that begins with these bytes; null when it is neither. */
export function sizeOf(head: Buffer): { width: number; height: number } | null {
  if (head.length >= 24 && head.readUInt32BE(0) === 0x89504e47 && head.readUInt32BE(4) === 0x0d0a1a0a && head.toString('latin1', 12, 16) === 'IHDR')
    return { width: head.readUInt32BE(16), height: head.readUInt32BE(20) };
  if (head.length < 4 || head.readUInt16BE(0) !== 0xffd8) return null;
  for (let at = 2; at + 9 <= head.length; ) {
    if (head[at] !== 0xff) return null;
    const marker = head[at + 1] as number;
    // Fill bytes may stand before a marker.
    if (marker === 0xff) {
      at++;
      continue;
    }
    // SOF0 … SOF15 without DHT, JPG and DAC.
    if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc)
      return { width: head.readUInt16BE(at + 7), height: head.readUInt16BE(at + 5) };
    at += 2 + head.readUInt16BE(at + 2);
  }
  return null;
}
