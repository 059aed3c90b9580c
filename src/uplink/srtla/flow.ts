/**
 * Whether the links together carry less than they are given: proved, not guessed. Pure: what is open and what has arrived goes in, with times.
 *
 * What is open (given by the caller, not known to have arrived), divided by the rate at which it is given, is how long delivery takes (Little's law). It
 * counts as congestion only when it has been too long without a break for two round trips while deliveries came steadily: a link, a receiver or a
 * machine that pauses makes it long too, but delivers nothing meanwhile, and everything at once after it.
 */
const sampleEveryMs = 20;
/** 640 ms: two long round trips. */
const samplesKept = 32;
const windowMsMin = 300;
const windowMsMax = (samplesKept - 2) * sampleEveryMs;
/** Too long: this part of the latency beyond the longest link's own round trip. */
const excessOfLatency = 1 / 5;
/** A key frame alone is as much as four pictures. */
const excessMsMin = 120;
/** Machines that are busy make less of it, whatever the latency. */
const excessMsEnough = 200;
/** So late for so long, it is no matter why: what is made meanwhile will be late too. */
const excessOfLatencySevere = 1 / 3;
const excessMsSevereMin = 300;
const severeMs = 400;
/** Proofs come by tens, acknowledgements each 10 ms, and pictures by 33. */
const tellingMs = 30;
/** No delivery for longer is a pause. */
const gapMsMax = 80;
/** Shorter than before by more than this: it is being made up for. */
const fallingRatio = 0.97;

export class Flow {
  /** Beyond what the links need without a queue, now. */
  excessMs = 0;
  /** The links carry less than they are given. */
  congested = false;
  /** Of the last window, kbit/s. */
  arrivedKbps = 0;
  readonly #atMs = new Float64Array(samplesKept);
  readonly #excess = new Float64Array(samplesKept);
  readonly #arrivedBytes = new Float64Array(samplesKept);
  #count = 0;
  #arrivedMs = Number.NEGATIVE_INFINITY;
  pausedMs = Number.NEGATIVE_INFINITY;

  /** Nothing from before counts: a link came or went, or the sender itself was held up. */
  forget(): void {
    this.#count = 0;
    this.congested = false;
  }

  /** `baseMs`: round trip without a queue, of the longest link in use. */
  sample(openBytes: number, arrivedBytes: number, offeredKbps: number, baseMs: number, latencyMs: number, nowMs: number): void {
    const last = this.#count === 0 ? -1 : (this.#count - 1) % samplesKept;
    if (last >= 0 && nowMs - (this.#atMs[last] as number) < sampleEveryMs) return;
    if (last < 0 || arrivedBytes > (this.#arrivedBytes[last] as number)) {
      if (nowMs - this.#arrivedMs > gapMsMax) this.pausedMs = nowMs;
      this.#arrivedMs = nowMs;
    }
    this.excessMs = Math.max(0, (openBytes * 8) / offeredKbps - baseMs - tellingMs);
    const at = this.#count++ % samplesKept;
    this.#atMs[at] = nowMs;
    this.#excess[at] = this.excessMs;
    this.#arrivedBytes[at] = arrivedBytes;
    const windowMs = Math.min(windowMsMax, Math.max(windowMsMin, 2 * baseMs));
    this.congested = this.#judge(offeredKbps, Math.min(excessMsEnough, Math.max(excessMsMin, latencyMs * excessOfLatency)), windowMs, latencyMs, nowMs);
  }

  #judge(offeredKbps: number, excessMsMax: number, windowMs: number, latencyMs: number, nowMs: number): boolean {
    const steady = nowMs - this.#arrivedMs <= gapMsMax && nowMs - this.pausedMs >= windowMs;
    const oldest = steady
      ? this.#since(excessMsMax, windowMs, nowMs)
      : this.#since(Math.max(excessMsSevereMin, latencyMs * excessOfLatencySevere), Math.max(windowMs, severeMs), nowMs);
    if (oldest < 0) return false;
    const last = (this.#count - 1) % samplesKept;
    this.arrivedKbps = (((this.#arrivedBytes[last] as number) - (this.#arrivedBytes[oldest] as number)) * 8) / (nowMs - (this.#atMs[oldest] as number));
    this.improves = this.arrivedKbps > offeredKbps || this.excessMs < (this.#excess[oldest] as number) * fallingRatio;
    return true;
  }

  /** The sample of `forMs` ago, when all since then were above; −1: they were not. */
  #since(excessMsMax: number, forMs: number, nowMs: number): number {
    for (let back = 1; back <= Math.min(this.#count, samplesKept); back++) {
      const at = (this.#count - back) % samplesKept;
      if ((this.#excess[at] as number) < excessMsMax) return -1;
      if (nowMs - (this.#atMs[at] as number) >= forMs) return at;
    }
    return -1;
  }

  /** Congested still, and getting better. */
  improves = false;
}
