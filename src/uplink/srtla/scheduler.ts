/**
 * The bond: which packet goes when over which link, and which goes again. Pure: packets, acknowledgements and the time go in,
 * packets come out through an `Outlet`. Simulated in `src/sim`.
 *
 * Each packet takes the link over which it would arrive earliest, waiting for a link's turn included. A packet whose proof is overdue
 * is sent again over another link, ahead of everything else. What is spare goes on second copies of what matters, up to a share.
 *
 * Here is only what is sent next. What has arrived: `proofs.ts`; what is lost and goes again: `rescues.ts`; links that fall: `failover.ts`.
 */

import { Backlog } from './backlog.ts';
import type { BondOptions, Outlet } from './bond-options.ts';
import { Carrier, type LinkTerms } from './carrier.ts';
import { Choice } from './choice.ts';
import { Failover } from './failover.ts';
import { Flow } from './flow.ts';
import { Losses } from './losses.ts';
import { linksMax, Packets, waiting } from './packets.ts';
import { Proofs } from './proofs.ts';
import { WaitingQueue } from './queue.ts';
import { Rescues } from './rescues.ts';
import { SecondCopies } from './second-copies.ts';
import * as wire from './wire.ts';

/** What radio loses now and then goes again whatever is under way; what a dead link had waits for room. */
const rescuesFew = 8;
const secondMs = 1000;
/** A turn that comes later than this after the one before was held up: what it finds late may have been in time. */
const heldUpMs = 12;
/** By so much that the way there may have been held up too. */
const heldUpLongMs = 40;
/** A copy for every link does not wait for one that is so far behind. */
const everywhereMsMax = 100;

export class Bond {
  readonly carriers: Carrier[] = [];
  readonly packets: Packets;
  readonly flow = new Flow();
  readonly rescues: Rescues;
  readonly failover: Failover;
  latencyMs: number;
  /** Second copies of ordinary packets too: it shows whether the links can carry more. */
  probing = false;
  /** Given up because they were too late. */
  droppedPackets = 0;
  readonly #options: BondOptions;
  readonly #losses: Losses;
  readonly #proofs: Proofs;
  readonly #fresh: WaitingQueue;
  readonly #seconds: SecondCopies;
  readonly #choice: Choice;
  readonly #backlog: Backlog;
  #secondAtMs = 0;
  #nowMs = 0;
  #outlet: Outlet | null = null;
  #turnedMs = Number.NaN;

  constructor(options: BondOptions, terms: readonly LinkTerms[]) {
    this.#options = options;
    this.latencyMs = options.latencyMs;
    this.packets = new Packets(options.packets);
    this.#choice = new Choice(this.packets, this.carriers, this.flow, () => this.latencyMs);
    this.#backlog = new Backlog(this.packets);
    this.#losses = new Losses(this.packets, this.carriers);
    this.#proofs = new Proofs(this.packets, this.carriers);
    this.rescues = new Rescues(this.packets, this.carriers, this.#losses);
    this.failover = new Failover(this.packets, this.carriers, this.#losses, this.rescues);
    this.#fresh = new WaitingQueue(this.packets.slots);
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
    for (const queue of [this.#fresh, this.rescues.queue, this.#seconds]) queue.clear();
    for (const carrier of this.carriers) carrier.provedSentMs = Number.NEGATIVE_INFINITY;
  }

  /**
   * Begins a turn, before anything is read. A turn that comes late knows that things came, not when: what it reads proves packets and
   * links, but is no measure of delay or rate, and silence until now is no evidence.
   */
  begin(nowMs: number): void {
    const lateMs = nowMs - this.#turnedMs - heldUpMs;
    this.#turnedMs = nowMs;
    this.#proofs.heldUp = lateMs > 0;
    if (!this.#proofs.heldUp) return;
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
    return this.#fresh.length + this.rescues.queue.length;
  }

  /** A data packet of the caller, copied. `important`: a key frame, audio or tables. */
  accept(bytes: Buffer, offset: number, length: number, important: boolean, nowMs: number): void {
    const { packets } = this;
    const sequence = wire.dataSequence(bytes, offset);
    const again = wire.isRetransmission(bytes, offset);
    const known = packets.slotOf(sequence);
    if (known >= 0) return this.rescues.givenAgain(sequence, known, again, nowMs);
    if (again && packets.highest >= 0 && wire.sequenceDistance(packets.highest, sequence) >= packets.slots) return;
    const slot = packets.take(sequence, bytes, offset, length, nowMs);
    packets.important[slot] = important ? 1 : 0;
    if (!again) this.#seconds.earn(length);
    packets.waits[slot] = again ? waiting.rescue : waiting.first;
    (again ? this.rescues.queue : this.#fresh).push(sequence);
  }

  /** A control packet of the caller: few, and they matter. The link that is soonest there, whatever waits. */
  control(bytes: Buffer, offset: number, length: number, nowMs: number, outlet: Outlet): void {
    const best = this.#choice.soonest(nowMs);
    if (best < 0) return;
    if (outlet.put(best, bytes, offset, length)) this.carriers[best]?.spent(length);
  }

  /** An SRTLA ACK came over `link`; returns how many packets it proved. */
  acked(link: number, bytes: Buffer, offset: number, length: number, nowMs: number): number {
    return this.#proofs.acked(link, bytes, offset, length, nowMs);
  }

  /** A round trip over `link` came to its end. */
  measured(link: number, rttMs: number, nowMs: number): void {
    this.#proofs.measured(link, rttMs, nowMs);
  }

  /** An SRT ACK: everything before `sequence` is there. */
  acknowledged(sequence: number): void {
    this.packets.ackUpTo(sequence);
  }

  /** An SRT NAK. True when it tells of packets that are not kept here: only then is it for the caller. */
  reported(bytes: Buffer, offset: number, length: number, nowMs: number): boolean {
    return this.rescues.reported(bytes, offset, length, nowMs);
  }

  /** Judges the links, and sends what is due. */
  turn(nowMs: number, outlet: Outlet): void {
    this.#nowMs = nowMs;
    this.#outlet = outlet;
    for (let index = 0; index < this.carriers.length; index++) {
      const carrier = this.carriers[index] as Carrier;
      if (!carrier.usable) continue;
      carrier.refill(nowMs);
      if (carrier.judge(nowMs)) this.failover.fell(index, nowMs);
    }
    this.failover.pardon(nowMs);
    this.failover.gate();
    this.rescues.scan(this.latencyMs, nowMs);
    this.droppedPackets += this.#backlog.shed(this.#fresh, this.carriers, this.latencyMs, nowMs);
    this.#drain(nowMs);
    this.#measureFlow(nowMs);
    this.#seconds.send(this.#alone, this.backlogPackets === 0, this.latencyMs, nowMs);
    if (nowMs < this.#secondAtMs) return;
    this.#secondAtMs = nowMs + secondMs;
    this.#seconds.second();
    this.failover.second();
    for (const carrier of this.carriers) carrier.second(nowMs);
  }

  #measureFlow(nowMs: number): void {
    let baseMs = 0;
    for (const { good, capacity } of this.carriers) if (good) baseMs = Math.max(baseMs, capacity.baseMs);
    if (baseMs === 0) return this.flow.forget();
    this.flow.sample(this.packets.openBytes, this.packets.arrivedBytes, this.packets.takenBytes, baseMs, this.latencyMs, this.#choice.inDoubt(nowMs), nowMs);
  }

  /** The link is gone, or another one from now on. */
  fell(link: number, nowMs: number): void {
    this.failover.fell(link, nowMs);
    this.packets.forget(link);
  }

  #drain(nowMs: number): void {
    const { carriers } = this;
    this.#choice.begin(nowMs);
    this.#alone = this.#losses.alone();
    this.rescues.queue.walk(this.#visit);
    this.#fresh.walk(this.#visit);
    const waitingLeft = this.backlogPackets > 0;
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
    const link = this.#choice.next(slot, avoid, avoid !== 0 && this.rescues.queue.length < rescuesFew);
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
