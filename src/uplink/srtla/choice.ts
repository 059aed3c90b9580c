/**
 * Which link the next packet takes, and whether it may go now. Pure. Each packet takes the link over which it would arrive earliest, waiting for the
 * link's turn included; the last link is never given up.
 *
 * Pace and window are estimates. A packet waits for them only for a part of its time, the shorter the less the estimates can be trusted: a wrong one
 * costs that, and never a picture.
 */
import { packetBytesUsual, untoldPackets } from './capacity.ts';
import type { Carrier } from './carrier.ts';
import type { Flow } from './flow.ts';
import { linksMax, type Packets } from './packets.ts';

/** What a less preferred path must deliver earlier by, to be used. */
const preferMsMax = 150;
/** Where turns have come late, or everything has paused within this time, estimates of delay and rate may be wrong. */
const doubtMs = 3000;
/**
 * Packets wait for a link's turn no longer than this part of the latency. In doubt a queue on the way is better than one here for nothing;
 * where nothing speaks against the estimates the links' own queues would only fill up.
 */
const holdOfLatency = { heldUp: 1 / 8, paused: 1 / 3, sure: 3 / 4 };
/** A suspect link that answers may fall quiet again: then its packets are late by about this much when they are sent again. */
const suspicionOfLatency = 1 / 5;
/** What may then be under way on a link: as much as it has carried at best lately in its round trip and this part of the latency. */
const floodOfLatency = 1 / 4;
/** Later than over any link that works. */
const suspectMs = 60_000;

export class Choice {
  readonly #packets: Packets;
  readonly #carriers: readonly Carrier[];
  readonly #flow: Flow;
  readonly #latencyMs: () => number;
  /** Bytes that wait for a link in this turn. */
  readonly #ahead = new Float64Array(linksMax);
  readonly #deliveryMs = new Float64Array(linksMax);
  readonly #soonestMs = new Float64Array(linksMax);
  #anyGood = false;
  #nowMs = 0;
  /** When a turn last came late. */
  heldUpMs = Number.NEGATIVE_INFINITY;

  constructor(packets: Packets, carriers: readonly Carrier[], flow: Flow, latencyMs: () => number) {
    this.#packets = packets;
    this.#carriers = carriers;
    this.#flow = flow;
    this.#latencyMs = latencyMs;
  }

  /** A turn begins. */
  begin(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#ahead.fill(0);
    this.#anyGood = false;
    for (let index = 0; index < this.#carriers.length; index++) {
      const carrier = this.#carriers[index] as Carrier;
      this.#soonestMs[index] = carrier.soonestMs(nowMs);
      this.#deliveryMs[index] = carrier.deliveryMs(nowMs) + carrier.rank * Math.min(preferMsMax, this.#latencyMs() / 5);
      this.#anyGood ||= carrier.good;
    }
  }

  deliveryMs(link: number): number {
    return this.#deliveryMs[link] as number;
  }

  /** How long until the link may be given another packet; 0: now. */
  waitMs(link: number): number {
    const allowedQueueMs = Math.min(80, Math.max(30, this.#latencyMs() / 10));
    return (this.#carriers[link] as Carrier).waitMs(this.#packets.inFlightBytes[link] as number, this.#ahead[link] as number, allowedQueueMs, this.#nowMs);
  }

  /** The link for this packet, preferably none of `avoid` (a bit each); `urgent`: however much is under way: 0 or more; −1: there is none; −2: it must wait for its turn. */
  next(slot: number, avoid: number, urgent: boolean): number {
    const leftMs = (this.#packets.bornMs[slot] as number) + this.#latencyMs() - this.#nowMs;
    const link = this.#earliest(avoid, leftMs);
    if (link < 0 || this.waitMs(link) === 0 || (urgent && this.#isFree(link))) return link;
    if (this.#nowMs - (this.#packets.waitsSinceMs[slot] as number) > this.#latencyMs() * this.#holdOfLatency()) {
      const open = this.#mostOpen(leftMs);
      if (open >= 0) return open;
    }
    this.#ahead[link] = (this.#ahead[link] as number) + (this.#packets.lengths[slot] as number);
    return -2;
  }

  /** The link for a control packet: the one that is soonest there, whatever waits; −1: there is none. */
  soonest(nowMs: number): number {
    let best = -1;
    let bestMs = Number.POSITIVE_INFINITY;
    for (let index = 0; index < this.#carriers.length; index++) {
      const carrier = this.#carriers[index] as Carrier;
      if (!carrier.usable || carrier.gated) continue;
      const ms = carrier.deliveryMs(nowMs) + (carrier.pulse.suspect ? suspectMs : 0);
      if (ms < bestMs) {
        best = index;
        bestMs = ms;
      }
    }
    return best;
  }

  #isFree(link: number): boolean {
    const carrier = this.#carriers[link] as Carrier;
    return carrier.stalledMs(this.#nowMs) <= 0 && carrier.capWaitMs(this.#ahead[link] as number) === 0;
  }

  /** Any link that may be given a packet now. */
  anyRoom(): boolean {
    for (let index = 0; index < this.#carriers.length; index++) {
      const carrier = this.#carriers[index] as Carrier;
      if ((this.#anyGood ? carrier.good : carrier.usable) && this.waitMs(index) === 0) return true;
    }
    return false;
  }

  #earliest(avoid: number, leftMs: number): number {
    // None: there is no link; -2: there is one, and it would come too late.
    let best = -1;
    let bestMs = Number.POSITIVE_INFINITY;
    for (let index = 0; index < this.#carriers.length; index++) {
      const carrier = this.#carriers[index] as Carrier;
      if (!carrier.usable || (this.#anyGood && !carrier.good && !carrier.pulse.answering)) continue;
      // Where it would wait behind others until its time is over it would only be in the way of those.
      if ((this.#soonestMs[index] as number) > leftMs) {
        if (best === -1) best = -2;
        continue;
      }
      let ms = this.waitMs(index) + this.deliveryMs(index);
      // One that has just begun to answer again only where the others would be far later.
      if (!carrier.good) ms += this.#latencyMs() * suspicionOfLatency;
      // Over the link that lost it only when the other would be far later.
      if ((avoid & (1 << index)) !== 0) ms += carrier.dueMs;
      if (ms < bestMs) {
        best = index;
        bestMs = ms;
      }
    }
    return best;
  }

  /** Turns have come late. */
  inDoubt(nowMs: number): boolean {
    return nowMs - this.heldUpMs < doubtMs;
  }

  #holdOfLatency(): number {
    if (this.inDoubt(this.#nowMs)) return holdOfLatency.heldUp;
    return !this.#flow.congested && this.#nowMs - this.#flow.pausedMs < doubtMs ? holdOfLatency.paused : holdOfLatency.sure;
  }

  /** For a packet that has waited for long enough: the earliest link, whatever its pace is believed to be; −1: none. */
  #mostOpen(leftMs: number): number {
    let found = -1;
    let foundMs = Number.POSITIVE_INFINITY;
    for (let index = 0; index < this.#carriers.length; index++) {
      const ms = this.waitMs(index) + this.deliveryMs(index);
      if (ms >= foundMs || (this.#soonestMs[index] as number) > leftMs || !this.#isOpen(index)) continue;
      found = index;
      foundMs = ms;
    }
    return found;
  }

  #isOpen(link: number): boolean {
    const carrier = this.#carriers[link] as Carrier;
    const { capacity } = carrier;
    const bytes = (capacity.bestKbps(this.#nowMs) / 8) * (capacity.baseMs + this.#latencyMs() * floodOfLatency) + untoldPackets * packetBytesUsual;
    return carrier.good && this.#isFree(link) && (this.#packets.inFlightBytes[link] as number) < bytes;
  }
}
