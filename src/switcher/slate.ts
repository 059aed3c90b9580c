/** The input that cannot fail: a short clip, encoded once with the program's own settings, played again and again by the clock. */
import { Feed, type Unit } from './feed.ts';
import type { ElementaryStream } from './mpegts/tables.ts';
import { keep } from './stored.ts';

/** A clip of a second has some eighty units. */
const unitsMax = 10_000;

export interface Clip {
  /** In decoding order, sound and picture mixed; the first picture is an entry. Times begin at 0. */
  units: Unit[];
  /** 90 kHz: when it begins again. */
  ticks: number;
  video: ElementaryStream;
  audio: ElementaryStream | null;
}

/** Reads MPEG-TS; null when there is no picture in it that a decoder can begin with. */
export function readClip(bytes: Buffer, pictureTicks: number): Clip | null {
  const units: Unit[] = [];
  const feed = new Feed((unit) => {
    if (units.length >= unitsMax || unit.timeless) return;
    if (units.some(({ kind }) => kind === 'video') || (unit.kind === 'video' && unit.entry !== 'none')) units.push(keep(unit));
  });
  feed.push(bytes);
  const [first] = units;
  const video = feed.videoStream;
  if (first === undefined || video === null) return null;
  const begin = first.dts;
  let end = 0;
  for (const unit of units) {
    unit.dts -= begin;
    unit.pts -= begin;
    if (unit.kind === 'video') end = Math.max(end, unit.dts + pictureTicks);
  }
  // What sounds after the last picture would sound into the next round.
  const kept = units.filter(({ kind, pts }) => kind === 'video' || (pts >= 0 && pts < end));
  return { units: kept, ticks: end, video, audio: feed.audioStream };
}

/** A piece of silence as the program's sound is encoded, out of a silent clip; null without sound. */
export function silenceOf(clip: Clip): Unit | null {
  const sounds = clip.units.filter(({ kind, duration }) => kind === 'audio' && duration > 0);
  // The first of a stream may still swing in.
  return sounds[Math.min(4, sounds.length - 1)] ?? null;
}

export class SlatePlayer {
  readonly clip: Clip;
  #round = 0;
  #next = 0;
  playing = false;

  constructor(clip: Clip) {
    this.clip = clip;
  }

  start(): void {
    this.playing = true;
    this.#round = 0;
    this.#next = 0;
  }

  /** Decoding time of what comes next, counted on over the rounds, 90 kHz. */
  get nextDts(): number {
    return this.#round * this.clip.ticks + (this.clip.units[this.#next] as Unit).dts;
  }

  /** Calls `onUnit` for what comes next, with times counted on over the rounds. */
  step(onUnit: (unit: Unit) => void): void {
    const unit = this.clip.units[this.#next] as Unit;
    const { dts, pts } = unit;
    const base = this.#round * this.clip.ticks;
    unit.dts += base;
    unit.pts += base;
    if (++this.#next === this.clip.units.length) {
      this.#next = 0;
      this.#round++;
    }
    onUnit(unit);
    unit.dts = dts;
    unit.pts = pts;
  }
}
