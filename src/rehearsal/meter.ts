/** Measures the program behind the switcher as the viewer at the far end is measured, and what is not known to have arrived. Time is an argument. */
import { Analyser } from '../lab/viewer/analyser.ts';
import type { Measured } from './verdict.ts';

/** Counts since some start; one that is smaller than before began anew. */
export interface Lateness {
  dropped: number;
  unproved: number;
}

export class ProgramMeter {
  readonly #analyser = new Analyser();
  #last: Lateness | null = null;
  #late = 0;
  #pictures = 0;
  #pictureMs = Number.NaN;
  #stillMs = 0;
  #slateMs = 0;
  #lookedMs = Number.NaN;

  /** A payload of whole MPEG-TS packets. */
  push(buffer: Buffer, offset: number, length: number, nowMs: number): void {
    this.#analyser.push(buffer, offset, length, nowMs);
    const { pictures } = this.#analyser.figures;
    if (pictures === this.#pictures) return;
    this.#pictures = pictures;
    if (nowMs - this.#pictureMs > this.#stillMs) this.#stillMs = nowMs - this.#pictureMs;
    this.#pictureMs = nowMs;
  }

  /** To be called at each turn. */
  look(isSlate: boolean, nowMs: number): void {
    if (isSlate && !Number.isNaN(this.#lookedMs)) this.#slateMs += nowMs - this.#lookedMs;
    this.#lookedMs = nowMs;
  }

  lateness(now: Lateness): void {
    const last = this.#last;
    this.#last = now;
    if (last !== null) this.#late += grown(last.dropped, now.dropped) + grown(last.unproved, now.unproved);
  }

  /** Packets came too late since the last call of `take`. */
  get hurts(): boolean {
    return this.#late > 0;
  }

  /** What was measured since the last call. */
  take(nowMs: number): Measured {
    const { pictures, picturesLost, picturesRepeated, continuityErrors, ptsJumps, pcrJumps } = this.#analyser.figures;
    const longestGapMs = this.#analyser.longestGapMs(nowMs);
    const latePackets = this.#late;
    // A picture that stands still now does so for the program as well.
    const stillMs = Math.round(Math.max(this.#stillMs, Number.isNaN(this.#pictureMs) ? 0 : nowMs - this.#pictureMs));
    const slateMs = Math.round(this.#slateMs);
    this.#late = this.#pictures = this.#stillMs = this.#slateMs = 0;
    this.#analyser.startMeasuring(nowMs);
    return { pictures, picturesLost, picturesRepeated, continuityErrors, ptsJumps, pcrJumps, longestGapMs, stillMs, slateMs, latePackets };
  }
}

const grown = (before: number, now: number): number => (now > before ? now - before : 0);
