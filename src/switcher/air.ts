/**
 * What goes out: units of whoever is on air get the program's time and become its packets. Which source that is, and when another one
 * takes over, is decided elsewhere (switcher.ts).
 */
import type { ProgramFormat } from './fit.ts';
import { shiftTimes } from './mpegts/pes.ts';
import { adtsType } from './mpegts/sound.ts';
import { shiftSplice } from './mpegts/splice-info.ts';
import type { ElementaryStream } from './mpegts/tables.ts';
import { type ClockReference, Multiplex } from './multiplex.ts';
import { OpenGroup } from './open-group.ts';
import type { PrivateUnit } from './private-streams.ts';
import { SoundTrack } from './sound-track.ts';
import type { Source } from './source.ts';
import { Timeline, ticksPerMs } from './timeline.ts';
import { markSplice, type Unit } from './unit.ts';

/** A source whose time leaps by more has begun anew. */
const leapTicks = 1000 * ticksPerMs;
/** A source that sends so much faster than time passes is cut off: a receiver's buffer is no longer. */
const aheadTicksMax = 3000 * ticksPerMs;

export class Air {
  readonly #codec: ProgramFormat['codec'];
  readonly #timeline: Timeline;
  readonly #multiplex: Multiplex;
  readonly #sound: SoundTrack;
  #nowMs = 0;
  /** What is added to the times of the sound on air. That of the picture's, but for a source whose picture is the slate's. */
  #soundOffset = 0;
  /** Pictures of an open group that are shown before its entry are left out up to this time of the source. */
  #skipBefore = Number.NEGATIVE_INFINITY;
  readonly #group = new OpenGroup();
  /** The next picture of the source on air begins an open group that the program did not have before. */
  #opens = false;
  /** What is on air shows its pictures in another order than it sends them. */
  reorders = false;
  /** When the last picture went out. */
  pictureMs = Number.NEGATIVE_INFINITY;

  constructor({ codec, fps, audioRate }: ProgramFormat, onPayload: (buffer: Buffer, offset: number, length: number) => void) {
    this.#codec = codec;
    this.#timeline = new Timeline(90_000 / fps);
    this.#multiplex = new Multiplex(onPayload);
    // The same for ever: a receiver never sees another map, but for private streams that are let pass.
    const descriptors = new Uint8Array();
    this.#multiplex.describe({ pid: 0, type: codec === 'h264' ? 27 : 36, kind: codec, descriptors }, { pid: 0, type: adtsType, kind: 'audio', descriptors });
    this.#sound = new SoundTrack(audioRate, (unit, at) => this.#multiplex.write(unit, at, at, this.#nowMs));
  }

  get packets(): number {
    return this.#multiplex.packets;
  }

  get lastPcr(): ClockReference | null {
    return this.#multiplex.lastPcr;
  }

  /** All that follows happens now. */
  set nowMs(nowMs: number) {
    this.#nowMs = nowMs;
  }

  /** To be called every few milliseconds. `givenUp`: what is on air will send no more pictures. */
  turn(nowMs: number, givenUp: boolean): void {
    this.#nowMs = nowMs;
    this.#multiplex.turn(nowMs, givenUp);
  }

  /** Where the wall's clock stands in the time of what is on air, 90 kHz. */
  wallIn(): number {
    return this.#timeline.wall(this.#nowMs) - this.#timeline.offset;
  }

  /** A picture of what is on air that is shown after all that went out: before it none is missing. */
  isAfterAll({ pts }: Unit): boolean {
    return pts + this.#timeline.offset > this.#timeline.maxPts;
  }

  /** What comes next is another sound. */
  joinSound(): void {
    this.#sound.join();
  }

  /** Another source's time is fitted into the program's. `wish`: a shift that it should have, if that can be. */
  begin(entry: Unit, wish?: number): void {
    this.#group.end();
    this.#opens = entry.entry === 'leading' && Number.isFinite(this.pictureMs);
    this.#fit(entry, wish);
    this.#skipBefore = entry.entry === 'leading' ? entry.pts : Number.NEGATIVE_INFINITY;
    this.reorders = false;
    this.#soundOffset = this.#timeline.offset;
  }

  /** The slate begins with its first picture, before which nothing leads. */
  beginSlate(first: Unit): void {
    this.#group.end();
    this.#fit(first);
    this.#skipBefore = Number.NEGATIVE_INFINITY;
  }

  #fit({ dts, pts }: Unit, wish?: number): void {
    this.#timeline.begin(dts, pts, this.#nowMs, wish);
    this.#sound.begin(dts + this.#timeline.offset);
  }

  /** From now on sound has the picture's own shift. */
  alignSound(): void {
    this.#soundOffset = this.#timeline.offset;
  }

  /** Sound without a picture of its own begins at the program's last picture. */
  alignSoundTo(unit: Unit): void {
    this.#soundOffset = this.#timeline.lastDts - unit.pts;
  }

  get soundOffset(): number {
    return this.#soundOffset;
  }

  /** Whether a picture follows what its source sent before: its time goes on, and does not lie before what went out. */
  follows({ dts }: Unit, lastDts: number): boolean {
    return Math.abs(dts - lastDts) <= leapTicks && dts + this.#timeline.offset > this.#multiplex.reference;
  }

  isTooEarly({ dts }: Unit): boolean {
    return dts + this.#timeline.offset > this.#timeline.wall(this.#nowMs) + aheadTicksMax;
  }

  /** A picture of the source on air. */
  picture(unit: Unit, soundLagTicks: number): void {
    this.reorders ||= unit.pts !== unit.dts;
    if (unit.pts < this.#skipBefore) return;
    this.slatePicture(this.#joined(unit), soundLagTicks);
    this.alignSound();
  }

  /** As a decoder wants it that had another source before. */
  #joined(unit: Unit): Unit {
    if (!this.#opens) return this.#group.follow(unit);
    this.#opens = false;
    const refresh = this.#codec === 'h264' ? this.#group.begin(unit) : null;
    if (refresh === null) markSplice(unit, this.#codec);
    return refresh ?? unit;
  }

  /** A picture of the slate: whose sound goes with it keeps its own shift. */
  slatePicture(unit: Unit, soundLagTicks: number): void {
    const dts = this.#timeline.advance(unit.dts, unit.pts, this.#nowMs);
    this.#multiplex.write(unit, Math.max(dts, unit.pts + this.#timeline.offset), dts, this.#nowMs);
    this.pictureMs = this.#nowMs;
    this.#sound.fill(dts - soundLagTicks);
  }

  slateSound(unit: Unit): void {
    this.#sound.add(unit, unit.pts + this.#timeline.offset);
  }

  /** @param covered the slate's picture is shown to it. */
  sound(source: Source, unit: Unit, covered: boolean): void {
    let at = unit.pts + this.#soundOffset;
    const { lastDts } = this.#timeline;
    // Without a picture nothing else tells that its clock has leapt.
    if (covered && Math.abs(at - lastDts) > leapTicks * 2) {
      this.alignSoundTo(unit);
      at = lastDts;
      this.#sound.join();
    }
    source.learnLag(lastDts - at);
    this.#sound.add(unit, at);
  }

  /** What the source on air has besides picture and sound, by the rules that let it pass. */
  describePrivate(streams: readonly (ElementaryStream | null)[]): void {
    for (const [slot, stream] of streams.entries()) if (stream !== null) this.#multiplex.describePrivate(slot, stream);
  }

  /** Its times are moved as those of the sound are. */
  privateUnit(unit: PrivateUnit): void {
    if (unit.isSection) shiftSplice(unit.bytes, unit.end, this.#soundOffset);
    else shiftTimes(unit.bytes, 0, unit.end, this.#soundOffset);
    this.#multiplex.writePrivate(unit, this.#nowMs);
  }
}
