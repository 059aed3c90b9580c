/**
 * Judges a series of pictures by their presentation times: which are missing, which came twice, where time jumped.
 * Decode order may differ from presentation order (B-frames), so times are sorted in a window before they are judged.
 */
import { ptsWrap, wrappedDifference } from '../../switcher/mpegts/packet.ts';

/** H.264 and H.265 allow 16 reference pictures: no picture is further out of order. */
const reorderPictures = 16;
/** Pictures from which the period is learnt before anything is judged. */
const learnPictures = 30;
/** A step this long, 90 kHz, is a jump of the clock; shorter ones are only missing pictures. */
const jumpTicks = 90_000;
/** A step longer than this is another time base: nothing can be said of what is missing. */
const baseTicks = 60 * 90_000;

export interface PictureVerdict {
  missing: number;
  repeated: boolean;
  jump: boolean;
}

export class PictureOrder {
  readonly #window: number[] = [];
  readonly #steps: number[] = [];
  #last = -1;
  #period = 0;

  /** 90 kHz; 0 until it is learnt. */
  get period(): number {
    return this.#period;
  }

  /** Takes the next picture in decode order; returns the verdict on the picture that leaves the window, or null. */
  add(pts: number): PictureVerdict | null {
    const newest = this.#window.at(-1) ?? this.#last;
    // Another time base: what waits is judged against itself no more.
    const ahead = newest < 0 ? 0 : wrappedDifference(pts, newest, ptsWrap);
    if (ahead > baseTicks || ahead < -jumpTicks) return this.#restart(pts);
    let at = this.#window.length;
    while (at > 0 && wrappedDifference(this.#window[at - 1] as number, pts, ptsWrap) > 0) at--;
    this.#window.splice(at, 0, pts);
    return this.#window.length > reorderPictures ? this.#judge(this.#window.shift() as number) : null;
  }

  #restart(pts: number): PictureVerdict {
    this.#window.length = 0;
    this.#window.push(pts);
    this.#last = -1;
    return { missing: 0, repeated: false, jump: true };
  }

  #judge(pts: number): PictureVerdict | null {
    const last = this.#last;
    if (last < 0) {
      this.#last = pts;
      return null;
    }
    const step = wrappedDifference(pts, last, ptsWrap);
    if (step <= 0) {
      if (step < 0) this.#last = pts;
      return { missing: 0, repeated: true, jump: false };
    }
    this.#last = pts;
    if (this.#period === 0) this.#learn(step);
    if (this.#period === 0) return { missing: 0, repeated: false, jump: step >= jumpTicks };
    return { missing: Math.max(0, Math.round(step / this.#period) - 1), repeated: false, jump: step >= jumpTicks };
  }

  #learn(step: number): void {
    this.#steps.push(step);
    if (this.#steps.length < learnPictures) return;
    this.#steps.sort((a, b) => a - b);
    this.#period = this.#steps[learnPictures >> 1] as number;
  }
}
