/**
 * What is lost, and goes again ahead of everything else. Pure. That a packet is lost shows by its overdue proof, by a report of the receiver (SRT NAK), or by the
 * caller, who sends it again himself; whether to believe it is judged in `losses.ts`.
 */
import type { Carrier } from './carrier.ts';
import type { Losses } from './losses.ts';
import { type Packets, waiting } from './packets.ts';
import { WaitingQueue } from './queue.ts';
import * as wire from './wire.ts';

/** Looking for overdue packets: a fraction of the shortest round trip that matters. */
const scanEveryMs = 4;
const copiesMax = 8;

export class Rescues {
  /** Those that wait to be sent again. */
  readonly queue: WaitingQueue;
  /** Sent, and not known to have arrived when their time was over. */
  unprovedPackets = 0;
  /** Retransmissions of the caller that were not needed. */
  needlessPackets = 0;
  readonly #packets: Packets;
  readonly #carriers: readonly Carrier[];
  readonly #losses: Losses;
  #scanAtMs = 0;
  // Of the report that is being read.
  #nowMs = 0;
  #nakUnknown = false;

  constructor(packets: Packets, carriers: readonly Carrier[], losses: Losses) {
    this.#packets = packets;
    this.#carriers = carriers;
    this.#losses = losses;
    this.queue = new WaitingQueue(packets.slots);
  }

  /** The caller gave a packet that is kept here already. libsrt asks for itself what is asked for here already, and sooner. */
  givenAgain(sequence: number, slot: number, isRetransmission: boolean, nowMs: number): void {
    const packets = this.#packets;
    if (!isRetransmission || packets.arrived[slot] === 1 || packets.waits[slot] !== waiting.nothing || this.#losses.expected(slot, nowMs))
      this.needlessPackets++;
    else this.#rescue(sequence, slot, nowMs);
  }

  /** An SRT NAK. True when it tells of packets that are not kept here: only then is it for the caller. */
  reported(bytes: Buffer, offset: number, length: number, nowMs: number): boolean {
    this.#nowMs = nowMs;
    this.#nakUnknown = false;
    wire.visitLost(bytes, offset, length, this.#onReported);
    return this.#nakUnknown;
  }

  readonly #onReported = (sequence: number): void => {
    const packets = this.#packets;
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
    if (!this.#losses.expected(slot, this.#nowMs)) this.#rescue(sequence, slot, this.#nowMs);
  };

  /** The next look through is due now. */
  scanNow(nowMs: number): void {
    this.#scanAtMs = nowMs;
  }

  /** To be called each turn. Looks through everything that is not known to have arrived, when it is time to. */
  scan(latencyMs: number, nowMs: number): void {
    if (nowMs < this.#scanAtMs) return;
    this.#scanAtMs = nowMs + scanEveryMs;
    const packets = this.#packets;
    const sound = this.#losses.soundLinks();
    if (sound === 0 || packets.ackedUpTo < 0 || packets.highest < 0) return;
    let count = Math.min(packets.slots, wire.sequenceDistance(packets.highest, packets.ackedUpTo) + 1);
    let sequence = (packets.highest - count + 1) & 0x7fffffff;
    for (; count > 0; count--, sequence = wire.sequenceNext(sequence)) {
      const slot = packets.slotOf(sequence);
      if (slot < 0 || packets.arrived[slot] === 1 || packets.waits[slot] !== waiting.nothing || packets.copies[slot] === 0) continue;
      if (nowMs - (packets.bornMs[slot] as number) > latencyMs) this.unprovedPackets += packets.giveUp(slot) ? 1 : 0;
      else if (this.#losses.isLost(sequence, slot, sound, nowMs)) this.#rescue(sequence, slot, nowMs);
    }
  }

  #rescue(sequence: number, slot: number, nowMs: number): void {
    const packets = this.#packets;
    for (let bits = packets.underWay(slot), link = 0; bits !== 0; bits >>>= 1, link++) if ((bits & 1) !== 0) this.#carriers[link]?.lost();
    packets.lost(slot, packets.underWay(slot));
    if ((packets.copies[slot] as number) >= copiesMax || !this.queue.push(sequence)) return;
    packets.waits[slot] = waiting.rescue;
    packets.waitsSinceMs[slot] = nowMs;
  }
}
