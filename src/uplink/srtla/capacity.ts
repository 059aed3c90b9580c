/**
 * What a link carries, learnt from its delay. Pure: proofs and round trips with their times go in; a pace and a window come out.
 *
 * Round trips: RFC 6298 smoothing; the standing queue is the least round trip of the last moments less the least of the last half minute, so
 * that jitter is not taken for a queue (after Copa, NSDI 2018, section 2.2). Capacity: the rate at which packets are proved, measured
 * over a round trip and never over less time than it took to send them (after BBR, draft-cardwell-iccrg-bbr, section 4.1); it is
 * believed downwards only while a queue stands, since without one the link was simply not asked for more.
 */
const rttWeight = 1 / 8;
const varianceWeight = 1 / 4;
const firstRttMs = 100;
/** The base survives this long, in three parts: a route that became longer is not a queue for ever. */
const basePartMs = 10_000;
const standingPartMs = 40;
/** A few round trips at least, whatever time they take: jitter alone must not look like a queue on a link that is little used. */
const standingSamples = 4;
const standingPartMsMax = 400;
const jitterWeight = 1 / 16;
/** Packets that hold each other up hide their jitter under load: what was seen without is forgotten this slowly, ms. */
const jitterHeldMs = 20_000;
/** A proof tells of ten packets at once: so many are always open on a healthy link. */
export const untoldPackets = 9;
export const packetBytesUsual = 1332;
/** A queue that costs no one anything, and what makes a link slow down. */
const queueMsLow = 12;
const queueMsTarget = 30;
/** In-order jitter holds up what comes behind: under load it looks like a queue of this many times the jitter. */
const jitterAsQueue = 3;
const jitterAsQueueMsMax = 120;
/** What a link may be given before it has shown anything: two key frames' worth of a slow link. */
const windowPacketsFirst = 32;
const windowPacketsMin = 4;
/** Without a queue seen for this long, what the link can carry is unknown again: upwards. */
const ceilingMs = 6000;
const paceKbpsUnknown = 8000;
const samplesKept = 64;
/** No proof for this long, and for so many times the usual, is a pause of the link: it says nothing of what the link carries. */
const pauseMsMin = 80;
const pauseGaps = 3;
const gapWeight = 1 / 4;
const kbpsMin = 30;
/** The best rate of the last moments, in two parts: what a noisy measurement cannot take away. */
const bestPartMs = 2500;

export class LinkCapacity {
  rttMs: number | null = null;
  varianceMs = 0;
  /** Between one round trip and the next (RFC 3550, 6.4.1): a queue that grows slowly does not count. */
  jitterMs = 0;
  #jitterHeldMs = 0;
  #jitterAtMs = 0;
  /** Delivered, kbit/s, as far as it has shown; 0: nothing yet. */
  kbps = 0;
  /** Delivery rate of the last round trip. */
  rateKbps = 0;
  /** Bytes proved to have arrived over it. */
  deliveredBytes = 0;
  #windowBytes = windowPacketsFirst * packetBytesUsual;
  #ceilingMs = Number.NEGATIVE_INFINITY;
  /** The same, not forgotten when another link dies. */
  #limitMs = Number.NEGATIVE_INFINITY;
  #busyMs = Number.NEGATIVE_INFINITY;
  #idleMs = Number.NEGATIVE_INFINITY;
  readonly #base = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  #basePart = 0;
  readonly #standing = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  #standingPart = 0;
  #standingSinceMs = 0;
  #standingCount = 0;
  #lastRttMs = 0;
  // Samples: when a proof came, when its newest packet was sent, what was delivered until then.
  readonly #cameMs = new Float64Array(samplesKept);
  readonly #sentMs = new Float64Array(samplesKept);
  readonly #bytes = new Float64Array(samplesKept);
  #samples = 0;
  readonly #best = [0, 0];
  #bestPart = 0;
  #bestSinceMs = 0;
  #rateAtMs = Number.NEGATIVE_INFINITY;
  #provedMs = Number.NEGATIVE_INFINITY;
  #gapMs = 0;
  #trustMs = Number.NEGATIVE_INFINITY;

  /** The link is another one, or has been away: what it carried is kept as a first guess, not as the truth. */
  restart(nowMs: number): void {
    this.#base.fill(Number.POSITIVE_INFINITY);
    this.#standing.fill(Number.POSITIVE_INFINITY);
    this.#basePart = Math.floor(nowMs / basePartMs);
    this.#standingSinceMs = nowMs;
    this.#standingCount = 0;
    this.#samples = 0;
    this.#ceilingMs = Number.NEGATIVE_INFINITY;
    this.#limitMs = Number.NEGATIVE_INFINITY;
    this.#windowBytes = Math.max(windowPacketsFirst * packetBytesUsual, ((this.kbps / 8) * (this.rttMs ?? firstRttMs)) / 2);
  }

  /** A round trip came to its end. */
  measured(rttMs: number, nowMs: number): void {
    if (!(rttMs >= 0) || rttMs > 60_000) return;
    if (this.rttMs === null) {
      this.rttMs = rttMs;
      this.varianceMs = rttMs / 4;
    } else {
      this.jitterMs += (Math.abs(rttMs - this.#lastRttMs) - this.jitterMs) * jitterWeight;
      this.#jitterHeldMs = Math.max(this.jitterMs, this.#jitterHeldMs * Math.exp((this.#jitterAtMs - nowMs) / jitterHeldMs));
      this.#jitterAtMs = nowMs;
      this.varianceMs += (Math.abs(rttMs - this.rttMs) - this.varianceMs) * varianceWeight;
      this.rttMs += (rttMs - this.rttMs) * rttWeight;
    }
    this.#advance(nowMs);
    this.#base[this.#basePart % 3] = Math.min(this.#base[this.#basePart % 3] as number, rttMs);
    this.#standing[this.#standingPart] = Math.min(this.#standing[this.#standingPart] as number, rttMs);
    this.#standingCount++;
    this.#lastRttMs = rttMs;
  }

  /** Least round trip of the last half minute. */
  get baseMs(): number {
    const [a, b, c] = this.#base as [number, number, number];
    const least = Math.min(a, b, c);
    return least === Number.POSITIVE_INFINITY ? (this.rttMs ?? firstRttMs) : least;
  }

  /** The sender stood still: what comes now says nothing of the link's rate, until a round trip has passed. */
  heldUp(nowMs: number): void {
    this.#samples = 0;
    this.#trustMs = nowMs + this.baseMs;
  }

  /** How long a packet waits in the link's queue now. */
  queueMs(nowMs: number): number {
    this.#advance(nowMs);
    const [a, b] = this.#standing as [number, number];
    const standing = Math.min(a, b);
    return standing === Number.POSITIVE_INFINITY ? Math.max(0, (this.rttMs ?? 0) - this.baseMs) : Math.max(0, standing - this.baseMs);
  }

  /** `bytes` were proved at once, the newest of them sent at `sentMs`. */
  proved(bytes: number, sentMs: number, inFlightBytes: number, nowMs: number): void {
    this.deliveredBytes += bytes;
    const spanMs = Math.min(250, Math.max(40, this.rttMs ?? firstRttMs));
    this.#gap(nowMs);
    const at = this.#samples++ % samplesKept;
    this.#cameMs[at] = nowMs;
    this.#sentMs[at] = sentMs;
    this.#bytes[at] = this.deliveredBytes;
    const queueMs = this.queueMs(nowMs);
    const congested = queueMs > this.queueTargetMs;
    if (!congested && inFlightBytes > this.#windowBytes / 2) this.#windowBytes += bytes;
    for (let back = 1; back < Math.min(this.#samples, samplesKept); back++) {
      const from = (this.#samples - 1 - back) % samplesKept;
      const cameMs = nowMs - (this.#cameMs[from] as number);
      if (cameMs < spanMs && back < samplesKept - 1) continue;
      const delivered = this.deliveredBytes - (this.#bytes[from] as number);
      const sendMs = sentMs - (this.#sentMs[from] as number);
      this.#judge((delivered * 8) / Math.max(cameMs, sendMs, 1), nowMs - cameMs, congested, cameMs > 1.05 * sendMs, nowMs);
      break;
    }
  }

  /** After a pause what was held up comes at once, late and fast: a round trip must pass before anything is concluded from it. */
  #gap(nowMs: number): void {
    const gapMs = nowMs - this.#provedMs;
    this.#provedMs = nowMs;
    if (!Number.isFinite(gapMs)) return;
    if (gapMs > pauseMsMin && gapMs > pauseGaps * this.#gapMs) {
      this.#samples = 0;
      this.#trustMs = nowMs + this.baseMs;
    }
    this.#gapMs += (gapMs - this.#gapMs) * gapWeight;
  }

  /** `slower`: it came slower than it was sent, so the link's queue grew. */
  #judge(kbps: number, sinceMs: number, congested: boolean, slower: boolean, nowMs: number): void {
    this.rateKbps = kbps;
    this.#atBest(kbps, nowMs);
    this.#rateAtMs = nowMs;
    // A link that had nothing to do meanwhile has not shown its limit.
    const limited = this.#idleMs < sinceMs;
    const showsLimit = congested && (slower || limited) && nowMs >= this.#trustMs;
    if (showsLimit) this.#limit(nowMs);
    if (kbps > this.kbps) this.kbps = kbps;
    else if (showsLimit && slower) this.kbps += (kbps - this.kbps) / 4;
    this.kbps = Math.max(this.kbps, kbpsMin);
  }

  /** Much of what it was given was lost: a policer or a queue too short to be felt. @param arrivedKbps what was not: so much it does carry. */
  lossy(arrivedKbps: number, nowMs: number): void {
    this.#limit(nowMs);
    this.kbps = Math.max(kbpsMin, Math.max(this.kbps, arrivedKbps) * 0.9);
  }

  #limit(nowMs: number): void {
    this.#ceilingMs = nowMs;
    this.#limitMs = nowMs;
  }

  /** It had room and nothing to carry. */
  idle(nowMs: number): void {
    this.#idleMs = nowMs;
  }

  /** It is full: packets wait for it. */
  busy(nowMs: number): void {
    this.#busyMs = nowMs;
  }

  get queueTargetMs(): number {
    return queueMsTarget + Math.min(jitterAsQueueMsMax, jitterAsQueue * this.#jitterHeldMs);
  }

  /** Whether its queue stood lately: `kbps` is then what it carries; otherwise it is only the least. */
  ceilingKnown(nowMs: number): boolean {
    return this.kbps > 0 && nowMs - this.#ceilingMs < ceilingMs;
  }

  /** The same, though another link has died since and it is tried whether it carries more after all. */
  limitSeen(nowMs: number): boolean {
    return this.kbps > 0 && nowMs - this.#limitMs < ceilingMs;
  }

  /** kbit/s at which it may be given packets now. */
  paceKbps(nowMs: number): number {
    const queueMs = this.queueMs(nowMs);
    if (!this.ceilingKnown(nowMs)) return Math.max(paceKbpsUnknown, this.kbps * 2.5);
    const target = this.queueTargetMs;
    if (queueMs < queueMsLow + Math.min(jitterAsQueueMsMax, jitterAsQueue * this.#jitterHeldMs) / 2) return this.kbps * 1.25;
    if (queueMs < target) return this.kbps * 1.05;
    return this.kbps * (queueMs < 2 * target ? 0.85 : 0.6);
  }

  /** Bytes that may be under way and not proved. */
  windowBytes(nowMs: number, allowedQueueMs: number): number {
    const quantum = untoldPackets * packetBytesUsual;
    if (!this.ceilingKnown(nowMs)) return quantum + Math.max(this.#windowBytes, (this.kbps / 8) * this.baseMs * 2);
    // Less than what counts as no queue would hold the link back for its jitter, and what it then delivers be taken for all that it can.
    const bytes = (this.kbps / 8) * (this.baseMs + Math.max(allowedQueueMs, this.queueTargetMs));
    this.#windowBytes = Math.max(windowPacketsFirst * packetBytesUsual, bytes);
    return quantum + Math.max(windowPacketsMin * packetBytesUsual, bytes);
  }

  /** Bytes that may be in the link at all, proved or not; answers to questions tell of these, so that no tens are to be waited for. */
  heldBytesMax(nowMs: number, allowedQueueMs: number): number {
    if (!this.ceilingKnown(nowMs)) return Number.POSITIVE_INFINITY;
    return Math.max(windowPacketsMin * packetBytesUsual, (this.kbps / 8) * (this.baseMs + Math.max(2 * allowedQueueMs, this.queueTargetMs + queueMsTarget)));
  }

  /** Another link has just died, and this one must take what that one had: no time to feel the way. */
  mustTake(bytes: number, kbps: number, nowMs: number): void {
    this.#atBest(kbps, nowMs);
    this.#windowBytes = Math.max(this.#windowBytes, bytes);
    // A limit that was seen while it carried little is none.
    this.#ceilingMs = Number.NEGATIVE_INFINITY;
  }

  /** What it has carried at best in the last seconds, or must carry since another link is gone. */
  bestKbps(nowMs: number): number {
    return Math.max(this.#best[0] as number, this.#best[1] as number, this.recentKbps(nowMs));
  }

  #atBest(kbps: number, nowMs: number): void {
    if (nowMs - this.#bestSinceMs >= bestPartMs) {
      this.#bestPart = 1 - this.#bestPart;
      this.#best[this.#bestPart] = 0;
      this.#bestSinceMs = nowMs;
    }
    this.#best[this.#bestPart] = Math.max(this.#best[this.#bestPart] as number, kbps);
  }

  /** What has been delivered a second lately; fades when nothing comes any more. */
  recentKbps(nowMs: number): number {
    const ageMs = nowMs - this.#rateAtMs;
    return ageMs < 500 ? this.rateKbps : ageMs < 2000 ? (this.rateKbps * 500) / ageMs : 0;
  }

  /** Packets waited for it within the last second. */
  wasBusy(nowMs: number): boolean {
    return nowMs - this.#busyMs < 1000;
  }

  #advance(nowMs: number): void {
    const base = Math.floor(nowMs / basePartMs);
    for (let part = Math.max(this.#basePart + 1, base - 2); part <= base; part++) this.#base[part % 3] = Number.POSITIVE_INFINITY;
    this.#basePart = Math.max(this.#basePart, base);
    const standingMs = nowMs - this.#standingSinceMs;
    // The last value stays until a new one comes: silence is judged elsewhere.
    if (this.#standingCount === 0 || standingMs < standingPartMs || (this.#standingCount < standingSamples && standingMs < standingPartMsMax)) return;
    this.#standingPart = 1 - this.#standingPart;
    this.#standing[this.#standingPart] = Number.POSITIVE_INFINITY;
    this.#standingSinceMs = nowMs;
    this.#standingCount = 0;
  }
}
