/** What the scheduler knows of one link: whether it may be used, what it carries, how soon it delivers. Pure. */
import { LinkCapacity, packetBytesUsual } from './capacity.ts';
import { Held } from './held.ts';
import { Pulse } from './pulse.ts';

/** What a packet waits at most beyond its link's round trip: turns of both ends. */
const dueSlackMs = 10;
const varianceMsMin = 5;
/** However unsteady the link is: so many parts of the latency are left for sending again what it lost. */
const varianceOfLatency = 1 / 8;
const varianceMsMaxMin = 40;
const secondDueOfLatency = 1 / 3;
/** The same of a queue: what an answer says that has waited for longer in one is long past. */
const queueOfLatency = 1 / 4;
const queueMsUsefulMin = 120;
const stallOfLatency = 1 / 8;
const roundTripsEnough = 20;
/** A held-up turn may be made up for; a longer pause is not sent after at once. */
const burstMs = 10;
const capBurstMs = 40;

/** What a path is allowed, from the configuration. */
export interface LinkTerms {
  /** Lower is preferred. */
  priority: number;
  /** kbit/s on the wire; 0: no cap. */
  capKbps: number;
  /** Its data is counted: nothing goes over it twice that need not. */
  metered: boolean;
}

export class Carrier {
  readonly pulse = new Pulse();
  readonly capacity = new LinkCapacity();
  terms: LinkTerms;
  /** Accepted by the gateway, and not stopped. */
  usable = false;
  /** Kept ready, while another one that a person pinned works. */
  gated = false;
  /** Its place among the priorities, 0 the most preferred. */
  rank = 0;
  /** Of the packets proved, when the newest was sent: what was sent before it over this link has arrived or is lost. */
  provedSentMs = Number.NEGATIVE_INFINITY;
  sentPackets = 0;
  lostPackets = 0;
  rescuedPackets = 0;
  duplicatedPackets = 0;
  #creditBytes = 0;
  #capBytes = 0;
  #creditMs = 0;
  #lossSent = 0;
  #lossLost = 0;
  lossPct = 0;

  readonly #held = new Held();
  readonly #latencyMs: () => number;

  constructor(terms: LinkTerms, latencyMs: () => number) {
    this.terms = terms;
    this.#latencyMs = latencyMs;
  }

  /** Works. */
  get sound(): boolean {
    return this.usable && !this.pulse.suspect;
  }

  /** Works, and may be given packets. */
  get good(): boolean {
    return this.sound && !this.gated;
  }

  /** How long after sending a packet ought to be proved, if the receiver told of it at once. */
  get dueMs(): number {
    return this.#rttMs(100) + Math.max(varianceMsMin, 4 * this.#varianceMs) + dueSlackMs;
  }

  /** Round trip, as far as it is of use: a link that takes longer has a queue in which packets only grow old. */
  #rttMs(unknownMs: number): number {
    const { rttMs, baseMs } = this.capacity;
    return Math.min(rttMs ?? unknownMs, baseMs + Math.max(queueMsUsefulMin, this.#latencyMs() * queueOfLatency));
  }

  get #varianceMs(): number {
    return Math.min(Math.max(varianceMsMaxMin, this.#latencyMs() * varianceOfLatency) / 4, this.capacity.varianceMs);
  }

  /** True when it has just turned suspect. */
  judge(nowMs: number): boolean {
    this.#held.judge(this.stalledMs(nowMs) > 0, (this.capacity.kbps / 4) * this.capacity.baseMs);
    return this.pulse.judge(this.#rttMs(200), this.#varianceMs, nowMs);
  }

  /** The same for a copy of what is lost on another link: one in a long queue is not waited for until it is too late for a third. */
  get secondDueMs(): number {
    return Math.min(this.dueMs, Math.max(1.5 * this.capacity.baseMs + varianceMsMaxMin, this.#latencyMs() * secondDueOfLatency));
  }

  /** The same, when the receiver has said that it is missing: what is sent again too early costs one packet. */
  get reportedDueMs(): number {
    const { rttMs, jitterMs } = this.capacity;
    return (rttMs ?? 100) + jitterMs;
  }

  /** Packets that pass each other on the way are this far apart at most. */
  get reorderMs(): number {
    return Math.max(3, this.capacity.jitterMs);
  }

  /** A question or packet sent at `sentMs` got there: what went before it has left the link, one way or another. */
  passed(sentMs: number): void {
    this.#held.passed(sentMs);
  }

  accepted(nowMs: number): void {
    this.usable = true;
    this.#held.clear();
    this.pulse.start(nowMs);
    this.capacity.restart(nowMs);
    this.provedSentMs = Number.NEGATIVE_INFINITY;
  }

  /** Lets the credit grow with time. */
  refill(nowMs: number): void {
    const ms = Math.min(Math.max(0, nowMs - this.#creditMs), burstMs);
    const capMs = Math.min(Math.max(0, nowMs - this.#creditMs), capBurstMs);
    this.#creditMs = nowMs;
    const bytesPerMs = this.capacity.paceKbps(nowMs) / 8;
    this.#creditBytes = Math.min(this.#creditBytes + ms * bytesPerMs, Math.max(2 * packetBytesUsual, burstMs * bytesPerMs));
    const capBytesPerMs = this.terms.capKbps / 8;
    this.#capBytes = Math.min(this.#capBytes + capMs * capBytesPerMs, capBurstMs * capBytesPerMs);
  }

  /** Anything at all left over this link. */
  spent(bytes: number): void {
    this.#held.sent(bytes, this.#creditMs);
    this.#creditBytes -= bytes;
    if (this.terms.capKbps > 0) this.#capBytes -= bytes;
  }

  /** How long until it may be given a packet, when `ahead` bytes more come first; 0: now. */
  waitMs(inFlightBytes: number, ahead: number, allowedQueueMs: number, nowMs: number): number {
    const bytesPerMs = this.capacity.paceKbps(nowMs) / 8;
    const short = ahead - this.#creditBytes;
    let waitMs = short < 0 ? 0 : (short + 1) / bytesPerMs;
    const over = inFlightBytes + ahead - this.capacity.windowBytes(nowMs, allowedQueueMs);
    if (over > 0) waitMs = Math.max(waitMs, over / (Math.max(this.capacity.kbps, 100) / 8));
    // One that does not answer gets no more: it would lie in its queue, in front of what is made later.
    const stalledMs = this.stalledMs(nowMs);
    if (stalledMs > 0) waitMs = Math.max(waitMs, stalledMs);
    const held = this.#held.bytes + ahead - Math.min(this.#held.bytesMax, this.capacity.heldBytesMax(nowMs, allowedQueueMs));
    if (held > 0) waitMs = Math.max(waitMs, held / (Math.max(this.capacity.kbps, 100) / 8));
    return Math.max(waitMs, this.capWaitMs(ahead));
  }

  /** How much longer than it should what was sent over it has waited for an answer; not more than 0: it has not. */
  stalledMs(nowMs: number): number {
    const { baseMs, queueTargetMs } = this.capacity;
    return this.pulse.waitingMs(nowMs) - baseMs - queueTargetMs - Math.max(queueMsUsefulMin, this.#latencyMs() * stallOfLatency);
  }

  /** Another link has just died, and this one must take what that one had. With many round trips in the latency the way is felt for in time. */
  mustTake(bytes: number, kbps: number, nowMs: number): void {
    this.capacity.mustTake(bytes, kbps, nowMs);
    if (this.#latencyMs() < roundTripsEnough * this.capacity.baseMs) this.#held.mustTake(bytes);
  }

  /** How long until its rate cap lets it be given a packet, when `ahead` bytes more come first. */
  capWaitMs(ahead: number): number {
    const { capKbps } = this.terms;
    const over = ahead + packetBytesUsual - this.#capBytes;
    return capKbps > 0 && over > 0 ? (over * 8) / capKbps : 0;
  }

  /** From being sent to being there, as things stand: a link that does not answer is at least as slow as it has been silent. */
  deliveryMs(nowMs: number): number {
    const { capacity, pulse } = this;
    const { baseMs } = capacity;
    const varianceMs = this.#varianceMs;
    // Answers that come late are no sign of a short way: what has been waiting since when is. Of a suspect one the questions are long forgotten; its silence is not.
    const openMs = pulse.suspect ? nowMs - pulse.provedMs : pulse.waitingMs(nowMs);
    const silentMs = openMs - baseMs - 2 * varianceMs;
    return baseMs / 2 + varianceMs + Math.max(capacity.queueMs(nowMs), silentMs);
  }

  /** The same at best, if its queue is no longer than it seems and it goes on now. */
  soonestMs(nowMs: number): number {
    const { capacity, pulse } = this;
    const waitedMs = Math.max(capacity.queueMs(nowMs), pulse.suspect ? 0 : pulse.waitingMs(nowMs) - capacity.baseMs);
    return capacity.baseMs / 2 + Math.max(0, waitedMs - capacity.queueTargetMs);
  }

  lost(): void {
    this.lostPackets++;
    this.#lossLost++;
  }

  given(): void {
    this.sentPackets++;
    this.#lossSent++;
  }

  /** To be called each second. */
  second(nowMs: number): void {
    const ratio = this.#lossSent > 0 ? Math.min(1, this.#lossLost / this.#lossSent) : 0;
    this.lossPct += (ratio * 100 - this.lossPct) * 0.3;
    const tooMany = this.#lossLost > this.#lossSent * lossRatioMax + lossesByChance;
    if (tooMany && !this.pulse.suspect) this.capacity.lossy(((this.#lossSent - this.#lossLost) * packetBytesUsual * 8) / secondMs, nowMs);
    this.#lossSent = this.#lossLost = 0;
  }
}

const secondMs = 1000;
/** Loss by radio stays below; a queue that is too short to be felt as delay loses more. */
const lossRatioMax = 0.12;
/** Radio loses in bursts: two or three of them in a second say nothing of a link that was given little. */
const lossesByChance = 12;
