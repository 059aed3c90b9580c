/** Whether a packet is lost: what speaks for it, link by link. Pure. */
import type { Carrier } from './carrier.ts';
import type { Packets } from './packets.ts';

/** SRT acknowledges each 10 ms, and the turns of both ends come on top. */
const cumulativeMs = 14;

export class Losses {
  readonly #packets: Packets;
  readonly #carriers: readonly Carrier[];
  /** When the sender was last held up: how long an answer has been due is counted from then. */
  excusedMs = Number.NEGATIVE_INFINITY;

  constructor(packets: Packets, carriers: readonly Carrier[]) {
    this.#packets = packets;
    this.#carriers = carriers;
  }

  /** Those that work, whether they may be given packets or not: what is under way there arrives. A bit for each. */
  soundLinks(): number {
    let set = 0;
    for (let index = 0; index < this.#carriers.length; index++) if ((this.#carriers[index] as Carrier).sound) set |= 1 << index;
    return set;
  }

  /** A bit for each. */
  goodLinks(): number {
    let set = 0;
    for (let index = 0; index < this.#carriers.length; index++) if ((this.#carriers[index] as Carrier).good) set |= 1 << index;
    return set;
  }

  /** One link works, and no other. */
  alone(): boolean {
    const good = this.goodLinks();
    return good !== 0 && (good & (good - 1)) === 0;
  }

  leastRttMs(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const carrier of this.#carriers) if (carrier.usable) least = Math.min(least, carrier.capacity.baseMs);
    return least === Number.POSITIVE_INFINITY ? 0 : least;
  }

  longestDueMs(): number {
    let longest = 0;
    for (const carrier of this.#carriers) if (carrier.sound) longest = Math.max(longest, carrier.dueMs);
    return longest;
  }

  /** A copy is on a link that works, and not overdue. */
  expected(slot: number, nowMs: number): boolean {
    for (let bits = this.#packets.underWay(slot), link = 0; bits !== 0; bits >>>= 1, link++) {
      if ((bits & 1) === 0) continue;
      const carrier = this.#carriers[link] as Carrier;
      const dueMs = this.alone() && this.#packets.reported[slot] === 1 ? carrier.reportedDueMs : carrier.dueMs;
      if (carrier.sound && nowMs - this.#packets.sentMs(slot, link) < dueMs) return true;
    }
    return false;
  }

  /** No copy is to be hoped for: each is on a link that is suspect, or overdue there with something that speaks for its loss. */
  isLost(sequence: number, slot: number, sound: number, nowMs: number): boolean {
    const packets = this.#packets;
    let lost = 0;
    let hoped = 0;
    for (let bits = packets.underWay(slot), link = 0; bits !== 0; bits >>>= 1, link++) {
      if ((bits & 1) === 0) continue;
      if ((sound & (1 << link)) === 0 || this.#isLostOn(link, sequence, slot, nowMs)) lost |= 1 << link;
      else hoped |= 1 << link;
    }
    if (hoped === 0 || lost === 0) return hoped === 0;
    for (let bits = hoped, link = 0; bits !== 0; bits >>>= 1, link++)
      if ((bits & 1) !== 0 && nowMs - packets.sentMs(slot, link) < (this.#carriers[link] as Carrier).secondDueMs) return false;
    return true;
  }

  #isLostOn(link: number, sequence: number, slot: number, nowMs: number): boolean {
    const packets = this.#packets;
    const carrier = this.#carriers[link] as Carrier;
    const sentMs = packets.sentMs(slot, link);
    const reported = packets.reported[slot] === 1;
    // Later ones are proved (as RACK, RFC 8985).
    if (carrier.provedSentMs > sentMs + carrier.reorderMs) return true;
    // The receiver says so itself. Over several links it calls missing what is only slower; over one it knows.
    if (reported && nowMs - sentMs >= carrier.reportedDueMs && this.alone()) return true;
    const overdueMs = nowMs - (reported ? sentMs : Math.max(sentMs, this.excusedMs)) - carrier.dueMs;
    if (overdueMs < 0) return false;
    // It says so still, or the link has come back since.
    if (reported || carrier.pulse.recoveredMs > sentMs) return true;
    // Without a second link there is nothing to be won by guessing.
    if ((this.goodLinks() & ~(1 << link)) === 0) return false;
    // The receiver has acknowledged everything before it, and not this one; or it is long past.
    const stuck = sequence === packets.ackedUpTo && overdueMs > cumulativeMs;
    return stuck || overdueMs >= carrier.dueMs + this.#quantumMs(carrier);
  }

  /** A proof comes with the tenth packet: how long that may take on a slow link. */
  #quantumMs(carrier: Carrier): number {
    return Math.min(400, 80_000 / Math.max(200, carrier.capacity.rateKbps));
  }
}
