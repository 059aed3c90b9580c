/**
 * The program's own time. Pure. Each source counts time in its own way; here it is decided by how much it is shifted when it goes
 * on air, so that the program's time runs on: never back, never over what was sent, and in step with the clock on the wall.
 * All times are 90 kHz ticks, unwrapped; `nowMs` is monotonic.
 */
export const ticksPerMs = 90;

/** Begins away from 0, so that a clock reference can lie before the first picture. */
const originTicks = 10 * 1000 * ticksPerMs;
/** Half a percent: players follow it without a sound, and it makes good a switch in seven seconds. */
const slewPerMs = 0.005 * ticksPerMs;
/**
 * Arrivals jitter, and a switch costs up to a picture: less than this between program and wall is left alone. Making it good squeezes
 * pictures together, which a receiver with a fixed rate answers by leaving one out; the slate makes it good without that.
 */
const slackTicks = 250 * ticksPerMs;
/** Once it has begun, the way back goes so far. */
const calmTicks = 150 * ticksPerMs;
/** Pictures that lead an entry and are left out bring the program so far behind the wall; a receiver's buffer does not notice. */
const latePicturesMax = 4;
/** Decoding times may stand this much closer than pictures are shown, while a source that reorders begins after one that does not. */
const closestShare = 1 / 8;

/** A shift by more than this would be felt as a delay of its own. */
const wishTicks = 1000 * ticksPerMs;

export class Timeline {
  readonly #pictureTicks: number;
  #originMs = Number.NaN;
  /** Of what was sent last: decoding time, and the latest presentation time. */
  #lastDts = Number.NEGATIVE_INFINITY;
  #maxPts = Number.NEGATIVE_INFINITY;
  #offset = 0;
  #slewedMs = 0;
  #slewing = false;

  /** @param pictureTicks duration of a picture of the program. */
  constructor(pictureTicks: number) {
    this.#pictureTicks = pictureTicks;
  }

  /** What is added to the times of the source on air. */
  get offset(): number {
    return this.#offset;
  }

  get maxPts(): number {
    return this.#maxPts;
  }

  /** Decoding time of the last picture, program time. */
  get lastDts(): number {
    return this.#lastDts;
  }

  /** The wall's idea of the program's time. */
  wall(nowMs: number): number {
    return originTicks + (nowMs - this.#originMs) * ticksPerMs;
  }

  /**
   * Another source goes on air with a picture of these times. `wish`: a shift that its sound has already, taken where that is near the
   * wall and leads over nothing that was sent.
   */
  begin(dts: number, pts: number, nowMs: number, wish = Number.NaN): void {
    if (Number.isNaN(this.#originMs)) this.#originMs = nowMs;
    this.#slewedMs = nowMs;
    // By what is shown: no picture's time stays empty because the next source needs more time to reorder its own.
    const earliest = Math.max(this.#lastDts, this.#maxPts) + this.#pictureTicks - (pts - dts);
    if (dts + wish >= earliest && Math.abs(dts + wish - this.wall(nowMs)) < wishTicks) {
      this.#offset = wish;
      return;
    }
    const late = Math.round((this.wall(nowMs) - earliest - (pts - dts)) / this.#pictureTicks);
    // A whole number of pictures: players and recorders expect them at their places. A few are no reason to leave places empty.
    const begins = Number.isFinite(earliest) ? earliest + (late > latePicturesMax ? late : 0) * this.#pictureTicks : this.wall(nowMs);
    this.#offset = begins - dts;
  }

  /** A picture of the source on air is sent: brings the shift nearer to the wall, and returns the picture's decoding time in the program. */
  advance(dts: number, pts: number, nowMs: number): number {
    const ahead = dts + this.#offset - this.wall(nowMs);
    const step = Math.min(nowMs - this.#slewedMs, 1000) * slewPerMs;
    this.#slewedMs = nowMs;
    this.#slewing = Math.abs(ahead) > (this.#slewing ? calmTicks : slackTicks);
    if (this.#slewing) this.#offset -= Math.sign(ahead) * Math.min(step, Math.abs(ahead));
    // A step back would be a jump, whatever the source says.
    this.#lastDts = Math.max(dts + this.#offset, this.#lastDts + this.#pictureTicks * closestShare);
    this.#maxPts = Math.max(this.#maxPts, pts + this.#offset);
    return this.#lastDts;
  }
}
