/**
 * Several MPEG-TS in, one unbroken MPEG-TS out. Works on compressed streams: whole units of the source on air get the program's
 * time and go out; a switch lands on a picture that a decoder can begin with. Until it comes the old source stays on air, or the
 * slate when the old source is gone. Who is to be on air is not decided here (engine/).
 */
import { Feed, type FeedFigures, type Unit } from './feed.ts';
import { type ClockReference, Multiplex } from './multiplex.ts';
import { type Clip, SlatePlayer, silenceOf } from './slate.ts';
import { keep, RecentSound } from './stored.ts';
import { Timeline, ticksPerMs } from './timeline.ts';

/** The source that is always there. No input may have this id. */
export const slateId = 'slate';
/** Two pictures at 25 a second: a shorter wait for the next source is not worth another picture in between. */
const bridgeAfterMs = 80;
/** An encoder that is asked for a key frame answers with its next picture. */
const patienceMs = 50;
/** With pictures that are shown in another order than they are sent, a cut waits this long for a place where none is missing. */
const cutWaitMs = 250;
/** The slate may play slower by this share. */
const slateSlack = 0.2;
/** Three seconds of sound and picture: a cut that is waited for longer is made where it stands. */
const heldMax = 250;
/** Sound may come this much later than the picture before silence stands in for it: muxers hold it back for some pictures. */
const soundLagTicksMin = 200 * ticksPerMs;
const soundLagTicksMax = 2000 * ticksPerMs;
/** Sound that overlaps what was sent by less than this is the same beat: half a frame of AAC. */
const overlapTicks = 10 * ticksPerMs;
/** A source whose time leaps by more has begun anew. */
const leapTicks = 1000 * ticksPerMs;

export interface SwitcherOptions {
  fps: number;
  /** One payload of whole packets; to be used or copied at once. */
  onPayload(buffer: Buffer, offset: number, length: number): void;
  /** The program comes from another source from now on. `waitedMs`: since it was asked for. */
  onSwitched(to: string, from: string | null, waitedMs: number): void;
}

interface Source {
  feed: Feed;
  sound: RecentSound;
  /** Its last picture on air, decoding time of its own; NaN while it is not. */
  lastDts: number;
  lastMs: number;
  /** How far its sound lags behind its picture, with room. */
  soundLagTicks: number;
}

export class Switcher {
  readonly #options: SwitcherOptions;
  readonly #sources = new Map<string, Source>();
  readonly #multiplex: Multiplex;
  readonly #timeline: Timeline;
  readonly #pictureTicks: number;
  #slate: SlatePlayer | null = null;
  #silence: Unit | null = null;
  #slateStartMs = 0;
  /** How far the program was ahead of the wall when the slate began. */
  #slateLeadTicks = 0;
  #onAir: string | null = null;
  #wanted: string | null = null;
  #wantedMs = 0;
  /** When the last picture went out. */
  #pictureMs = Number.NEGATIVE_INFINITY;
  /** What the wanted source has sent since its entry, while the old one comes to a place where a cut can be made. */
  #held: Unit[] = [];
  #heldSinceMs = 0;
  /** The source on air shows its pictures in another order than it sends them. */
  #reorders = false;
  /** Where the sound that was sent ends, program time. */
  #soundEnd = Number.NaN;
  /** Pictures of an open group that are shown before its entry are left out up to this time of the source. */
  #skipBefore = Number.NEGATIVE_INFINITY;
  #nowMs = 0;
  readonly #onSlate = (unit: Unit): void => this.#emit(slateId, unit);

  constructor(options: SwitcherOptions) {
    this.#options = options;
    this.#pictureTicks = 90_000 / options.fps;
    this.#timeline = new Timeline(this.#pictureTicks);
    this.#multiplex = new Multiplex(options.onPayload);
  }

  get packets(): number {
    return this.#multiplex.packets;
  }

  get lastPcr(): ClockReference | null {
    return this.#multiplex.lastPcr;
  }

  /** Whose pictures go out now; `slateId` while the slate does. */
  get onAir(): string | null {
    return this.#onAir;
  }

  /** What is to be on air and is waited for. */
  get awaited(): string | null {
    return this.#wanted;
  }

  figures(id: string): FeedFigures | null {
    return this.#sources.get(id)?.feed.figures ?? null;
  }

  setSlate(clip: Clip): void {
    this.#slate = new SlatePlayer(clip);
    this.#silence = silenceOf(clip);
  }

  /** Bytes of an input, in pieces of any size. */
  push(id: string, chunk: Buffer, nowMs: number): void {
    this.#nowMs = nowMs;
    this.#source(id).feed.push(chunk);
  }

  /** The input delivers no more, or begins anew: what was begun is dropped. */
  ended(id: string, nowMs: number): void {
    const source = this.#sources.get(id);
    if (source === undefined) return;
    source.feed.reset();
    source.sound.clear();
    if (this.#wanted === id) this.#held = [];
    if (this.#onAir !== id) return;
    // It stays on air for the books until another one takes over; its next picture has to be an entry.
    source.lastDts = Number.NaN;
    this.turn(nowMs);
  }

  /** This input is to be on air as soon as it can be. `slateId` is at once. */
  select(id: string, nowMs: number): void {
    this.#nowMs = nowMs;
    if (this.#wanted === id) return;
    this.#held = [];
    this.#wanted = this.#onAir === id ? null : id;
    this.#wantedMs = nowMs;
    if (this.#wanted === slateId) this.#playSlate(nowMs);
  }

  /** To be called every few milliseconds. */
  turn(nowMs: number): void {
    this.#nowMs = nowMs;
    if (this.#held.length > 0 && nowMs - this.#heldSinceMs > cutWaitMs) this.#release();
    if (this.#wanted !== null && this.#onAir !== slateId && this.#isLate(nowMs)) this.#playSlate(nowMs);
    this.#stepSlate(nowMs);
    this.#multiplex.turn(nowMs, this.#wanted !== null && nowMs - this.#pictureMs > bridgeAfterMs);
  }

  /** There has been no picture for too long, and there is nothing left to wait for but the wanted source. */
  #isLate(nowMs: number): boolean {
    return nowMs - this.#pictureMs > bridgeAfterMs && nowMs - this.#wantedMs > patienceMs;
  }

  #source(id: string): Source {
    let source = this.#sources.get(id);
    if (source === undefined) {
      const feed = new Feed((unit) => this.#receive(id, unit));
      source = { feed, sound: new RecentSound(), lastDts: Number.NaN, lastMs: 0, soundLagTicks: soundLagTicksMin };
      this.#sources.set(id, source);
    }
    return source;
  }

  #receive(id: string, unit: Unit): void {
    if (id === this.#wanted) return this.#awaitEntry(id, unit);
    if (id === this.#onAir) {
      // The wanted source waits for the place before which no picture is missing: this is it.
      if (this.#held.length > 0 && unit.kind === 'video' && unit.pts + this.#timeline.offset > this.#timeline.maxPts) return this.#release();
      return this.#emit(id, unit);
    }
    if (unit.kind === 'audio') this.#sources.get(id)?.sound.add(unit);
  }

  #awaitEntry(id: string, unit: Unit): void {
    if (this.#held.length > 0) {
      this.#held.push(keep(unit));
      if (this.#held.length > heldMax) this.#release();
    } else if (unit.kind === 'audio') this.#sources.get(id)?.sound.add(unit);
    else if (unit.entry === 'none') return;
    else if (this.#mayCut()) {
      this.#take(id, unit);
      this.#emit(id, unit);
    } else {
      this.#held = [keep(unit)];
      this.#heldSinceMs = this.#nowMs;
    }
  }

  /** A cut may be made at once where the old source has nothing outstanding. */
  #mayCut(): boolean {
    const old = this.#onAir === null ? undefined : this.#sources.get(this.#onAir);
    return old === undefined || Number.isNaN(old.lastDts) || !this.#reorders;
  }

  #release(): void {
    const id = this.#wanted;
    const units = this.#held;
    this.#held = [];
    const [first] = units;
    if (id === null || first === undefined) return;
    this.#take(id, first);
    for (const unit of units) this.#emit(id, unit);
  }

  #take(id: string, entry: Unit): void {
    const from = this.#onAir;
    const nowMs = this.#nowMs;
    const source = this.#source(id);
    if (from === slateId && this.#slate !== null) this.#slate.playing = false;
    const old = from === null ? undefined : this.#sources.get(from);
    if (old !== undefined) old.lastDts = Number.NaN;
    this.#onAir = id;
    this.#wanted = null;
    this.#begin(source, entry);
    this.#multiplex.describe(source.feed.videoStream, source.feed.audioStream ?? this.#slate?.clip.audio ?? null);
    for (const sound of source.sound.units()) this.#emitSound(sound);
    source.sound.clear();
    this.#options.onSwitched(id, from, nowMs - this.#wantedMs);
  }

  /** The source's time is fitted into the program's. */
  #begin(source: Source, entry: Unit): void {
    this.#timeline.begin(entry.dts, entry.pts, this.#nowMs);
    this.#skipBefore = entry.entry === 'leading' ? entry.pts : Number.NEGATIVE_INFINITY;
    this.#reorders = false;
    // Sound from before the program's first picture would come too late for its clock.
    if (Number.isNaN(this.#soundEnd)) this.#soundEnd = entry.dts + this.#timeline.offset;
    source.lastDts = entry.dts;
    source.lastMs = this.#nowMs;
  }

  #playSlate(nowMs: number): void {
    const slate = this.#slate;
    const first = slate?.clip.units[0];
    if (slate === null || first === undefined) return;
    const from = this.#onAir;
    this.#timeline.begin(first.dts, first.pts, nowMs);
    this.#skipBefore = Number.NEGATIVE_INFINITY;
    this.#onAir = slateId;
    if (Number.isNaN(this.#soundEnd)) this.#soundEnd = first.dts + this.#timeline.offset;
    this.#multiplex.describe(slate.clip.video, slate.clip.audio);
    slate.start();
    if (this.#wanted === slateId) this.#wanted = null;
    this.#options.onSwitched(slateId, from, nowMs - this.#wantedMs);
    this.#slateStartMs = nowMs;
    this.#slateLeadTicks = this.#timeline.offset + first.dts - this.#timeline.wall(nowMs);
    slate.step(this.#onSlate);
    this.#stepSlate(nowMs);
  }

  /** By the program's clock. Where switches have brought the program ahead of the wall, the slate plays slower until the wall has caught up. */
  #stepSlate(nowMs: number): void {
    const slate = this.#slate;
    const lead = Math.max(0, this.#slateLeadTicks - (nowMs - this.#slateStartMs) * ticksPerMs * slateSlack);
    while (slate?.playing && slate.nextDts + this.#timeline.offset <= this.#timeline.wall(nowMs) + lead) slate.step(this.#onSlate);
  }

  #emit(id: string, unit: Unit): void {
    const source = this.#sources.get(id);
    if (unit.kind === 'audio') {
      // The slate's own sound would not join at its ends: silence is laid under it piece by piece.
      if (source === undefined) return;
      this.#learnLag(source, unit);
      return this.#emitSound(unit);
    }
    const nowMs = this.#nowMs;
    if (source !== undefined) {
      const leapt = Number.isNaN(source.lastDts) || Math.abs(unit.dts - source.lastDts) > leapTicks;
      if (leapt) {
        // It died and is back, or its clock was set: it begins anew, like any other.
        if (unit.entry === 'none') return;
        this.#begin(source, unit);
      }
      this.#reorders = this.#reorders || unit.pts !== unit.dts;
      source.lastDts = unit.dts;
      source.lastMs = nowMs;
    }
    if (unit.pts < this.#skipBefore) return;
    const dts = this.#timeline.advance(unit.dts, unit.pts, nowMs);
    this.#multiplex.write(unit, Math.max(dts, unit.pts + this.#timeline.offset), dts, nowMs);
    this.#pictureMs = nowMs;
    this.#fillSound(source === undefined ? dts : dts - source.soundLagTicks);
  }

  /** Silence must not keep for ever ahead of a sound that always comes late. */
  #learnLag(source: Source, unit: Unit): void {
    const lag = source.lastDts - unit.pts + soundLagTicksMin / 2;
    if (lag > source.soundLagTicks) source.soundLagTicks = Math.min(soundLagTicksMax, lag);
  }

  /** Sound goes on where it ended: what overlaps is left out, a hole is filled with silence. */
  #emitSound(unit: Unit): void {
    const at = unit.pts + this.#timeline.offset;
    if (at < this.#soundEnd - overlapTicks || at > this.#soundEnd + leapTicks) return;
    this.#fillSound(at - overlapTicks);
    this.#multiplex.write(unit, at, at, this.#nowMs);
    this.#soundEnd = at + unit.duration;
  }

  /** Silence up to `end`, program time. */
  #fillSound(end: number): void {
    const silence = this.#silence;
    if (silence === null || Number.isNaN(this.#soundEnd)) return;
    while (this.#soundEnd + silence.duration <= end) {
      this.#multiplex.write(silence, this.#soundEnd, this.#soundEnd, this.#nowMs);
      this.#soundEnd += silence.duration;
    }
  }
}
