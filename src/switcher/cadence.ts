/** How long a source's pictures last, learnt from the first of them. The middle one of many steps: neither jitter nor a missing picture moves it. */
const stepsWanted = 30;

export class Cadence {
  readonly #steps: number[] = [];
  #last = Number.NaN;
  /** 90 kHz; 0 until it is known. */
  pictureTicks = 0;

  reset(): void {
    this.#steps.length = 0;
    this.#last = Number.NaN;
    this.pictureTicks = 0;
  }

  /** @param dts decoding time, 90 kHz. True when it has just become known. */
  add(dts: number): boolean {
    if (this.pictureTicks > 0) return false;
    const step = dts - this.#last;
    this.#last = dts;
    if (!(step > 0)) return false;
    this.#steps.push(step);
    if (this.#steps.length < stepsWanted) return false;
    this.pictureTicks = this.#steps.sort((a, b) => a - b)[stepsWanted >> 1] as number;
    return true;
  }
}
