/**
 * The program's sound. It goes on where it ended, whatever comes: what was heard already is left out, a hole is filled with silence.
 * At a join the sound is moved by half a frame at most so that frames follow each other without a gap; that half frame, 11 ms, is all
 * that sound and picture are ever apart by it, since each join counts from the source's own time. All times are 90 kHz of the program.
 */
import { frameTicks, silentFrame } from './mpegts/aac.ts';
import { headroomBytes, type Unit } from './unit.ts';

/** Sound from so far ahead is no sound of this program. */
const aheadTicksMax = 90_000;

export class SoundTrack {
  readonly #write: (unit: Unit, at: number) => void;
  readonly #silence: Unit;
  /** Where it ends; NaN before it has begun. */
  #end = Number.NaN;
  #shift = 0;
  #joins = true;

  /** @param audioRate Hz. */
  constructor(audioRate: number, write: (unit: Unit, at: number) => void) {
    this.#write = write;
    this.#silence = silenceOf(audioRate);
  }

  /** How much later than its own time the sound is heard, 90 kHz. */
  get shift(): number {
    return this.#shift;
  }

  /** Sound from before the program's first picture would come too late for its clock. */
  begin(at: number): void {
    if (Number.isNaN(this.#end)) this.#end = at;
  }

  /** What comes next is another sound. */
  join(): void {
    this.#joins = true;
  }

  add(unit: Unit, at: number): void {
    if (Number.isNaN(this.#end)) return;
    const half = this.#silence.duration / 2;
    if (this.#joins || Math.abs(at + this.#shift - this.#end) > half) {
      if (at < this.#end - half || at > this.#end + aheadTicksMax) return;
      while (this.#end + half < at) this.#fillOne();
      this.#shift = this.#end - at;
      this.#joins = false;
    }
    this.#write(unit, at + this.#shift);
    this.#end = at + this.#shift + unit.duration;
  }

  /** Silence up to `end`, where no sound has come in time. */
  fill(end: number): void {
    while (this.#end + this.#silence.duration <= end) this.#fillOne();
  }

  #fillOne(): void {
    this.#write(this.#silence, this.#end);
    this.#end += this.#silence.duration;
    this.#joins = true;
  }
}

function silenceOf(rate: number): Unit {
  const frame = silentFrame(rate);
  const bytes = Buffer.concat([Buffer.alloc(headroomBytes), frame]);
  return { kind: 'audio', bytes, from: headroomBytes, end: bytes.length, pts: 0, dts: 0, timeless: false, entry: 'clean', duration: frameTicks(rate) };
}
