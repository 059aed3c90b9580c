/** The input that cannot fail: a clip, encoded once with the program's own settings, played again and again by the clock. */
import { Feed } from './feed.ts';
import { ticksPerMs } from './timeline.ts';
import { keep, type Unit } from './unit.ts';

/** A minute of sixty pictures a second, and the sound to it. */
const unitsMax = 10_000;

/** It may play slower by this share. */
const slack = 0.2;

export interface Clip {
  /** By decoding time, sound and picture mixed; the first picture is an entry. Times begin at 0. */
  units: Unit[];
  /** 90 kHz: when it begins again. */
  ticks: number;
  /** Its sound is to be heard; otherwise the program is silent meanwhile. */
  sounds: boolean;
}

/** Reads MPEG-TS; null when there is no picture in it that a decoder can begin with. */
export function readClip(bytes: Buffer, pictureTicks: number, { sounds = false } = {}): Clip | null {
  const units: Unit[] = [];
  const feed = new Feed({
    onUnit: (unit) => {
      if (units.length >= unitsMax || unit.timeless || (unit.kind === 'audio' && !sounds)) return;
      if (unit.kind === 'audio' || unit.entry !== 'none' || units.some(({ kind }) => kind === 'video')) units.push(keep(unit));
    },
  });
  feed.push(bytes);
  const first = units.find(({ kind }) => kind === 'video');
  if (first === undefined) return null;
  const begin = first.dts;
  const shown = first.pts - begin;
  let end = 0;
  for (const unit of units) {
    unit.dts -= begin;
    unit.pts -= begin;
    // Its sound belongs to what is shown: pictures that are sent in another order are shown that much later.
    if (unit.kind === 'video') end = Math.max(end, unit.pts - shown + pictureTicks);
  }
  // What sounds before the first picture or after the last would sound into another round.
  const kept = units.filter(({ kind, pts }) => kind === 'video' || (pts >= shown && pts < shown + end));
  return { units: kept.sort((a, b) => a.dts - b.dts || (a.kind === 'video' ? -1 : 1)), ticks: end, sounds };
}

export class SlatePlayer {
  readonly clip: Clip;
  #round = 0;
  #next = 0;
  #startMs = 0;
  #leadTicks = 0;
  playing = false;

  constructor(clip: Clip) {
    this.clip = clip;
  }

  /** @param leadTicks how far the program is ahead of the wall, 90 kHz: the clip plays slower until the wall has caught up. */
  start(nowMs: number, leadTicks: number): void {
    this.playing = true;
    this.#startMs = nowMs;
    this.#leadTicks = leadTicks;
    this.#round = 0;
    this.#next = 0;
  }

  /** How often it has begun again. */
  get round(): number {
    return this.#round;
  }

  /** Decoding time of what comes next, counted on over the rounds, 90 kHz. */
  get nextDts(): number {
    return this.#round * this.clip.ticks + (this.clip.units[this.#next] as Unit).dts;
  }

  /** @param wall where the wall's clock stands in the clip's time, 90 kHz. */
  isDue(nowMs: number, wall: number): boolean {
    return this.nextDts <= wall + Math.max(0, this.#leadTicks - (nowMs - this.#startMs) * ticksPerMs * slack);
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
