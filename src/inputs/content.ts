/**
 * What the watches see and hear of one input, as times: when it last moved, was lit, sounded. Pure; whether it is too long ago is
 * judged in engine/health.ts.
 */

/** Mean change of the points of a grey picture, 0 to 255, below which not even noise is left: fifty of five thousand by one step. */
const noiseChange = 0.01;
/**
 * So many pictures in a row change where something lives, if only noise. An encoder upstream codes a frozen picture better and better, and anew
 * with each key frame, but with pauses in which it has nothing left to say.
 */
const livelyPictures = 7;
/** One point that changes by so much is something that happened, not an encoder's second thought. */
const strongPeak = 32;
/** A picture with less than this share of points above black is black, unless something moves in the dark. */
const litShareMin = 0.005;
/** The noise of a sensor behind a cap changes the mean of a hundred points by 0.2 to 0.4, something that moves by 1 and more. */
const darkDrift = 0.5;

export interface SeenPicture {
  /** Mean change of its points since the picture before, 0 to 255. */
  change: number;
  /** The largest change of any point, 0 to 255. */
  peak: number;
  /** The largest change of the mean of a hundred points beside each other, 0 to 255: noise cancels out in it. */
  drift: number;
  /** Share of points that are not black, 0 to 1. */
  lit: number;
}

export class ContentWatch {
  /** 0: nothing yet. */
  pictureMs = 0;
  movedMs = 0;
  litMs = 0;
  soundMs = 0;
  #changed = 0;
  #driftedBefore = false;

  /** The worker is another one: what the last one saw counts no more. */
  reset(): void {
    this.pictureMs = this.movedMs = this.litMs = this.soundMs = 0;
    this.#changed = 0;
    this.#driftedBefore = false;
  }

  see({ change, peak, drift, lit }: SeenPicture, nowMs: number): void {
    this.#changed = change >= noiseChange ? this.#changed + 1 : 0;
    const moved = this.#changed >= livelyPictures || peak >= strongPeak;
    if (moved || this.pictureMs === 0) this.movedMs = nowMs;
    const drifted = drift >= darkDrift;
    const movedInTheDark = (drifted && this.#driftedBefore) || peak >= strongPeak;
    this.#driftedBefore = drifted;
    if (lit >= litShareMin || movedInTheDark || this.pictureMs === 0) this.litMs = nowMs;
    this.pictureMs = nowMs;
  }

  /** A picture that is meant to stand still or be black: only that it came counts. */
  seeMade(nowMs: number): void {
    this.pictureMs = nowMs;
  }

  /** What has never made a sound has none to lose. @param rmsDb dBFS; null: digital silence. */
  hear(rmsDb: number | null, silenceDb: number, nowMs: number): void {
    if (rmsDb !== null && rmsDb >= silenceDb) this.soundMs = nowMs;
  }
}
