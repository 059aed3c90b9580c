/**
 * Whether an SRT connection still gets through, judged by its acknowledgements: a receiver sends one each 10 ms in which data came
 * (SRT, draft-sharabayko-srt, 3.2.4). Pure. Judged in round trips, since a pause means nothing shorter than they are.
 */
import type { SrtStats } from '../srt/stats.ts';

/**
 * Seven acknowledgements that did not come. A handover of a cell holds everything up for longer than this, but then another path is better anyhow; and
 * half a round trip of 20 ms and a turn of ours on top, a dead path is left within 100 ms of its last delivery.
 */
const silenceMsMin = 75;
const roundTrips = 3;
/** Looked at so much later than usual, this process was held up, and what came meanwhile may not have been taken by libsrt's threads either. */
const heldUpFactor = 3;

export class Silence {
  #acks = -1;
  #dropped = 0;
  #heardMs = 0;
  #rttMs = 0;
  #lookedMs = Number.NaN;
  readonly #everyMs: number;

  /** @param everyMs how often it is looked at. */
  constructor(everyMs = 10) {
    this.#everyMs = everyMs;
  }

  /** A connection has begun. */
  reset(nowMs: number): void {
    this.#acks = -1;
    this.#dropped = 0;
    this.#heardMs = nowMs;
    this.#lookedMs = nowMs;
  }

  observe(stats: Pick<SrtStats, 'acksReceived' | 'naksReceived' | 'sendBufferPackets' | 'sendDroppedPackets' | 'rttMs'>, nowMs: number): void {
    const acks = stats.acksReceived + stats.naksReceived;
    this.#rttMs = stats.rttMs;
    const lateMs = nowMs - this.#lookedMs;
    if (lateMs > heldUpFactor * this.#everyMs) this.#heardMs += lateMs;
    this.#lookedMs = nowMs;
    // What nothing was sent for, nothing answers; but what was given up as too late was not answered either.
    const idle = stats.sendBufferPackets === 0 && stats.sendDroppedPackets === this.#dropped;
    if (acks === this.#acks && !idle) return;
    this.#heardMs = nowMs;
    this.#acks = acks;
    this.#dropped = stats.sendDroppedPackets;
  }

  /** Payloads that wait to be acknowledged, and those that were given up as too late since the last acknowledgement: a dead path owes them too. */
  owed({ sendBufferPackets, sendDroppedPackets }: Pick<SrtStats, 'sendBufferPackets' | 'sendDroppedPackets'>): number {
    return sendBufferPackets + Math.max(0, sendDroppedPackets - this.#dropped);
  }

  ms(nowMs: number): number {
    return nowMs - this.#heardMs;
  }

  /** Longer than this is no pause but a path that is dead. */
  get msMax(): number {
    return Math.max(silenceMsMin, roundTrips * this.#rttMs);
  }
}
