/**
 * The bond: which packet goes when over which link, and which goes again. Pure: packets, acknowledgements and the time go in,
 * packets come out through an `Outlet`. Simulated in `src/sim`.
 *
 * Each packet takes the link over which it would arrive earliest, waiting for a link's turn included. A packet whose proof is overdue
 * is sent again over another link, ahead of everything else. What is spare goes on second copies of what matters, up to a share.
 */

import { Backlog } from './backlog.ts';
import type { BondOptions, Outlet } from './bond-options.ts';
import { Carrier, type LinkTerms } from './carrier.ts';
import { Choice } from './choice.ts';
import { Flow } from './flow.ts';
import { Losses } from './losses.ts';
import { linksMax, Packets, waiting } from './packets.ts';
import { WaitingQueue } from './queue.ts';
import { SecondCopies } from './second-copies.ts';
import * as wire from './wire.ts';

/** Looking for overdue packets: a fraction of the shortest round trip that matters. */
const scanEveryMs = 4;
const copiesMax = 8;
/** What radio loses now and then goes again whatever is under way; what a dead link had waits for room. */
const rescuesFew = 8;
const secondMs = 1000;
/** A turn that comes later than this after the one before was held up: what it finds late may have been in time. */
const heldUpMs = 12;
/** By so much that the way there may have been held up too. */
const heldUpLongMs = 40;
const offeredKbpsMin = 2000;
/** A copy for every link does not wait for one that is so far behind. */
const everywhereMsMax = 100;

export class Bond {
  readonly carriers: Carrier[] = [];
  readonly packets: Packets;
  readonly flow = new Flow();
  latencyMs: number;
  /** Second copies of ordinary packets too: it shows whether the links can carry more. */
  probing = false;
  /** The one link that is to carry everything while it works; −1: all of them. Takes effect with the next turn. */
  only = -1;
  /** Given up because they were too late. */
  droppedPackets = 0;
  /** Sent, and not known to have arrived when their time was over. */
  unprovedPackets = 0;
  /** Retransmissions of the caller that were not needed. */
  needlessPackets = 0;
  readonly #options: BondOptions;
  readonly #losses: Losses;
  readonly #fresh: WaitingQueue;
  readonly #rescues: WaitingQueue;
  readonly #seconds: SecondCopies;
  readonly #choice: Choice;
  readonly #backlog: Backlog;
  #secondAtMs = 0;
  #scanAtMs = 0;
  #nowMs = 0;
  #outlet: Outlet | null = null;
  #turnedMs = Number.NaN;
  #heldUp = false;
  #offeredKbps = offeredKbpsMin;
  #takenBytes = 0;
  // Of the acknowledgement that is being read.
  #ackLink = 0;
  #ackBytes = 0;
  #ackSentMs = Number.NEGATIVE_INFINITY;
  #nakUnknown = false;

  constructor(options: BondOptions, terms: readonly LinkTerms[]) {
    this.#options = options;
    this.latencyMs = options.latencyMs;
    this.packets = new Packets(options.packets);
    this.#choice = new Choice(this.packets, this.carriers, this.flow, () => this.latencyMs);
    this.#backlog = new Backlog(this.packets);
    this.#losses = new Losses(this.packets, this.carriers);
    this.#fresh = new WaitingQueue(this.packets.slots);
    this.#rescues = new WaitingQueue(this.packets.slots);
    this.#seconds = new SecondCopies(this.packets, this.carriers, options.duplicateShare, {
      waitMs: (link) => this.#choice.waitMs(link),
      deliveryMs: (link) => this.#choice.deliveryMs(link),
      put: (slot, link) => this.#put(slot, link, this.#nowMs),
    });
    for (const one of terms.slice(0, linksMax)) this.carriers.push(new Carrier(one, () => this.latencyMs));
    this.rankAnew();
  }

  /** After a change of priorities. */
  rankAnew(): void {
    const ranks = [...new Set(this.carriers.map(({ terms }) => terms.priority))].sort((a, b) => a - b);
    for (const carrier of this.carriers) carrier.rank = ranks.indexOf(carrier.terms.priority);
  }

  /** Another SRT session begins: its sequence numbers have nothing to do with the last one's. */
  clear(): void {
    this.packets.clear();
    this.flow.forget();
    for (const queue of [this.#fresh, this.#rescues, this.#seconds]) queue.clear();
    for (const carrier of this.carriers) carrier.provedSentMs = Number.NEGATIVE_INFINITY;
  }

  /**
   * Begins a turn, before anything is read. A turn that comes late knows that things came, not when: what it reads proves packets and
   * links, but is no measure of delay or rate, and silence until now is no evidence.
   */
  begin(nowMs: number): void {
    const lateMs = nowMs - this.#turnedMs - heldUpMs;
    this.#turnedMs = nowMs;
    this.#heldUp = lateMs > 0;
    if (!this.#heldUp) return;
    this.#losses.excusedMs = nowMs;
    if (lateMs > heldUpLongMs) {
      this.#choice.heldUpMs = nowMs;
      this.flow.forget();
    }
    for (const { pulse, capacity } of this.carriers) {
      pulse.excuse(lateMs, nowMs);
      capacity.heldUp(nowMs);
    }
  }

  /** How long the first of the packets that wait has waited. */
  backlogMs(nowMs: number): number {
    return this.#backlog.waitedMs(this.#fresh, nowMs);
  }

  get backlogPackets(): number {
    return this.#fresh.length + this.#rescues.length;
  }

  /** A data packet of the caller, copied. `important`: a key frame, audio or tables. */
  accept(bytes: Buffer, offset: number, length: number, important: boolean, nowMs: number): void {
    const { packets } = this;
    const sequence = wire.dataSequence(bytes, offset);
    this.#nowMs = nowMs;
    const known = packets.slotOf(sequence);
    if (known >= 0) {
      // libsrt asks for itself what is asked for here already, and sooner.
      if (
        !wire.isRetransmission(bytes, offset) ||
        packets.arrived[known] === 1 ||
        packets.waits[known] !== waiting.nothing ||
        this.#losses.expected(known, nowMs)
      )
        this.needlessPackets++;
      else this.#rescue(sequence, known);
      return;
    }
    const again = wire.isRetransmission(bytes, offset);
    if (again && packets.highest >= 0 && wire.sequenceDistance(packets.highest, sequence) >= packets.slots) return;
    const slot = packets.take(sequence, bytes, offset, length, nowMs);
    packets.important[slot] = important ? 1 : 0;
    if (!again) this.#seconds.earn(length);
    packets.waits[slot] = again ? waiting.rescue : waiting.first;
    (again ? this.#rescues : this.#fresh).push(sequence);
  }

  /** A control packet of the caller: few, and they matter. The link that is soonest there, whatever waits. */
  control(bytes: Buffer, offset: number, length: number, nowMs: number, outlet: Outlet): void {
    const best = this.#choice.soonest(nowMs);
    if (best < 0) return;
    if (outlet.put(best, bytes, offset, length)) this.carriers[best]?.spent(length);
  }

  /** An SRTLA ACK came over `link`; returns how many packets it proved. */
  acked(link: number, bytes: Buffer, offset: number, length: number, nowMs: number): number {
    const carrier = this.carriers[link] as Carrier;
    this.#ackLink = link;
    this.#ackBytes = 0;
    this.#ackSentMs = Number.NEGATIVE_INFINITY;
    this.#acked = 0;
    wire.visitAcked(bytes, offset, length, this.#onAcked);
    if (this.#ackBytes === 0) return 0;
    carrier.pulse.proved(this.#ackSentMs, nowMs);
    if (this.#ackSentMs === Number.NEGATIVE_INFINITY) {
      carrier.capacity.deliveredBytes += this.#ackBytes;
      return this.#acked;
    }
    carrier.provedSentMs = Math.max(carrier.provedSentMs, this.#ackSentMs);
    this.measured(link, nowMs - this.#ackSentMs, nowMs);
    carrier.capacity.proved(this.#ackBytes, this.#ackSentMs, this.packets.inFlightBytes[link] as number, nowMs);
    return this.#acked;
  }

  /** A round trip over `link` came to its end. */
  measured(link: number, rttMs: number, nowMs: number): void {
    this.carriers[link]?.passed(nowMs - rttMs);
    if (!this.#heldUp) this.carriers[link]?.capacity.measured(rttMs, nowMs);
  }

  #acked = 0;
  readonly #onAcked = (sequence: number): void => {
    const slot = this.packets.proved(sequence, this.#ackLink);
    if (slot < 0) return;
    this.#acked++;
    this.#ackBytes += this.packets.lengths[slot] as number;
    if (!this.packets.repeated(slot, this.#ackLink)) this.#ackSentMs = Math.max(this.#ackSentMs, this.packets.sentMs(slot, this.#ackLink));
  };

  /** An SRT ACK: everything before `sequence` is there. */
  acknowledged(sequence: number): void {
    this.packets.ackUpTo(sequence);
  }

  /** An SRT NAK. True when it tells of packets that are not kept here: only then is it for the caller. */
  reported(bytes: Buffer, offset: number, length: number, nowMs: number): boolean {
    this.#nowMs = nowMs;
    this.#nakUnknown = false;
    wire.visitLost(bytes, offset, length, this.#onReported);
    return this.#nakUnknown;
  }

  readonly #onReported = (sequence: number): void => {
    const { packets } = this;
    const slot = packets.slotOf(sequence);
    if (slot < 0) {
      this.#nakUnknown = true;
      return;
    }
    const sinceMs = this.#nowMs - (packets.lastSentMs[slot] as number);
    if (packets.waits[slot] !== waiting.nothing || sinceMs < this.#losses.leastRttMs()) return;
    if (packets.arrived[slot] === 1) {
      // The report and the proof passed each other; one that comes long after is right: it was lost behind the SRTLA receiver.
      if (sinceMs < 2 * this.#losses.longestDueMs() + 100 || wire.sequenceDistance(packets.ackedUpTo, sequence) > 0) return;
      packets.arrived[slot] = 0;
    }
    packets.reported[slot] = 1;
    if (!this.#losses.expected(slot, this.#nowMs)) this.#rescue(sequence, slot);
  };

  /** Judges the links, and sends what is due. */
  turn(nowMs: number, outlet: Outlet): void {
    this.#nowMs = nowMs;
    this.#outlet = outlet;
    for (let index = 0; index < this.carriers.length; index++) {
      const carrier = this.carriers[index] as Carrier;
      if (!carrier.usable) continue;
      carrier.refill(nowMs);
      if (carrier.judge(nowMs)) this.#fell(index, nowMs);
    }
    this.#pardon(nowMs);
    this.#gate();
    if (nowMs >= this.#scanAtMs) {
      this.#scanAtMs = nowMs + scanEveryMs;
      this.#scan(nowMs);
    }
    this.droppedPackets += this.#backlog.shed(this.#fresh, this.carriers, this.latencyMs, nowMs);
    this.#drain(nowMs);
    this.#measureFlow(nowMs);
    this.#seconds.send(this.#alone, this.backlogPackets === 0, this.latencyMs, nowMs);
    if (nowMs < this.#secondAtMs) return;
    this.#secondAtMs = nowMs + secondMs;
    this.#seconds.second();
    this.#offeredKbps = Math.max(offeredKbpsMin, ((this.packets.takenBytes - this.#takenBytes) * 8) / secondMs);
    this.#takenBytes = this.packets.takenBytes;
    for (const carrier of this.carriers) carrier.second(nowMs);
  }

  #measureFlow(nowMs: number): void {
    let baseMs = 0;
    for (const { good, capacity } of this.carriers) if (good) baseMs = Math.max(baseMs, capacity.baseMs);
    if (baseMs === 0) return this.flow.forget();
    this.flow.sample(this.packets.openBytes, this.packets.arrivedBytes, this.packets.takenBytes, baseMs, this.latencyMs, this.#choice.inDoubt(nowMs), nowMs);
  }

  /** The others are kept ready. Opened at once when it stops working, before anything is decided. */
  #gate(): void {
    const keeps = this.carriers[this.only]?.sound === true;
    for (let index = 0; index < this.carriers.length; index++) (this.carriers[index] as Carrier).gated = keeps && index !== this.only;
  }

  /** The last one is never left: where no link is above suspicion, one that answers will do, and what the others had is its to take. */
  #pardon(nowMs: number): void {
    if (this.#losses.goodLinks() !== 0) return;
    const answering = this.carriers.filter(({ usable, pulse }) => usable && pulse.answering);
    if (answering.length === 0) return;
    for (const { pulse } of answering) pulse.pardon(nowMs);
    for (let index = 0; index < this.carriers.length; index++) if (!(this.carriers[index] as Carrier).good) this.#fell(index, nowMs);
  }

  /** The link is gone, or another one from now on. */
  fell(link: number, nowMs: number): void {
    this.#fell(link, nowMs);
    this.packets.forget(link);
  }

  /** What was under way there must be taken by the others, and what goes there usually, too. */
  #fell(link: number, nowMs: number): void {
    this.#gate();
    this.#scanAtMs = nowMs;
    const { capacity } = this.carriers[link] as Carrier;
    for (let index = 0; index < this.carriers.length; index++) {
      const other = this.carriers[index] as Carrier;
      if (index === link || !other.good) continue;
      const usualBytes = ((capacity.recentKbps(nowMs) + other.capacity.recentKbps(nowMs)) / 8) * other.capacity.baseMs;
      other.mustTake((this.packets.inFlightBytes[link] as number) + usualBytes, this.#offeredKbps, nowMs);
    }
  }

  #rescue(sequence: number, slot: number): void {
    const { packets } = this;
    for (let bits = packets.underWay(slot), link = 0; bits !== 0; bits >>>= 1, link++) if ((bits & 1) !== 0) this.carriers[link]?.lost();
    packets.lost(slot, packets.underWay(slot));
    if ((packets.copies[slot] as number) >= copiesMax || !this.#rescues.push(sequence)) return;
    packets.waits[slot] = waiting.rescue;
    packets.waitsSinceMs[slot] = this.#nowMs;
  }

  /** Looks through everything that is not known to have arrived. */
  #scan(nowMs: number): void {
    const { packets } = this;
    const sound = this.#losses.soundLinks();
    if (sound === 0 || packets.ackedUpTo < 0 || packets.highest < 0) return;
    let count = Math.min(packets.slots, wire.sequenceDistance(packets.highest, packets.ackedUpTo) + 1);
    let sequence = (packets.highest - count + 1) & 0x7fffffff;
    for (; count > 0; count--, sequence = wire.sequenceNext(sequence)) {
      const slot = packets.slotOf(sequence);
      if (slot < 0 || packets.arrived[slot] === 1 || packets.waits[slot] !== waiting.nothing || packets.copies[slot] === 0) continue;
      if (nowMs - (packets.bornMs[slot] as number) > this.latencyMs) this.unprovedPackets += packets.giveUp(slot) ? 1 : 0;
      else if (this.#losses.isLost(sequence, slot, sound, nowMs)) this.#rescue(sequence, slot);
    }
  }

  #drain(nowMs: number): void {
    const { carriers } = this;
    this.#choice.begin(nowMs);
    this.#alone = this.#losses.alone();
    this.#rescues.walk(this.#visit);
    this.#fresh.walk(this.#visit);
    const waitingLeft = this.#fresh.length + this.#rescues.length > 0;
    for (let index = 0; index < carriers.length; index++) {
      const carrier = carriers[index] as Carrier;
      if (!carrier.good) continue;
      if (this.#choice.waitMs(index) === 0) carrier.capacity.idle(nowMs);
      else if (waitingLeft) carrier.capacity.busy(nowMs);
    }
  }

  #alone = false;
  readonly #visit = (sequence: number): 'taken' | 'left' | 'stop' => {
    const { packets } = this;
    const nowMs = this.#nowMs;
    const slot = packets.slotOf(sequence);
    if (slot < 0) return 'taken';
    if (packets.arrived[slot] === 1) {
      packets.waits[slot] = waiting.nothing;
      return 'taken';
    }
    if (nowMs - (packets.bornMs[slot] as number) > this.latencyMs) {
      packets.waits[slot] = waiting.nothing;
      packets.giveUp(slot);
      this.droppedPackets++;
      return 'taken';
    }
    const avoid = packets.waits[slot] === waiting.rescue ? packets.carried(slot) : 0;
    const link = this.#choice.next(slot, avoid, avoid !== 0 && this.#rescues.length < rescuesFew);
    if (link === -1) return 'stop';
    if (link < 0) return this.#choice.anyRoom() ? 'left' : 'stop';
    return this.#send(slot, link, nowMs) ? 'taken' : 'stop';
  };

  #send(slot: number, link: number, nowMs: number): boolean {
    const { packets } = this;
    const rescue = packets.waits[slot] === waiting.rescue;
    // Only what was sent before is marked as sent again (bit 26 of the second word).
    if (rescue) this.#markAgain(slot);
    if (!this.#put(slot, link, nowMs)) return false;
    packets.waits[slot] = waiting.nothing;
    if (rescue) (this.carriers[link] as Carrier).rescuedPackets++;
    if (this.#options.redundant) this.#everywhere(slot, link, nowMs);
    else if ((this.carriers.length > 1 || rescue) && (rescue || this.probing || packets.important[slot] === 1))
      this.#seconds.push(packets.sequences[slot] as number, rescue);
    return true;
  }

  #markAgain(slot: number): void {
    const at = this.packets.offsetOf(slot) + 4;
    this.packets.bytes[at] = (this.packets.bytes[at] as number) | 0x04;
  }

  #put(slot: number, link: number, nowMs: number): boolean {
    const { packets } = this;
    const carrier = this.carriers[link] as Carrier;
    const length = packets.lengths[slot] as number;
    if (this.#outlet?.put(link, packets.bytes, packets.offsetOf(slot), length) !== true) return false;
    packets.sent(slot, link, nowMs);
    carrier.spent(length);
    carrier.given();
    carrier.pulse.sent(nowMs);
    return true;
  }

  #everywhere(slot: number, except: number, nowMs: number): void {
    for (let index = 0; index < this.carriers.length; index++)
      if (index !== except && this.carriers[index]?.usable && this.carriers[index]?.gated === false && this.#choice.waitMs(index) < everywhereMsMax)
        this.#put(slot, index, nowMs);
  }
}
