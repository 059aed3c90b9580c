/**
 * Who leads among the senders of one stream, and when another takes over. Pure: what they bring and the time in, payloads in order and verdicts out.
 *
 * A leader that has gone silent gives way to one that has not; what both have goes out once (merge.ts).
 */
import { Feed, Merge } from './merge.ts';

/**
 * A sender that is silent for this long gives way to another that is not: most likely it is the same one, come back or over another path.
 * libsrt hands packets out in the rhythm in which they were sent, so a live stream never pauses for five pictures.
 */
export const silentMsMax = 150;
/** After a pause of more than a picture another one may have had the program meanwhile: then what it has is older than what comes now. */
const pauseMsMin = 50;
/** Another program on the same stream is refused after it: what a dead sender sent last is still handed out for its latency. */
const strangerMsMax = 5000;
/** What one has brought alone is of no use any more when the others' latency is over, and this on top for the way and the clocks. */
const aloneSpareMs = 1000;

export interface Member {
  readonly peer: string;
  readonly latencyMs: number;
  readonly feed: Feed;
  /** When it last brought something; the future while its first packet cannot be out yet. */
  heardMs: number;
  /** Since when it has had something that nobody else has; null while it has nothing. */
  aloneSinceMs: number | null;
}

export type Verdict = { kind: 'leads'; member: Member; before: Member | null } | { kind: 'stranger'; member: Member };

export class Join {
  leader: Member | null = null;
  readonly #members: Member[] = [];
  readonly #merge: Merge;
  /** Of all but the leader. */
  #others: Feed[] = [];

  constructor(out: (bytes: Buffer, offset: number, length: number) => void) {
    this.#merge = new Merge(out);
  }

  get size(): number {
    return this.#members.length;
  }

  /** Another sender, whose packets are handed out `latencyMs` after they were sent: leads at once where nobody does, else it is held beside the one that leads. */
  add(peer: string, latencyMs: number, nowMs: number): Member {
    // Its first packet comes out when its latency is over: until then silence means nothing.
    const member: Member = { peer, latencyMs, feed: new Feed(), heardMs: nowMs + latencyMs, aloneSinceMs: null };
    this.#members.push(member);
    this.#appoint(this.leader ?? member);
    return member;
  }

  /** `holed`: its connection lost something right before this. */
  bring(member: Member, bytes: Buffer, offset: number, length: number, nowMs: number, holed = false): void {
    const paused = nowMs - member.heardMs > pauseMsMin;
    member.heardMs = nowMs;
    if (member === this.leader) {
      const open = holed || (paused && this.#others.some(({ held }) => held.length > 0));
      return this.#merge.lead(member.feed, this.#others, bytes, offset, length, nowMs, open);
    }
    this.#merge.follow(member.feed, bytes, offset, length, nowMs);
    this.#noteAlone(member, nowMs);
  }

  remove(member: Member): void {
    if (member === this.leader) this.#merge.release(member.feed, this.#others);
    const at = this.#members.indexOf(member);
    if (at >= 0) this.#members.splice(at, 1);
    this.#appoint(member === this.leader ? null : this.leader);
  }

  /** Whether somebody else is live, who leads with what he brings next. */
  isSucceeded(nowMs: number): boolean {
    return this.#members.some((member) => member !== this.leader && nowMs - member.heardMs <= silentMsMax && member.feed.brought > 0);
  }

  /** To be called each turn, when all have brought what they have. A stranger is to be removed. */
  judge(nowMs: number): Verdict | null {
    const { leader } = this;
    if (leader !== null) this.#merge.settle(leader.feed, this.#others, nowMs);
    const silent = leader === null || nowMs - leader.heardMs > silentMsMax || leader.feed.brought === 0;
    if (silent) {
      const next = this.#next(nowMs);
      return next === undefined ? null : this.#lead(next);
    }
    for (const member of this.#members) {
      if (member === leader) continue;
      this.#merge.forget(member.feed, nowMs - leader.latencyMs - aloneSpareMs);
      this.#noteAlone(member, nowMs);
      const { feed, aloneSinceMs } = member;
      if (aloneSinceMs !== null && !feed.isTwin && nowMs - aloneSinceMs >= strangerMsMax) return { kind: 'stranger', member };
    }
    return null;
  }

  /** Of those that have something: one that is known to send the same program, else the one that has been there for longest. One that is silent itself has nothing but what came too late. */
  #next(nowMs: number): Member | undefined {
    const ready = this.#members.filter((member) => member !== this.leader && member.feed.held.length > 0 && nowMs - member.heardMs <= silentMsMax);
    return ready.find(({ feed }) => feed.isTwin) ?? ready[0];
  }

  #lead(member: Member): Verdict {
    const before = this.leader;
    if (before !== null) {
      this.#merge.release(before.feed, this.#others);
      // It is measured anew, by the other one.
      before.feed.matched = 0;
      before.feed.alone = 0;
    }
    this.#appoint(member);
    this.#merge.promote(member.feed);
    member.aloneSinceMs = null;
    return { kind: 'leads', member, before };
  }

  #noteAlone(member: Member, nowMs: number): void {
    const { feed, heardMs } = member;
    if (feed.isTwin || nowMs - heardMs > aloneSpareMs) member.aloneSinceMs = null;
    else if (feed.held.length > 0) member.aloneSinceMs ??= nowMs;
  }

  #appoint(member: Member | null): void {
    this.leader = member;
    this.#others = this.#members.filter((one) => one !== member).map(({ feed }) => feed);
  }
}
