/** For tests: MPEG-TS as an encoder makes it, small and without one. Pictures carry their number, so that a test can tell them apart. */
import type { ProgramFormat } from './fit.ts';
import { frameTicks, writeAdtsHeader } from './mpegts/aac.ts';
import { Multiplex } from './multiplex.ts';
import { headroomBytes, type Unit } from './unit.ts';

export interface MadeStream {
  fps?: number;
  width?: number;
  height?: number;
  /** Every so many pictures is one that a decoder can begin with. */
  keyEvery?: number;
  /** First decoding time, 90 kHz. */
  start?: number;
  pictures: number;
  /** Byte that fills the pictures: tells streams apart. */
  mark?: number;
  picture?: boolean;
  sound?: boolean;
  /** Decoding order I P B B, with presentation times to it. */
  reorder?: boolean;
}

export interface MadePiece {
  /** When it leaves the encoder, ms after the stream's begin. */
  atMs: number;
  bytes: Buffer;
}

/** What the streams are, unless they are asked to be something else. */
export const madeProgram: ProgramFormat = { codec: 'h264', width: 320, height: 192, fps: 30, audioRate: 48_000 };

const soundTicks = frameTicks(48_000);
const stream = (type: number) => ({ pid: 0, type, kind: type === 27 ? ('h264' as const) : ('audio' as const), descriptors: new Uint8Array() });

/** One piece a picture, with the sound that belongs to it. */
export function makeStream(options: MadeStream): MadePiece[] {
  const { fps = 30, width = 320, height = 192, keyEvery = 15, start = 123_456, pictures, mark = 0xaa, picture = true, sound = true, reorder = false } = options;
  let chunks: Buffer[] = [];
  const multiplex = new Multiplex((buffer, offset, length) => chunks.push(Buffer.from(buffer.subarray(offset, offset + length))));
  multiplex.describe(stream(27), sound ? stream(15) : null);
  const sets = parameterSets(width, height);
  const ticks = 90_000 / fps;
  let soundAt = start;
  const pieces: MadePiece[] = [];
  for (let n = 0; n < pictures; n++) {
    const dts = start + n * ticks;
    const pts = reorder ? presented(n, keyEvery) * ticks + start + ticks : dts;
    const key = n % keyEvery === 0;
    if (picture) multiplex.write(unit('video', madePicture(n, key, mark, key ? sets : none), key), pts, dts, n);
    for (; sound && soundAt < dts + ticks; soundAt += soundTicks) multiplex.write(unit('audio', beep(), true), soundAt, soundAt, n);
    multiplex.flush();
    pieces.push({ atMs: (n * 1000) / fps, bytes: Buffer.concat(chunks) });
    chunks = [];
  }
  return pieces;
}

/** The number and the mark of a picture, null where it has none. */
export function readPicture({ bytes, from, end }: Unit): { number: number; mark: number } | null {
  for (let at = from; at + 6 < end; at++)
    if (bytes.readUIntBE(at, 3) === 1 && (bytes[at + 3] === 0x65 || bytes[at + 3] === 0x41))
      return { number: bytes.readUInt16BE(at + 4), mark: bytes[at + 6] as number };
  return null;
}

/** I0 P3 B1 B2 P6 …: place in the order of showing of the n-th picture in the order of decoding. */
function presented(n: number, keyEvery: number): number {
  const group = n - (n % keyEvery);
  const k = n % keyEvery;
  if (k === 0) return group;
  const triple = Math.floor((k - 1) / 3) * 3;
  return group + triple + ([3, 1, 2][(k - 1) % 3] as number);
}

const none = Buffer.alloc(0);

/** Baseline, whole macroblocks, no cropping; and a picture parameter set that nobody looks into. */
function parameterSets(width: number, height: number): Buffer {
  const ue = (value: number): string => (value + 1).toString(2).padStart((value + 1).toString(2).length * 2 - 1, '0');
  const text = `${ue(0)}${ue(0)}${ue(2)}${ue(1)}0${ue(width / 16 - 1)}${ue(height / 16 - 1)}11001`;
  const body = text.padEnd(Math.ceil(text.length / 8) * 8, '0').match(/.{8}/g) as string[];
  return Buffer.from([0, 0, 0, 1, 0x67, 66, 0xc0, 30, ...body.map((one) => Number.parseInt(one, 2)), 0, 0, 0, 1, 0x68, 0xce, 0x3c, 0x80]);
}

function madePicture(n: number, key: boolean, mark: number, sets: Buffer): Buffer {
  const nal = Buffer.from([0, 0, 0, 1, key ? 0x65 : 0x41, n >> 8, n & 0xff]);
  return Buffer.concat([sets, nal, Buffer.alloc(key ? 3000 : 400, mark)]);
}

/** A frame of AAC in ADTS, 48 kHz, of nothing that can be decoded. */
function beep(): Buffer {
  const adts = Buffer.alloc(30, 0x5a);
  writeAdtsHeader(adts, 0, adts.length, { object: 2, rateIndex: 3, channels: 2 });
  return adts;
}

function unit(kind: Unit['kind'], content: Buffer, entry: boolean): Unit {
  const bytes = Buffer.concat([Buffer.alloc(headroomBytes), content]);
  return {
    kind,
    bytes,
    from: headroomBytes,
    end: bytes.length,
    pts: 0,
    dts: 0,
    timeless: false,
    entry: entry ? 'clean' : 'none',
    duration: kind === 'audio' ? soundTicks : 0,
  };
}
