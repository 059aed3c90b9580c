/** For tests: MPEG-TS as an encoder makes it, small and without one. Pictures carry their number, so that a test can tell them apart. */
import type { Unit } from './feed.ts';
import { Multiplex } from './multiplex.ts';

export interface MadeStream {
  fps?: number;
  /** Every so many pictures is one that a decoder can begin with. */
  keyEvery?: number;
  /** First decoding time, 90 kHz. */
  start?: number;
  pictures: number;
  /** Byte that fills the pictures: tells streams apart. */
  mark?: number;
  sound?: boolean;
  /** Decoding order I P B B, with presentation times to it. */
  reorder?: boolean;
}

export interface MadePiece {
  /** When it leaves the encoder, ms after the stream's begin. */
  atMs: number;
  bytes: Buffer;
}

const frameTicks = 1920;
const stream = (type: number) => ({ pid: 0, type, kind: type === 27 ? ('h264' as const) : ('audio' as const), descriptors: new Uint8Array() });

/** One piece a picture, with the sound that belongs to it. */
export function makeStream({ fps = 30, keyEvery = 15, start = 123_456, pictures, mark = 0xaa, sound = true, reorder = false }: MadeStream): MadePiece[] {
  let chunks: Buffer[] = [];
  const multiplex = new Multiplex((buffer, offset, length) => chunks.push(Buffer.from(buffer.subarray(offset, offset + length))));
  multiplex.describe(stream(27), sound ? stream(15) : null);
  const ticks = 90_000 / fps;
  let soundAt = start;
  const pieces: MadePiece[] = [];
  for (let n = 0; n < pictures; n++) {
    const dts = start + n * ticks;
    const pts = reorder ? presented(n, keyEvery) * ticks + start + ticks : dts;
    multiplex.write(picture(n, n % keyEvery === 0, dts, pts, mark), pts, dts, n);
    for (; sound && soundAt < dts + ticks; soundAt += frameTicks) multiplex.write(beep(soundAt), soundAt, soundAt, n);
    multiplex.flush();
    pieces.push({ atMs: (n * 1000) / fps, bytes: Buffer.concat(chunks) });
    chunks = [];
  }
  return pieces;
}

/** I0 P3 B1 B2 P6 …: place in the order of showing of the n-th picture in the order of decoding. */
function presented(n: number, keyEvery: number): number {
  const group = n - (n % keyEvery);
  const k = n % keyEvery;
  if (k === 0) return group;
  const triple = Math.floor((k - 1) / 3) * 3;
  return group + triple + ([3, 1, 2][(k - 1) % 3] as number);
}

function picture(n: number, key: boolean, dts: number, pts: number, mark: number): Unit {
  const body = Buffer.alloc(key ? 3000 : 400, mark);
  const head = Buffer.from([0, 0, 1, 0xe0, 0, 0, 0x80, 0xc0, 10, 0x31, 0, 1, 0, 1, 0x11, 0, 1, 0, 1]);
  const nal = Buffer.from([0, 0, 0, 1, key ? 0x65 : 0x41, n >> 8, n & 0xff]);
  return timed({ kind: 'video', bytes: Buffer.concat([head, nal, body]), entry: key ? 'clean' : 'none' }, dts, pts);
}

/** A frame of AAC in ADTS, 48 kHz, of nothing. */
function beep(at: number): Unit {
  const length = 30;
  const head = Buffer.from([0, 0, 1, 0xc0, 0, 0, 0x80, 0x80, 5, 0x21, 0, 1, 0, 1]);
  const adts = Buffer.alloc(length, 0x5a);
  adts.set([0xff, 0xf1, 0x4c, 0x80 | (length >> 11), (length >> 3) & 0xff, ((length & 7) << 5) | 0x1f, 0xfc]);
  return timed({ kind: 'audio', bytes: Buffer.concat([head, adts]), entry: 'clean' }, at, at);
}

/** The multiplex writes the times into the header. */
function timed(part: Pick<Unit, 'kind' | 'bytes' | 'entry'>, dts: number, pts: number): Unit {
  return { ...part, length: part.bytes.length, pts, dts, hasDts: part.kind === 'video', timeless: false, duration: part.kind === 'audio' ? frameTicks : 0 };
}
