/** Second copies of what matters, over another link: only while nothing else waits and no queue stands, and never more than their share. Pure. */
import type { Carrier } from './carrier.ts';
import type { Packets } from './packets.ts';
import { WaitingQueue } from './queue.ts';

/** A second copy that comes later than this after the first has no more use than a rescue. */
const lateMsMax = 100;
/** Between two copies over one link: losses come together. */
const apartMs = 8;
/** What may be saved up for a key frame: the share of a second, of this many bytes at least. */
const savedOfBytesMin = 65_536;
/** Of it, kept for what was lost and goes over the only link that works: a second loss there comes too late to be mended. */
const keptForRescuesBytes = 4 * 1332;

/** The links, as the bond sees them in this turn. */
export interface Room {
  /** 0: the link may be given a packet now. */
  waitMs(link: number): number;
  deliveryMs(link: number): number;
  put(slot: number, link: number): boolean;
}

export class SecondCopies {
  readonly #packets: Packets;
  readonly #carriers: readonly Carrier[];
  readonly #share: number;
  readonly #room: Room;
  readonly #queue: WaitingQueue;
  readonly #rescued: WaitingQueue;
  #savedBytes = 0;
  #bytesASecond = 0;
  #bytesThisSecond = 0;
  #nowMs = 0;
  #alone = false;
  #latencyMs = 0;

  /** `share`: of the bytes that are sent for the first time. */
  constructor(packets: Packets, carriers: readonly Carrier[], share: number, room: Room) {
    this.#packets = packets;
    this.#carriers = carriers;
    this.#share = share;
    this.#room = room;
    this.#queue = new WaitingQueue(packets.slots);
    this.#rescued = new WaitingQueue(packets.slots);
  }

  clear(): void {
    this.#queue.clear();
    this.#rescued.clear();
  }

  /** A packet of so many bytes is sent for the first time. */
  earn(bytes: number): void {
    this.#bytesThisSecond += bytes;
    this.#savedBytes = Math.min(this.#savedBytes + bytes * this.#share, Math.max(this.#bytesASecond, savedOfBytesMin) * this.#share);
  }

  /** To be called each second. */
  second(): void {
    this.#bytesASecond = this.#bytesThisSecond;
    this.#bytesThisSecond = 0;
  }

  push(sequence: number, rescued: boolean): void {
    if (this.#share > 0) (rescued ? this.#rescued : this.#queue).push(sequence);
  }

  /** `alone`: one link works, and no other. `spare`: nothing waits for its first copy. */
  send(alone: boolean, spare: boolean, latencyMs: number, nowMs: number): void {
    this.#nowMs = nowMs;
    this.#alone = alone;
    this.#latencyMs = latencyMs;
    this.#keptBytes = 0;
    if (this.#rescued.length > 0 && (alone || spare)) this.#rescued.walk(this.#visit);
    this.#keptBytes = keptForRescuesBytes * Math.min(1, this.#share * 5);
    if (this.#queue.length > 0 && spare) this.#queue.walk(this.#visit);
  }

  #keptBytes = 0;

  readonly #visit = (sequence: number): 'taken' | 'left' | 'stop' => {
    const packets = this.#packets;
    const nowMs = this.#nowMs;
    const slot = packets.slotOf(sequence);
    if (slot < 0 || packets.arrived[slot] === 1 || nowMs - (packets.lastSentMs[slot] as number) > Math.min(lateMsMax, this.#latencyMs / 4)) return 'taken';
    // Sent again meanwhile: its turn is among those.
    if (this.#keptBytes > 0 && (packets.copies[slot] as number) > 1) return 'taken';
    const length = packets.lengths[slot] as number;
    if (this.#savedBytes < length + this.#keptBytes) return 'stop';
    // The only link that works carries what was lost twice, a little apart: losses come together.
    const alone = (packets.copies[slot] as number) > 1 && this.#alone;
    if (alone && nowMs - (packets.lastSentMs[slot] as number) < apartMs) return 'left';
    const leftMs = this.#latencyMs - (nowMs - (packets.bornMs[slot] as number));
    const link = this.#spare(alone ? 0 : packets.underWay(slot), packets.important[slot] === 1 || alone, alone ? leftMs : Number.POSITIVE_INFINITY, nowMs);
    if (link < 0) return 'stop';
    if (!this.#room.put(slot, link)) return 'stop';
    this.#savedBytes -= length;
    (this.#carriers[link] as Carrier).duplicatedPackets++;
    return 'taken';
  };

  /** `leftMs`: of the packet's time. */
  #spare(taken: number, important: boolean, leftMs: number, nowMs: number): number {
    let best = -1;
    let bestMs = Number.POSITIVE_INFINITY;
    for (let index = 0; index < this.#carriers.length; index++) {
      const carrier = this.#carriers[index] as Carrier;
      if (!carrier.good || (taken & (1 << index)) !== 0 || (carrier.terms.metered && !important)) continue;
      // There is no time to learn of another loss: at once, whatever waits.
      if (leftMs < carrier.dueMs + carrier.capacity.baseMs && carrier.capWaitMs(0) === 0) return index;
      if (this.#room.waitMs(index) > 0 || carrier.capacity.queueMs(nowMs) > carrier.capacity.queueTargetMs / 2) continue;
      if (this.#room.deliveryMs(index) < bestMs) {
        best = index;
        bestMs = this.#room.deliveryMs(index);
      }
    }
    return best;
  }
}
