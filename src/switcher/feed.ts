/**
 * One source's MPEG-TS, taken apart into whole units: a picture or a piece of sound each. A unit is handed on when it is
 * complete, so that a source that dies in the middle of one leaves no broken picture behind. Memory is bounded, whatever comes.
 */
import { Assembly, isStuffed, pesAt, unseen } from './assembly.ts';
import { Cadence } from './cadence.ts';
import type { SourceFormat } from './fit.ts';
import type { AudioFormat } from './mpegts/aac.ts';
import { Head } from './mpegts/access-unit.ts';
import {
  continuityOf,
  hasError,
  hasPayload,
  isDiscontinuity,
  isScrambled,
  nullPid,
  packetBytes,
  payloadAt,
  pesTime,
  pidOf,
  ptsWrap,
  startsUnit,
  wrappedDifference,
} from './mpegts/packet.ts';
import type { VideoFormat } from './mpegts/parameter-sets.ts';
import { claimedBytes, elementaryAt, isElementary } from './mpegts/pes.ts';
import { SoundReader } from './mpegts/sound.ts';
import { Step } from './mpegts/step.ts';
import { type ElementaryStream, mapIn, mapPidIn, SectionReader } from './mpegts/tables.ts';
import { ParameterSets } from './parameter-store.ts';
import { type PassRule, PrivateStreams, type PrivateUnit } from './private-streams.ts';
import type { Unit } from './unit.ts';

export interface FeedFigures {
  /** Whole pictures, for the frame cadence. */
  pictures: number;
  packets: number;
  continuityErrors: number;
  /** Out of step, or too large to be true. */
  skippedBytes: number;
  /** Pictures and pieces of sound that were left out because something of them was missing, scrambled or a lie. */
  damagedUnits: number;
}

/** Larger than any picture at 50 Mbit/s and a short group of pictures. */
const videoBytesMax = 4 * 1024 * 1024;
/** The length field of a PES packet reaches no further, and sound must give its length (2.4.3.7). */
const audioBytesMax = 64 * 1024 + 6;
/** Sixteen pictures, the most that codecs reorder, at eight a second. */
const reorderTicksMax = 2 * 90_000;

export interface FeedOptions {
  onUnit(unit: Unit): void;
  /** program_number of the program to take; 0: the first. */
  programNumber?: number;
  /** What passes besides picture and sound. */
  passStreams?: readonly PassRule[];
  onPrivate?(unit: PrivateUnit): void;
}

export class Feed implements SourceFormat {
  readonly #options: FeedOptions;
  readonly #counts = { pictures: 0, packets: 0, continuityErrors: 0, damagedUnits: 0, skippedBytes: 0 };
  readonly #step = new Step((buffer, at) => this.#packet(buffer, at));
  readonly #video = new Assembly('video', videoBytesMax);
  readonly #audio = new Assembly('audio', audioBytesMax);
  readonly #association = new SectionReader(0x00);
  readonly #mapSection = new SectionReader(0x02);
  readonly #head = new Head();
  readonly #sets = new ParameterSets();
  readonly #sound = new SoundReader(audioBytesMax);
  readonly #cadence = new Cadence();
  readonly #private: PrivateStreams;
  #mapPid = -1;
  #changes = 0;
  /** The source has said what it consists of. */
  mapped = false;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#private = new PrivateStreams(options.passStreams ?? [], (unit) => options.onPrivate?.(unit));
  }

  get figures(): FeedFigures {
    const { skippedBytes, continuityErrors, damagedUnits } = this.#counts;
    const { counts } = this.#private;
    return {
      ...this.#counts,
      skippedBytes: skippedBytes + this.#step.skippedBytes,
      continuityErrors: continuityErrors + counts.continuityErrors,
      damagedUnits: damagedUnits + counts.damagedUnits,
    };
  }

  /** What the source said that its streams are; null before it did. */
  get videoStream(): ElementaryStream | null {
    return this.#video.stream;
  }

  get audioStream(): ElementaryStream | null {
    return this.#audio.stream;
  }

  /** What it has for each rule that lets a stream pass; null: nothing. */
  get privateStreams(): readonly (ElementaryStream | null)[] {
    return this.#private.streams;
  }

  get videoFormat(): VideoFormat | null {
    return this.#sets.format;
  }

  get audioFormat(): AudioFormat | null {
    return this.#sound.format;
  }

  get pictureTicks(): number {
    return this.#cadence.pictureTicks;
  }

  /** Another number whenever anything of the format has changed. */
  get formatVersion(): number {
    return this.#changes + this.#sets.changes + this.#sound.changes;
  }

  /** Bytes as they come, in pieces of any size. */
  push(chunk: Buffer): void {
    this.#step.push(chunk);
  }

  /** The source begins anew: what was begun of the old one is dropped, and nothing of it is a reference. */
  reset(): void {
    this.#step.reset();
    this.#association.reset();
    this.#mapSection.reset();
    this.#private.reset();
    this.#mapPid = -1;
    this.mapped = false;
    for (const one of [this.#video, this.#audio]) {
      one.forget();
      one.stream = null;
      one.lastTime = Number.NaN;
    }
    this.#sets.reset();
    this.#sound.reset();
    this.#cadence.reset();
    this.#changes++;
  }

  #packet(buffer: Buffer, at: number): void {
    this.#counts.packets++;
    const pid = pidOf(buffer, at);
    if (pid === nullPid || !hasPayload(buffer, at)) return;
    if (pid === this.#video.stream?.pid) this.#collect(this.#video, buffer, at);
    else if (pid === this.#audio.stream?.pid) this.#collect(this.#audio, buffer, at);
    else if (pid !== 0 && pid !== this.#mapPid) this.#private.add(pid, buffer, at);
    else if (hasError(buffer, at) || isScrambled(buffer, at)) return;
    else if (pid === 0) {
      const section = this.#association.add(buffer, at);
      if (section !== null) this.#mapPid = mapPidIn(this.#association.bytes, section, this.#options.programNumber ?? 0);
    } else this.#map(buffer, at);
  }

  #map(buffer: Buffer, at: number): void {
    const section = this.#mapSection.add(buffer, at);
    if (section === null) return;
    const { streams } = mapIn(this.#mapSection.bytes, section);
    // Streams that name the tables' own PIDs would keep every later table from being read.
    const honest = streams.filter(({ pid }) => pid !== 0 && pid !== this.#mapPid && pid !== nullPid);
    const video = honest.find(({ kind }) => kind === 'h264' || kind === 'h265' || kind === 'mpeg2') ?? null;
    this.#adopt(this.#video, video);
    this.#adopt(this.#audio, honest.find(({ kind, pid }) => kind === 'audio' && pid !== video?.pid) ?? null);
    this.#private.adopt(honest.filter(({ kind }) => kind === 'other'));
    this.mapped = true;
  }

  #adopt(assembly: Assembly, stream: ElementaryStream | null): void {
    const before = assembly.stream;
    assembly.stream = stream;
    if (stream?.pid === before?.pid && stream?.type === before?.type) return;
    assembly.forget();
    if (assembly === this.#video) {
      this.#sets.reset();
      this.#cadence.reset();
    } else this.#sound.reset();
    this.#changes++;
  }

  #collect(assembly: Assembly, buffer: Buffer, at: number): void {
    const counter = continuityOf(buffer, at);
    const before = assembly.counter;
    const from = payloadAt(buffer, at);
    const end = at + packetBytes;
    const starts = startsUnit(buffer, at);
    // The same packet twice is permitted (2.4.3.3), and no news.
    if (counter === before && assembly.endsWith(buffer, from, end)) return;
    assembly.counter = counter;
    const follows = before === unseen || counter === ((before + 1) & 0x0f) || isDiscontinuity(buffer, at);
    if (!follows) {
      this.#counts.continuityErrors++;
      assembly.damaged = true;
    }
    if (starts) {
      this.#complete(assembly);
      assembly.begin();
    }
    if (hasError(buffer, at) || isScrambled(buffer, at)) assembly.damaged = true;
    if (!assembly.open) return;
    if (!assembly.append(buffer, from, end)) {
      this.#counts.skippedBytes += assembly.unit.end - pesAt;
      return this.#drop(assembly);
    }
    if (this.#isEnd(assembly, buffer, at, starts)) this.#complete(assembly);
  }

  /** A muxer fills up the last packet of a unit; where it happened to be full, the next unit tells. */
  #isEnd({ unit }: Assembly, buffer: Buffer, at: number, starts: boolean): boolean {
    const claimed = claimedBytes(unit.bytes, pesAt, unit.end);
    // Sound must say its length truly; of a picture that claims too little the rest is still to come.
    if (claimed > 0) return unit.kind === 'audio' ? unit.end - pesAt >= claimed : unit.end - pesAt === claimed;
    return ((buffer[at + 3] as number) & 0x20) !== 0 && isStuffed(buffer, at, starts);
  }

  #drop(assembly: Assembly): void {
    assembly.open = false;
    this.#counts.damagedUnits++;
    if (assembly === this.#audio) this.#sound.broken();
  }

  #complete(assembly: Assembly): void {
    if (!assembly.open) return;
    const { unit, stream } = assembly;
    const claimed = claimedBytes(unit.bytes, pesAt, unit.end);
    const isWhole = !assembly.damaged && isElementary(unit.bytes, pesAt, unit.end) && unit.end - pesAt >= claimed;
    if (stream === null || !isWhole) return this.#drop(assembly);
    assembly.open = false;
    unit.from = elementaryAt(unit.bytes, pesAt, unit.end);
    if (unit.kind === 'audio' && claimed > 0) unit.end = pesAt + claimed;
    if (unit.from >= unit.end || !this.#readTimes(assembly)) return;
    if (unit.kind === 'audio') {
      unit.entry = 'clean';
      if (!unit.timeless && this.#sound.read(unit, stream.type)) this.#options.onUnit(unit);
      return;
    }
    this.#readHead(assembly, stream);
    this.#counts.pictures++;
    if (!unit.timeless && this.#cadence.add(unit.dts)) this.#changes++;
    this.#options.onUnit(unit);
  }

  /** What stands at a picture's head; an entry gets the parameter sets that it lacks, and is none when they are not known. */
  #readHead(assembly: Assembly, { kind }: ElementaryStream): void {
    const { unit } = assembly;
    this.#head.read(kind, unit.bytes, unit.from, unit.end);
    unit.entry = this.#head.entry;
    if (kind !== 'h264' && kind !== 'h265') return;
    this.#sets.learn(kind, unit.bytes, this.#head);
    if (unit.entry === 'none') return;
    const missing = this.#sets.missing(kind, this.#head);
    if (missing === null) unit.entry = 'none';
    else if (missing.length > 0) {
      const at = this.#head.setsAt;
      if (unit.end + missing.length > unit.bytes.length) assembly.grow(unit.end + missing.length);
      unit.bytes.copyWithin(at + missing.length, at, unit.end);
      missing.copy(unit.bytes, at);
      unit.end += missing.length;
    }
  }

  /** False for a unit without a time before any had one, or with one that cannot be: it belongs nowhere. */
  #readTimes(assembly: Assembly): boolean {
    const { unit } = assembly;
    const pts = pesTime(unit.bytes, pesAt, unit.end, 0);
    const dts = pesTime(unit.bytes, pesAt, unit.end, 1);
    unit.timeless = pts < 0;
    if (pts < 0) return !Number.isNaN(assembly.lastTime);
    const decoded = dts >= 0 && unit.kind === 'video' ? dts : pts;
    const reordered = wrappedDifference(pts, decoded, ptsWrap);
    if (Math.abs(reordered) > reorderTicksMax) {
      this.#counts.damagedUnits++;
      return false;
    }
    unit.dts = Number.isNaN(assembly.lastTime) ? this.#begin(decoded) : assembly.lastTime + wrappedDifference(decoded, assembly.lastTime, ptsWrap);
    unit.pts = unit.dts + Math.max(0, reordered);
    assembly.lastTime = unit.dts;
    return true;
  }

  /** Sound and picture count over the wrap together: the later stream begins near the other. */
  #begin(time: number): number {
    const other = Number.isNaN(this.#video.lastTime) ? this.#audio.lastTime : this.#video.lastTime;
    return Number.isNaN(other) ? time : other + wrappedDifference(time, other, ptsWrap);
  }
}
