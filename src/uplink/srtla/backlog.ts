/**
 * What waits here and cannot all arrive in time. Pure. Left alone, a backlog that the links cannot work off makes every packet wait for as long as it may: each comes
 * a little too late, or is given up, and no picture is whole. So the oldest go, as many at once as give the rest room: one gap instead of many. They have a second
 * chance: the receiver misses and reports them, and what is reported goes again where there is time left.
 */
import type { Carrier } from './carrier.ts';
import { type Packets, waiting } from './packets.ts';
import type { WaitingQueue } from './queue.ts';

/** Looking for what cannot be worked off: less than a picture's time. */
const everyMs = 20;
const packetsMin = 8;
/** A link that has proved nothing for so long carries nothing that can be counted on. */
const silentMsMax = 200;
/** What the links carry is judged by what has waited for this part of the latency. */
const waitedOfLatency = 1 / 3;
/** Nothing is given up before the last of what waits would come this part of the latency before the end of its time; then what is left has more. */
const marginOfLatency = 1 / 10;
const roomOfLatency = 1 / 3;

export class Backlog {
  readonly #packets: Packets;
  /** Of each that waits: how much of its time would be left when it arrives; and the bytes up to it. */
  readonly #leftMs: Float64Array;
  readonly #bytes: Float64Array;
  #atMs = 0;

  constructor(packets: Packets) {
    this.#packets = packets;
    this.#leftMs = new Float64Array(packets.slots);
    this.#bytes = new Float64Array(packets.slots);
  }

  /** Takes out of `queue` what cannot be worked off any more; returns how many packets were given up. */
  shed(queue: WaitingQueue, carriers: readonly Carrier[], latencyMs: number, nowMs: number): number {
    if (nowMs < this.#atMs || queue.length < packetsMin) return 0;
    this.#atMs = nowMs + everyMs;
    if (this.waitedMs(queue, nowMs) < latencyMs * waitedOfLatency) return 0;
    let kbps = 0;
    let oneWayMs = Number.POSITIVE_INFINITY;
    for (const { good, capacity, pulse } of carriers) {
      if (!good || nowMs - pulse.provedMs > silentMsMax) continue;
      // Where the limit is not known it may be as much as was ever seen lately.
      kbps += capacity.ceilingKnown(nowMs) ? capacity.kbps : Math.max(capacity.kbps, capacity.bestKbps(nowMs));
      oneWayMs = Math.min(oneWayMs, capacity.baseMs / 2);
    }
    // While nothing is delivered at all nobody knows what will be.
    if (kbps === 0) return 0;
    let left = this.excess(queue, kbps, oneWayMs, latencyMs, nowMs);
    let gone = 0;
    queue.walk((sequence) => {
      if (left-- <= 0) return 'stop';
      const slot = this.#packets.slotOf(sequence);
      if (slot < 0) return 'taken';
      this.#packets.waits[slot] = waiting.nothing;
      if (this.#packets.arrived[slot] === 1) return 'taken';
      this.#packets.giveUp(slot);
      gone++;
      return 'taken';
    });
    return gone;
  }

  /** How long the first of `queue` has waited. */
  waitedMs(queue: WaitingQueue, nowMs: number): number {
    let sinceMs = nowMs;
    queue.walk((sequence) => {
      const slot = this.#packets.slotOf(sequence);
      if (slot >= 0) sinceMs = this.#packets.bornMs[slot] as number;
      return 'stop';
    });
    return nowMs - sinceMs;
  }

  /** How many of the first of `queue` to give up. `kbps`: what the links carry; `oneWayMs`: from there to the receiver. */
  excess(queue: WaitingQueue, kbps: number, oneWayMs: number, latencyMs: number, nowMs: number): number {
    const packets = this.#packets;
    const bytesPerMs = kbps / 8;
    let count = 0;
    let bytes = 0;
    let leastMs = Number.POSITIVE_INFINITY;
    queue.walk((sequence) => {
      const slot = packets.slotOf(sequence);
      const known = slot >= 0 && packets.arrived[slot] !== 1;
      if (known) bytes += packets.lengths[slot] as number;
      const leftMs = known ? (packets.bornMs[slot] as number) + latencyMs - nowMs - oneWayMs - bytes / bytesPerMs : Number.POSITIVE_INFINITY;
      this.#leftMs[count] = leftMs;
      this.#bytes[count++] = bytes;
      leastMs = Math.min(leastMs, leftMs);
      return 'left';
    });
    if (leastMs >= latencyMs * marginOfLatency) return 0;
    // From the back: the least of all that come after.
    for (let at = count - 2; at >= 0; at--) this.#leftMs[at] = Math.min(this.#leftMs[at] as number, this.#leftMs[at + 1] as number);
    for (let gone = 1; gone < count; gone++) {
      const wonMs = (this.#bytes[gone - 1] as number) / bytesPerMs;
      if ((this.#leftMs[gone] as number) + wonMs >= latencyMs * roomOfLatency) return gone;
    }
    return count;
  }
}
