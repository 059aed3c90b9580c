/**
 * Whether the links together carry less than they are given: proved, not guessed. Pure: what is open and what has arrived goes in, with times.
 *
 * How long ago as much as is open now (given by the caller, not known to have arrived) was still to be given is how long delivery takes (Little's law, with
 * the rate at which it really was given). It counts as congestion only when it has been too long without a break for two round trips while deliveries came steadily: a link, a receiver or a
 * machine that pauses makes it long too, but delivers nothing meanwhile, and everything at once after it.
 */
const sampleEveryMs = 20;
/** 2.5 s: as far back as what is open can have been given, with the latencies that people use. */
const samplesKept = 128;
const windowMsMin = { sure: 200, heldUp: 300 };
/** Two long round trips. */
const windowMsMax = 600;
/** Too long: this part of the latency beyond the longest link's own round trip. */
const excessOfLatency = 1 / 5;
/** A key frame alone is as much as four pictures. */
const excessMsMin = 120;
/** So much is enough, whatever the latency. A machine that is busy makes up to 200 ms of it by itself. */
const excessMsEnough = { sure: 150, heldUp: 200 };
/** So late for so long, it is no matter why: what is made meanwhile will be late too. */
const excessOfLatencySevere = 1 / 5;
const excessMsSevereMin = 300;
const severeMs = 400;
/** Proofs come by tens, acknowledgements each 10 ms, and pictures by 33. */
const tellingMs = 30;
/** A proof comes with the tenth packet: the nine before it may have arrived. */
const untoldBytes = 9 * 1332;
/** No delivery for longer is a pause. */
const gapMsMax = 80;
/** Nothing, or next to nothing, for longer, with so much of it overdue: a hole in all the links. Radio pauses for as long now and then. */
const holeMsMin = 250;
const holeOfLatency = 1 / 10;
/** A trickle that a dying link still delivers makes it no less of a hole. */
const holeShare = 0.3;
/** It is being made up for, and all of it will be within this time. */
const workedOffMs = 1000;

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
  readonly #takenBytes = new Float64Array(samplesKept);
  #count = 0;
  #arrivedMs = Number.NEGATIVE_INFINITY;
  pausedMs = Number.NEGATIVE_INFINITY;

  /** Nothing arrives, or next to nothing. */
  hole = false;

  /** Nothing from before counts: a link came or went, or the sender itself was held up. */
  forget(): void {
    this.#count = 0;
    this.congested = false;
    this.hole = false;
    this.#arrivedMs = Number.NEGATIVE_INFINITY;
  }

  /** `takenBytes`: all that was ever given. `baseMs`: round trip without a queue, of the longest link in use. `heldUp`: the sender itself is late now and then. */
  sample(openBytes: number, arrivedBytes: number, takenBytes: number, baseMs: number, latencyMs: number, heldUp: boolean, nowMs: number): void {
    const last = this.#count === 0 ? -1 : (this.#count - 1) % samplesKept;
    if (last >= 0 && nowMs - (this.#atMs[last] as number) < sampleEveryMs) return;
    if (last < 0 || arrivedBytes > (this.#arrivedBytes[last] as number)) {
      if (nowMs - this.#arrivedMs > gapMsMax) this.pausedMs = nowMs;
      this.#arrivedMs = nowMs;
    }
    this.excessMs = Math.max(0, this.#sinceTaken(takenBytes - openBytes + untoldBytes, nowMs) - baseMs - tellingMs);
    const at = this.#count++ % samplesKept;
    this.#takenBytes[at] = takenBytes;
    this.#atMs[at] = nowMs;
    this.#excess[at] = this.excessMs;
    this.#arrivedBytes[at] = arrivedBytes;
    const doubt = heldUp ? 'heldUp' : 'sure';
    const windowMs = Math.min(windowMsMax, Math.max(windowMsMin[doubt], 2 * baseMs));
    const holeMs = Math.max(holeMsMin, 3 * baseMs);
    this.hole =
      this.excessMs > Math.max(excessMsMin, latencyMs * holeOfLatency) &&
      (nowMs - this.#arrivedMs > holeMs || (!heldUp && this.#shareArrived(holeMs, nowMs) < holeShare));
    this.congested = this.#judge(Math.min(excessMsEnough[doubt], Math.max(excessMsMin, latencyMs * excessOfLatency)), windowMs, latencyMs, nowMs);
  }

  /** Of what was given in the last `forMs`, how much has arrived in that time; 1 where that is not known. */
  #shareArrived(forMs: number, nowMs: number): number {
    const from = this.#since(0, forMs, nowMs);
    if (from < 0) return 1;
    const last = (this.#count - 1) % samplesKept;
    const taken = (this.#takenBytes[last] as number) - (this.#takenBytes[from] as number);
    return taken === 0 ? 1 : ((this.#arrivedBytes[last] as number) - (this.#arrivedBytes[from] as number)) / taken;
  }

  /** How long ago `bytes` had been given; what is older than the samples counts as old as they are. */
  #sinceTaken(bytes: number, nowMs: number): number {
    let sinceMs = nowMs;
    for (let back = 1; back <= Math.min(this.#count, samplesKept); back++) {
      const at = (this.#count - back) % samplesKept;
      if ((this.#takenBytes[at] as number) <= bytes) break;
      sinceMs = this.#atMs[at] as number;
    }
    return nowMs - sinceMs;
  }

  #judge(excessMsMax: number, windowMs: number, latencyMs: number, nowMs: number): boolean {
    const steady = nowMs - this.#arrivedMs <= gapMsMax && nowMs - this.pausedMs >= windowMs;
    const oldest = steady
      ? this.#since(excessMsMax, windowMs, nowMs)
      : this.#since(Math.max(excessMsSevereMin, latencyMs * excessOfLatencySevere), Math.max(windowMs, severeMs), nowMs);
    if (oldest < 0) return false;
    const last = (this.#count - 1) % samplesKept;
    this.arrivedKbps = (((this.#arrivedBytes[last] as number) - (this.#arrivedBytes[oldest] as number)) * 8) / (nowMs - (this.#atMs[oldest] as number));
    const wonMs = (this.#excess[oldest] as number) - this.excessMs;
    this.improves = wonMs * workedOffMs > this.excessMs * (nowMs - (this.#atMs[oldest] as number));
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
