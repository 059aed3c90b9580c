/**
 * One direction of an emulated link: when does a packet that enters now leave, or why not at all. Pure: the same seed and
 * the same packets give the same answers. A packet is lost by chance, waits in a queue of finite size for the bottleneck
 * (a rate, or the delivery opportunities of a mahimahi trace), then travels for the delay and its jitter.
 */
import { seededRandom } from '../random.ts';

/** Gilbert–Elliott: a good and a bad state, each packet may change it; packets are lost only in the bad one. */
export interface BurstLoss {
  /** Chance per packet to turn bad, percent. */
  enterPercent: number;
  /** Chance per packet to turn good again, percent. */
  leavePercent: number;
  /** Chance to be lost while bad, percent. */
  lossPercent: number;
}

export interface LinkProfile {
  /** One way. */
  delayMs: number;
  /** Up to this much more or less, uniformly. */
  jitterMs: number;
  /** Packets may overtake each other; otherwise the jitter holds up what comes behind. */
  reorder: boolean;
  lossPercent: number;
  burst: BurstLoss | null;
  /** 0: no limit. */
  rateKbps: number;
  queueBytes: number;
  /** Largest IP packet that passes: what is larger is lost, and nobody is told, as behind a tunnel whose ICMP is filtered. */
  mtuBytes: number;
  /** Nothing passes, nobody is told. */
  down: boolean;
  /** Delivery opportunities of one 1500-byte packet each, milliseconds from the start, repeated; instead of `rateKbps`. */
  traceMs: readonly number[] | null;
}

export type Drop = 'down' | 'size' | 'loss' | 'burst' | 'queue';

/** IPv4 and UDP headers count on a real link. */
const headerBytes = 28;
/** What one line of a mahimahi trace carries. */
const opportunityBytes = 1500;

export class LinkModel {
  profile: LinkProfile;
  readonly #random: () => number;
  #bad = false;
  /** When the bottleneck has sent what is queued now. */
  #freeMs = 0;
  #lastLeaveMs = 0;
  #opportunity = -1;
  #opportunityBytesLeft = 0;
  #traceStartMs: number | null = null;

  constructor(profile: LinkProfile, seed: number) {
    this.profile = profile;
    this.#random = seededRandom(seed);
  }

  /** When a packet of `bytes` of UDP payload that enters at `nowMs` leaves, milliseconds on the same clock; or why it does not. */
  enter(bytes: number, nowMs: number): number | Drop {
    const { profile } = this;
    if (profile.down) return 'down';
    if (bytes + headerBytes > profile.mtuBytes) return 'size';
    if (this.#random() * 100 < profile.lossPercent) return 'loss';
    if (profile.burst !== null && this.#burstLoses(profile.burst)) return 'burst';
    const sentMs = profile.traceMs === null ? this.#atRate(bytes + headerBytes, nowMs) : this.#atOpportunity(profile.traceMs, bytes + headerBytes, nowMs);
    if (sentMs === null) return 'queue';
    const leaveMs = sentMs + profile.delayMs + (this.#random() * 2 - 1) * profile.jitterMs;
    if (profile.reorder) return Math.max(leaveMs, nowMs);
    this.#lastLeaveMs = Math.max(leaveMs, this.#lastLeaveMs, nowMs);
    return this.#lastLeaveMs;
  }

  #burstLoses(burst: BurstLoss): boolean {
    this.#bad = this.#random() * 100 < (this.#bad ? 100 - burst.leavePercent : burst.enterPercent);
    return this.#bad && this.#random() * 100 < burst.lossPercent;
  }

  #atRate(bytes: number, nowMs: number): number | null {
    const { rateKbps, queueBytes } = this.profile;
    if (rateKbps <= 0) return nowMs;
    const start = Math.max(nowMs, this.#freeMs);
    if (((start - nowMs) * rateKbps) / 8 + bytes > queueBytes) return null;
    this.#freeMs = start + (bytes * 8) / rateKbps;
    return this.#freeMs;
  }

  #atOpportunity(traceMs: readonly number[], bytes: number, nowMs: number): number | null {
    this.#traceStartMs ??= nowMs;
    const start = this.#traceStartMs;
    const lengthMs = Math.max(1, traceMs.at(-1) ?? 1);
    const at = (index: number) => start + (traceMs[index % traceMs.length] as number) + Math.floor(index / traceMs.length) * lengthMs;
    if (this.#opportunity < 0 || at(this.#opportunity) < nowMs) {
      // Opportunities that nobody used are gone.
      this.#opportunity = firstFrom(traceMs, lengthMs, nowMs - start, Math.max(0, this.#opportunity));
      this.#opportunityBytesLeft = opportunityBytes;
    }
    const queued = this.#queuedBytes(at, nowMs, traceMs, lengthMs, start);
    if (queued + bytes > this.profile.queueBytes) return null;
    let rest = bytes;
    while (rest > this.#opportunityBytesLeft) {
      rest -= this.#opportunityBytesLeft;
      this.#opportunity++;
      this.#opportunityBytesLeft = opportunityBytes;
    }
    this.#opportunityBytesLeft -= rest;
    return at(this.#opportunity);
  }

  #queuedBytes(at: (index: number) => number, nowMs: number, traceMs: readonly number[], lengthMs: number, start: number): number {
    if (at(this.#opportunity) <= nowMs) return 0;
    const first = firstFrom(traceMs, lengthMs, nowMs - start, 0);
    return (this.#opportunity - first) * opportunityBytes + (opportunityBytes - this.#opportunityBytesLeft);
  }
}

/** Index of the first opportunity at or after `fromMs` (from the trace's start), not before `least`. */
function firstFrom(traceMs: readonly number[], lengthMs: number, fromMs: number, least: number): number {
  const round = Math.max(0, Math.floor(fromMs / lengthMs));
  const inRound = fromMs - round * lengthMs;
  let low = 0;
  let high = traceMs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((traceMs[middle] as number) < inRound) low = middle + 1;
    else high = middle;
  }
  return Math.max(least, round * traceMs.length + low);
}
