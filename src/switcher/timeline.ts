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
/** Arrivals jitter, and a switch costs up to a picture: less than this between program and wall is left alone. */
const slackTicks = 100 * ticksPerMs;
/** Once it has begun, the way back goes nearly to the end. */
const calmTicks = 20 * ticksPerMs;

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

  /** The wall's idea of the program's time. */
  wall(nowMs: number): number {
    return originTicks + (nowMs - this.#originMs) * ticksPerMs;
  }

  /** Another source goes on air with a picture of these times. */
  begin(dts: number, pts: number, nowMs: number): void {
    if (Number.isNaN(this.#originMs)) this.#originMs = nowMs;
    const earliest = Math.max(this.#lastDts + this.#pictureTicks, this.#maxPts + this.#pictureTicks - (pts - dts));
    const lateTicks = this.wall(nowMs) - earliest;
    // A picture's jitter in arrival leaves no hole: it is made good as any other lateness is. What is more is a whole number of pictures:
    // players and recorders expect them at their places.
    const late = lateTicks < slackTicks ? 0 : Math.round(lateTicks / this.#pictureTicks);
    const begins = Number.isFinite(earliest) ? earliest + late * this.#pictureTicks : this.wall(nowMs);
    this.#offset = begins - dts;
    this.#slewedMs = nowMs;
  }

  /** A picture of the source on air is sent: brings the shift nearer to the wall, and returns the picture's decoding time in the program. */
  advance(dts: number, pts: number, nowMs: number): number {
    const ahead = dts + this.#offset - this.wall(nowMs);
    const step = Math.min(nowMs - this.#slewedMs, 1000) * slewPerMs;
    this.#slewedMs = nowMs;
    this.#slewing = Math.abs(ahead) > (this.#slewing ? calmTicks : slackTicks);
    if (this.#slewing) this.#offset -= Math.sign(ahead) * Math.min(step, Math.abs(ahead));
    // A step back would be a jump: the slew is a fraction of a picture, whatever the source says.
    this.#lastDts = Math.max(dts + this.#offset, this.#lastDts + 1);
    this.#maxPts = Math.max(this.#maxPts, pts + this.#offset);
    return this.#lastDts;
  }
}
