/**
 * Several MPEG-TS in, one unbroken MPEG-TS out. Works on compressed streams: whole units of the source on air get the program's
 * time and go out; a switch lands on a picture that a decoder can begin with. Until it comes the old source stays on air, or the
 * slate when the old source is gone. Who is to be on air is not decided here (engine/).
 */
import { HeldUp } from '../held-up.ts';
import { Air } from './air.ts';
import type { FeedFigures } from './feed.ts';
import type { ProgramFormat } from './fit.ts';
import { Held } from './held.ts';
import type { ClockReference } from './multiplex.ts';
import type { PassRule, PrivateUnit } from './private-streams.ts';
import type { Clip } from './slate.ts';
import { Source } from './source.ts';
import { StandIn } from './stand-in.ts';
import type { Unit } from './unit.ts';

/** The source that is always there. No input may have this id. */
export const slateId = 'slate';
/** Two pictures at 25 a second: a shorter wait for the next source is not worth another picture in between. */
const bridgeAfterMs = 80;
/** An encoder that is asked for a key frame answers with its next picture. */
const patienceMs = 50;
/** With pictures that are shown in another order than they are sent, a cut waits this long for a place where none is missing. */
const cutWaitMs = 250;
/** A source on air that has sent no picture for so long gets the slate's; its clock runs on by itself for 300 ms. */
const coverAfterMs = 360;
/** Turns come each 10 ms. */
const heldUpMs = 50;

export interface SwitcherOptions {
  program: ProgramFormat & { passStreams?: readonly PassRule[] };
  /** program_number that an input is to be read for; 0: its first. */
  programNumberOf?(id: string): number;
  /** One payload of whole packets; to be used or copied at once. */
  onPayload(buffer: Buffer, offset: number, length: number): void;
  /** The program comes from another source from now on. `waitedMs`: since it was asked for. */
  onSwitched(to: string, from: string | null, waitedMs: number): void;
  /** The input's stream is of another format than the program and is not taken. Called from `turn`. */
  onUnfit?(id: string, why: string): void;
  /** The slate's picture goes with the sound of the input on air, or does so no more. Called from `turn`. */
  onCovered?(id: string, covered: boolean): void;
}

export class Switcher {
  readonly #options: SwitcherOptions;
  readonly #sources = new Map<string, Source>();
  readonly #air: Air;
  readonly #slate: StandIn;
  #onAir: string | null = null;
  /** The source on air has no picture: the slate's is shown to its sound. */
  #covered = false;
  #wanted: string | null = null;
  #wantedMs = 0;
  readonly #held = new Held();
  readonly #heldUp = new HeldUp(heldUpMs);
  #nowMs = 0;
  readonly #silenceMs = (sinceMs: number): number => this.#heldUp.silenceMs(sinceMs, this.#nowMs);
  /** Told at the next turn: who hears it may end the very source whose bytes are being read. */
  readonly #toTell: (() => void)[] = [];

  constructor(options: SwitcherOptions) {
    this.#options = options;
    this.#air = new Air(options.program, options.onPayload);
    this.#slate = new StandIn(this.#air, () => (this.#covered && this.#onAir !== null ? (this.#sources.get(this.#onAir) ?? null) : null));
  }

  get packets(): number {
    return this.#air.packets;
  }

  get lastPcr(): ClockReference | null {
    return this.#air.lastPcr;
  }

  /** Whose pictures go out now, or whose sound while it is covered; `slateId` while the slate does. */
  get onAir(): string | null {
    return this.#onAir;
  }

  /** The source on air gets the slate's picture. */
  get covered(): boolean {
    return this.#covered;
  }

  /** Whose key frame is waited for. */
  get awaited(): string | null {
    if (this.#wanted !== null || !this.#covered || this.#onAir === null) return this.#wanted;
    return this.#sources.get(this.#onAir)?.isPictureless(this.#silenceMs) === false ? this.#onAir : null;
  }

  /** The input's stream has sound, and no picture to it. */
  isPictureless(id: string): boolean {
    return this.#sources.get(id)?.isPictureless(this.#silenceMs) ?? false;
  }

  figures(id: string): FeedFigures | null {
    return this.#sources.get(id)?.feed.figures ?? null;
  }

  /** Why the input's stream may not be spliced in; null: it may, as far as is known. */
  unfit(id: string): string | null {
    return this.#sources.get(id)?.unfit ?? null;
  }

  /** What plays goes on with the new one. */
  setSlate(clip: Clip): void {
    this.#slate.set(clip, this.#nowMs);
  }

  /** Bytes of an input, in pieces of any size. */
  push(id: string, chunk: Buffer, nowMs: number): void {
    this.#setNow(nowMs);
    this.#source(id).feed.push(chunk);
  }

  /** The input delivers no more, or begins anew: what was begun is dropped. */
  ended(id: string, nowMs: number): void {
    const source = this.#sources.get(id);
    if (source === undefined) return;
    source.ended();
    if (this.#wanted === id) this.#held.take();
    // It stays on air for the books until another one takes over; its next picture has to be an entry.
    if (this.#onAir === id) this.turn(nowMs);
  }

  /** This input is to be on air as soon as it can be. `slateId` is at once. */
  select(id: string, nowMs: number): void {
    this.#setNow(nowMs);
    if (this.#wanted === id) return;
    this.#held.take();
    this.#wanted = this.#onAir === id ? null : id;
    this.#wantedMs = nowMs;
    if (this.#wanted === slateId) this.#playSlate(nowMs);
  }

  /** To be called every few milliseconds. */
  turn(nowMs: number): void {
    this.#setNow(nowMs);
    this.#heldUp.look(nowMs);
    for (let tell = this.#toTell.shift(); tell !== undefined; tell = this.#toTell.shift()) tell();
    if (this.#held.waitedMs(nowMs) > cutWaitMs) this.#release();
    if (this.#wanted !== null && this.#onAir !== slateId && this.#isLate(nowMs)) this.#playSlate(nowMs);
    if (this.#wanted === null && this.#isPictureLost()) this.#cover(nowMs);
    this.#slate.step(nowMs);
    const own = this.#onAir === null ? undefined : this.#sources.get(this.#onAir);
    if (own !== undefined) this.#air.describePrivate(own.feed.privateStreams);
    this.#air.turn(nowMs, this.#wanted !== null && this.#silenceMs(this.#air.pictureMs) > bridgeAfterMs);
  }

  #setNow(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#air.nowMs = nowMs;
  }

  /** There has been no picture for too long, and there is nothing left to wait for but the wanted source. */
  #isLate(nowMs: number): boolean {
    return this.#silenceMs(this.#air.pictureMs) > bridgeAfterMs && nowMs - this.#wantedMs > patienceMs;
  }

  #isPictureLost(): boolean {
    return this.#onAir !== null && this.#onAir !== slateId && !this.#covered && this.#silenceMs(this.#air.pictureMs) > coverAfterMs;
  }

  #source(id: string): Source {
    let source = this.#sources.get(id);
    if (source === undefined) {
      source = new Source({
        programNumber: this.#options.programNumberOf?.(id) ?? 0,
        passStreams: this.#options.program.passStreams ?? [],
        onUnit: (unit) => this.#receive(id, unit),
        onPrivate: (unit) => this.#receivePrivate(id, unit),
      });
      this.#sources.set(id, source);
    }
    return source;
  }

  #receive(id: string, unit: Unit): void {
    const source = this.#source(id);
    if (source.note(unit, this.#options.program, this.#nowMs)) this.#refuse(id, source);
    if (source.unfit !== null) return;
    if (id === this.#wanted) return this.#awaitEntry(id, source, unit);
    if (id === this.#onAir) {
      // The wanted source waits for the place before which no picture is missing: this is it.
      if (!this.#held.isEmpty && unit.kind === 'video' && this.#air.isAfterAll(unit)) return this.#release();
      return this.#emit(source, unit);
    }
    if (unit.kind === 'audio') source.sound.add(unit);
  }

  /** Belongs to what is shown, and so goes out only while its source is. */
  #receivePrivate(id: string, unit: PrivateUnit): void {
    const source = this.#sources.get(id);
    if (id !== this.#onAir || source === undefined || source.unfit !== null) return;
    if (Number.isNaN(source.lastDts) && !this.#covered) return;
    this.#air.describePrivate(source.feed.privateStreams);
    this.#air.privateUnit(unit);
  }

  #refuse(id: string, source: Source): void {
    const why = source.unfit;
    if (why === null) return;
    source.sound.clear();
    source.lastDts = Number.NaN;
    if (this.#wanted === id) this.#held.take();
    this.#toTell.push(() => this.#options.onUnfit?.(id, why));
  }

  #awaitEntry(id: string, source: Source, unit: Unit): void {
    if (!this.#held.isEmpty) return this.#hold(unit);
    if (unit.kind === 'audio') {
      source.sound.add(unit);
      if (source.isPictureless(this.#silenceMs)) this.#takeSound(id, source, unit);
    } else if (unit.entry === 'none') return;
    else if (this.#mayCut()) {
      this.#take(id, source, unit);
      this.#emit(source, unit);
    } else this.#hold(unit);
  }

  #hold(unit: Unit): void {
    this.#held.add(unit, this.#nowMs);
    if (this.#held.isFull) this.#release();
  }

  /** A cut may be made at once where the old source has nothing outstanding. */
  #mayCut(): boolean {
    const old = this.#onAir === null ? undefined : this.#sources.get(this.#onAir);
    return old === undefined || Number.isNaN(old.lastDts) || !this.#air.reorders || this.#covered;
  }

  #release(): void {
    const id = this.#wanted;
    const units = this.#held.take();
    const [first] = units;
    if (id === null || first === undefined) return;
    const source = this.#source(id);
    this.#take(id, source, first);
    for (const unit of units) this.#emit(source, unit);
  }

  #take(id: string, source: Source, entry: Unit): void {
    const from = this.#leave(id);
    this.#begin(source, entry);
    for (const sound of source.sound.units()) this.#air.sound(source, sound, this.#covered);
    source.sound.clear();
    this.#options.onSwitched(id, from, this.#nowMs - this.#wantedMs);
  }

  /** A source without a picture goes on air: the slate's picture, and its sound from now on. */
  #takeSound(id: string, source: Source, unit: Unit): void {
    if (!this.#slate.isReady) return;
    const playing = this.#slate.isPlaying;
    const from = this.#leave(id);
    source.sound.clear();
    if (playing) this.#slate.resume();
    else this.#slate.start(this.#nowMs);
    this.#setCovered(id, true);
    this.#air.alignSoundTo(unit);
    this.#air.sound(source, unit, true);
    this.#options.onSwitched(id, from, this.#nowMs - this.#wantedMs);
  }

  /** What was on air is so no more; returns its name. */
  #leave(to: string): string | null {
    const from = this.#onAir;
    this.#slate.stop();
    const old = from === null ? undefined : this.#sources.get(from);
    if (old !== undefined) old.lastDts = Number.NaN;
    if (this.#covered && from !== null) this.#setCovered(from, false);
    this.#onAir = to;
    this.#wanted = null;
    this.#air.joinSound();
    return from;
  }

  #setCovered(id: string, covered: boolean): void {
    this.#covered = covered;
    this.#toTell.push(() => this.#options.onCovered?.(id, covered));
  }

  /** The source's time is fitted into the program's. */
  #begin(source: Source, entry: Unit, wish?: number): void {
    this.#air.begin(entry, wish);
    source.lastDts = entry.dts;
  }

  #playSlate(nowMs: number): void {
    if (!this.#slate.isReady) return;
    const wanted = this.#wanted;
    const from = this.#leave(slateId);
    this.#wanted = wanted === slateId ? null : wanted;
    this.#slate.start(nowMs);
    this.#options.onSwitched(slateId, from, nowMs - this.#wantedMs);
  }

  /** The camera's picture has died; its sound may go on. */
  #cover(nowMs: number): void {
    const id = this.#onAir;
    if (!this.#slate.isReady || id === null) return;
    const source = this.#sources.get(id);
    if (source !== undefined) source.lastDts = Number.NaN;
    this.#air.alignSound();
    this.#slate.start(nowMs);
    this.#setCovered(id, true);
  }

  #uncover(source: Source, entry: Unit): void {
    this.#slate.stop();
    if (this.#onAir !== null) this.#setCovered(this.#onAir, false);
    this.#begin(source, entry, this.#air.soundOffset);
  }

  /** A unit of the source on air. */
  #emit(source: Source, unit: Unit): void {
    if (unit.kind === 'audio') return this.#air.sound(source, unit, this.#covered);
    if (this.#covered || !this.#air.follows(unit, source.lastDts)) {
      // It died and is back, or its clock was set: it begins anew, like any other.
      if (unit.entry === 'none') return;
      if (this.#covered) this.#uncover(source, unit);
      else this.#begin(source, unit);
    }
    if (this.#air.isTooEarly(unit)) {
      source.lastDts = Number.NaN;
      return;
    }
    source.lastDts = unit.dts;
    this.#air.picture(unit, source.soundLagTicks);
  }
}
