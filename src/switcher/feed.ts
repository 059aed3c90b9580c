/**
 * One source's MPEG-TS, taken apart into whole units: a picture or a piece of sound each. A unit is handed on when it is
 * complete, so that a source that dies in the middle of one leaves no broken picture behind. Memory is bounded, whatever comes.
 */
import { adtsTicks } from './mpegts/adts.ts';
import { type Entry, entryOf } from './mpegts/entry.ts';
import {
  continuityOf,
  hasPayload,
  isDiscontinuity,
  nullPid,
  packetBytes,
  payloadAt,
  pesTime,
  pidOf,
  ptsWrap,
  startsUnit,
  syncByte,
  wrappedDifference,
} from './mpegts/packet.ts';
import { claimedBytes, elementaryAt, isElementary } from './mpegts/pes.ts';
import { type ElementaryStream, parseAssociation, parseProgramMap } from './mpegts/tables.ts';

/** One picture or piece of sound. The same object and memory serve the next one: to be used or copied at once. */
export interface Unit {
  kind: 'video' | 'audio';
  /** The whole PES packet. */
  bytes: Buffer;
  length: number;
  /** 90 kHz, counted on over the wrap of 33 bits, so that later is always more. */
  pts: number;
  dts: number;
  hasDts: boolean;
  /** The header says no time: the one before goes on. */
  timeless: boolean;
  entry: Entry;
  /** 90 kHz; 0 where it is not known. */
  duration: number;
}

export interface FeedFigures {
  /** Whole pictures, for the frame cadence. */
  pictures: number;
  packets: number;
  continuityErrors: number;
  /** Out of step, or too large to be true. */
  skippedBytes: number;
}

/** Larger than any picture at 50 Mbit/s and a short group of pictures. */
const videoBytesMax = 4 * 1024 * 1024;
const audioBytesMax = 256 * 1024;
const firstBytes = 64 * 1024;
const unseen = 0xff;

class Assembly {
  readonly unit: Unit;
  readonly bytesMax: number;
  stream: ElementaryStream | null = null;
  open = false;
  counter = unseen;
  /** Last time that was said, unwrapped; NaN before the first. */
  lastTime = Number.NaN;

  constructor(kind: Unit['kind'], bytesMax: number) {
    this.bytesMax = bytesMax;
    this.unit = { kind, bytes: Buffer.alloc(firstBytes), length: 0, pts: 0, dts: 0, hasDts: false, timeless: true, entry: 'none', duration: 0 };
  }

  /** False when it grows too large to be true. */
  append(source: Buffer, from: number, end: number): boolean {
    const { unit } = this;
    const wanted = unit.length + end - from;
    if (wanted > this.bytesMax) return false;
    if (wanted > unit.bytes.length) {
      const larger = Buffer.alloc(Math.min(this.bytesMax, Math.max(wanted, unit.bytes.length * 2)));
      unit.bytes.copy(larger, 0, 0, unit.length);
      unit.bytes = larger;
    }
    source.copy(unit.bytes, unit.length, from, end);
    unit.length = wanted;
    return true;
  }
}

export class Feed {
  readonly figures: FeedFigures = { pictures: 0, packets: 0, continuityErrors: 0, skippedBytes: 0 };
  readonly #onUnit: (unit: Unit) => void;
  readonly #partial = Buffer.alloc(packetBytes);
  readonly #video = new Assembly('video', videoBytesMax);
  readonly #audio = new Assembly('audio', audioBytesMax);
  #partialBytes = 0;
  #mapPid = -1;

  constructor(onUnit: (unit: Unit) => void) {
    this.#onUnit = onUnit;
  }

  /** What the source said that its streams are; null before it did. */
  get videoStream(): ElementaryStream | null {
    return this.#video.stream;
  }

  get audioStream(): ElementaryStream | null {
    return this.#audio.stream;
  }

  /** Bytes as they come, in pieces of any size. */
  push(chunk: Buffer): void {
    let at = 0;
    while (this.#partialBytes > 0 && at < chunk.length) {
      const wanted = Math.min(packetBytes - this.#partialBytes, chunk.length - at);
      chunk.copy(this.#partial, this.#partialBytes, at, at + wanted);
      this.#partialBytes += wanted;
      at += wanted;
      if (this.#partialBytes < packetBytes) return;
      this.#partialBytes = 0;
      this.#packet(this.#partial, 0);
    }
    while (at < chunk.length) {
      if (chunk[at] !== syncByte) {
        at = this.#toSync(chunk, at);
        continue;
      }
      if (at + packetBytes > chunk.length) {
        this.#partialBytes = chunk.copy(this.#partial, 0, at);
        return;
      }
      this.#packet(chunk, at);
      at += packetBytes;
    }
  }

  /** The source begins anew: what was begun of the old one is dropped, and nothing of it is a reference. */
  reset(): void {
    this.#partialBytes = 0;
    this.#mapPid = -1;
    for (const one of [this.#video, this.#audio]) {
      one.open = false;
      one.counter = unseen;
      one.stream = null;
      one.lastTime = Number.NaN;
    }
  }

  #toSync(chunk: Buffer, from: number): number {
    let at = from + 1;
    // One 0x47 may be chance: the next packet must begin in step, where the chunk reaches that far.
    while (at < chunk.length && !(chunk[at] === syncByte && (at + packetBytes >= chunk.length || chunk[at + packetBytes] === syncByte))) at++;
    this.figures.skippedBytes += at - from;
    return at;
  }

  #packet(buffer: Buffer, at: number): void {
    this.figures.packets++;
    const pid = pidOf(buffer, at);
    if (pid === nullPid || !hasPayload(buffer, at)) return;
    if (pid === 0) {
      const map = parseAssociation(buffer, at);
      if (map >= 0) this.#mapPid = map;
    } else if (pid === this.#mapPid) this.#map(buffer, at);
    else if (pid === this.#video.stream?.pid) this.#collect(this.#video, buffer, at);
    else if (pid === this.#audio.stream?.pid) this.#collect(this.#audio, buffer, at);
  }

  #map(buffer: Buffer, at: number): void {
    const map = parseProgramMap(buffer, at);
    if (map === null) return;
    this.#adopt(this.#video, map.streams.find(({ kind }) => kind === 'h264' || kind === 'h265' || kind === 'mpeg2') ?? null);
    this.#adopt(this.#audio, map.streams.find(({ kind }) => kind === 'audio') ?? null);
  }

  #adopt(assembly: Assembly, stream: ElementaryStream | null): void {
    const before = assembly.stream;
    assembly.stream = stream;
    if (stream?.pid === before?.pid && stream?.type === before?.type) return;
    assembly.open = false;
    assembly.counter = unseen;
  }

  #collect(assembly: Assembly, buffer: Buffer, at: number): void {
    const counter = continuityOf(buffer, at);
    const before = assembly.counter;
    // The same packet twice is permitted (2.4.3.3), and no news.
    if (counter === before && !startsUnit(buffer, at)) return;
    assembly.counter = counter;
    if (before !== unseen && counter !== ((before + 1) & 0x0f) && !isDiscontinuity(buffer, at)) this.figures.continuityErrors++;
    const starts = startsUnit(buffer, at);
    if (starts) {
      this.#complete(assembly);
      assembly.open = true;
      assembly.unit.length = 0;
    }
    if (!assembly.open) return;
    const from = payloadAt(buffer, at);
    if (!assembly.append(buffer, from, at + packetBytes)) {
      this.figures.skippedBytes += assembly.unit.length;
      assembly.open = false;
      return;
    }
    if (this.#isEnd(assembly, buffer, at, starts)) this.#complete(assembly);
  }

  /** A muxer fills up the last packet of a unit; where it happened to be full, the next unit tells. */
  #isEnd(assembly: Assembly, buffer: Buffer, at: number, starts: boolean): boolean {
    const { unit } = assembly;
    const claimed = claimedBytes(unit.bytes, unit.length);
    if (claimed > 0) return unit.length >= claimed;
    return ((buffer[at + 3] as number) & 0x20) !== 0 && isStuffed(buffer, at, starts);
  }

  #complete(assembly: Assembly): void {
    if (!assembly.open) return;
    assembly.open = false;
    const { unit, stream } = assembly;
    if (stream === null || !isElementary(unit.bytes, unit.length)) return;
    const from = elementaryAt(unit.bytes, unit.length);
    if (!this.#readTimes(assembly)) return;
    unit.entry = unit.kind === 'video' ? entryOf(stream.kind, unit.bytes, from, unit.length) : 'clean';
    unit.duration = unit.kind === 'audio' ? adtsTicks(unit.bytes, from, unit.length) : 0;
    if (unit.kind === 'video') this.figures.pictures++;
    this.#onUnit(unit);
  }

  /** False for a unit without a time before any had one: it belongs nowhere. */
  #readTimes(assembly: Assembly): boolean {
    const { unit } = assembly;
    const pts = pesTime(unit.bytes, 0, unit.length, 0);
    const dts = pesTime(unit.bytes, 0, unit.length, 1);
    unit.timeless = pts < 0;
    unit.hasDts = dts >= 0;
    if (pts < 0) return !Number.isNaN(assembly.lastTime);
    const decoded = dts >= 0 ? dts : pts;
    unit.dts = Number.isNaN(assembly.lastTime) ? this.#begin(decoded) : assembly.lastTime + wrappedDifference(decoded, assembly.lastTime, ptsWrap);
    unit.pts = unit.dts + wrappedDifference(pts, decoded, ptsWrap);
    assembly.lastTime = unit.dts;
    return true;
  }

  /** Sound and picture count over the wrap together: the later stream begins near the other. */
  #begin(time: number): number {
    const other = Number.isNaN(this.#video.lastTime) ? this.#audio.lastTime : this.#video.lastTime;
    return Number.isNaN(other) ? time : other + wrappedDifference(time, other, ptsWrap);
  }
}

/** Whether the adaptation field holds more than its flags ask for (2.4.3.5). */
function isStuffed(buffer: Buffer, at: number, starts: boolean): boolean {
  const length = buffer[at + 4] as number;
  if (length === 0) return true;
  const flags = buffer[at + 5] as number;
  const used = 1 + ((flags & 0x10) === 0 ? 0 : 6) + ((flags & 0x08) === 0 ? 0 : 6) + ((flags & 0x04) === 0 ? 0 : 1);
  // Private data and extensions have lengths of their own: such a field is no sign.
  if ((flags & 0x03) !== 0) return false;
  // The first packet's field is there for its clock and flags; only a field that fills the packet up is longer.
  return length > used + (starts ? 1 : 0);
}
