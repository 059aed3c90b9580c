/**
 * Whether a link is alive, judged in its own round trips. Pure: what was proved and asked, and when, goes in; a verdict comes out.
 *
 * Only what proves the way there counts: answers, and SRTLA ACKs. SRT's own ACKs come back over every link, also over one whose way there
 * is blocked. Nothing is asked while proofs come anyway; a link that has fallen quiet under way is asked at once, and suspect when the
 * answer is overdue. A suspect link is left for any other, asked on, and taken back when it answers: at once after a first hiccup, after longer
 * each time when it flaps. Every question carries its time, so an answer tells which it belongs to.
 */

/** Of 4 Mbit/s a proof comes each 26 ms; slower links are asked in between. */
const quietMs = 22;
/** Between two questions to a quiet link. */
const askAgainMs = 20;
/** A link that carries nothing: often enough to know its round trip, cheap enough for a data plan. */
const askIdleMs = 200;
/** A link that has been suspect for long: a dead one costs 5 kbit/s. */
const askDeadMs = 60;
const freshSuspicionMs = 2000;
/** It carries nothing once it has been given nothing for this long. */
const idleAfterMs = 500;
/** Turns of both ends, and a garbage collection. */
const slackMs = 15;
const varianceMsMin = 10;
/** How steadily a link that was suspect must answer before it is believed; doubled with each relapse. */
const steadyMsFirst = 20;
const steadyMsMax = 2000;
/** A relapse within this is the same trouble. */
const relapseMs = 10_000;
const questionsKept = 32;
/** Silence is excused for no longer than this: a machine that is always late must find a dead link too. */
const excuseMsMax = 200;

export class Pulse {
  /** Anything at all came back. */
  heardMs = 0;
  /** It was last known to deliver. */
  provedMs = 0;
  suspect = false;
  suspectSinceMs = 0;
  /** The last thing that a suspicion was ended by, for statuses and tests. */
  recoveredMs = Number.NEGATIVE_INFINITY;
  readonly #asked = new Float64Array(questionsKept);
  #oldest = 0;
  #next = 0;
  #lastAskedMs = Number.NEGATIVE_INFINITY;
  #sentMs = Number.NEGATIVE_INFINITY;
  #answeringSinceMs = -1;
  #answeredMs = Number.NEGATIVE_INFINITY;
  #overdueMs = Number.POSITIVE_INFINITY;
  #steadyMs = steadyMsFirst;
  #excusedMs = 0;
  /** The recovery that came of a rehearsal: what breaks after it does so for the first time. */
  #forgivenMs = Number.NaN;

  start(nowMs: number): void {
    this.heardMs = nowMs;
    this.provedMs = nowMs;
    this.suspect = false;
    this.#oldest = this.#next;
    this.#answeringSinceMs = -1;
    this.#lastAskedMs = Number.NEGATIVE_INFINITY;
  }

  /** A data packet was given to the link. */
  sent(nowMs: number): void {
    this.#sentMs = nowMs;
  }

  heard(nowMs: number): void {
    this.heardMs = nowMs;
  }

  /** Packets were proved that were sent at `sentMs` at the latest: what was asked before them waits for nothing any more. */
  proved(sentMs: number, nowMs: number): void {
    this.provedMs = nowMs;
    this.#answeredMs = nowMs;
    this.#settle(sentMs);
  }

  /** Nobody looked for so long: the far end may have been held up with us, and gets the time again. */
  excuse(ms: number, nowMs: number): void {
    const more = Math.max(0, Math.min(ms, excuseMsMax - this.#excusedMs));
    this.#excusedMs += more;
    this.provedMs = Math.min(nowMs, this.provedMs + more);
    for (let at = this.#oldest; at < this.#next; at++) {
      const index = at % questionsKept;
      this.#asked[index] = Math.min(nowMs, (this.#asked[index] as number) + more);
    }
  }

  /** Whether a question is due. The caller sends it and says so by `asked`. */
  askDue(nowMs: number): boolean {
    const sinceMs = nowMs - this.#lastAskedMs;
    if (this.suspect) return sinceMs >= (nowMs - this.suspectSinceMs < freshSuspicionMs ? askAgainMs : askDeadMs);
    if (sinceMs >= askIdleMs) return true;
    return nowMs - this.#sentMs < idleAfterMs && nowMs - this.provedMs >= quietMs && sinceMs >= askAgainMs;
  }

  asked(nowMs: number): void {
    this.#lastAskedMs = nowMs;
    this.#asked[this.#next % questionsKept] = nowMs;
    this.#next++;
    if (this.#next - this.#oldest > questionsKept) this.#oldest = this.#next - questionsKept;
  }

  /** The answer to what was asked at `askedMs` (rounded down) came. Earlier ones will not come any more. */
  answered(askedMs: number, nowMs: number): void {
    this.provedMs = nowMs;
    this.#settle(askedMs + 1);
    if (!this.suspect) return;
    this.#answeredMs = nowMs;
    // What was asked before the suspicion proves only that the link was slow.
    if (askedMs < this.suspectSinceMs - 1) return;
    // One that was long under way says that it was alive then, and has a queue.
    if (nowMs - askedMs > this.#overdueMs) return;
    if (this.#answeringSinceMs < 0) this.#answeringSinceMs = nowMs;
    if (nowMs - this.#answeringSinceMs >= this.#steadyMs) this.#recover(nowMs);
  }

  /** How long the oldest open question has waited; 0 when there is none. */
  waitingMs(nowMs: number): number {
    return this.#oldest === this.#next ? 0 : nowMs - (this.#asked[this.#oldest % questionsKept] as number);
  }

  /** It answers again, but has not done so for long. */
  get answering(): boolean {
    return this.suspect && this.#answeredMs > this.suspectSinceMs;
  }

  /** Its last trouble was made on purpose. */
  forgive(): void {
    this.#forgivenMs = this.recoveredMs;
  }

  /** There is none better: taken back before its time. */
  pardon(nowMs: number): void {
    this.#recover(nowMs);
  }

  /** Brings the verdict up to date; true when it has just turned suspect. */
  judge(rttMs: number, varianceMs: number, nowMs: number): boolean {
    const overdueMs = rttMs + Math.max(varianceMsMin, 4 * varianceMs) + slackMs;
    this.#overdueMs = overdueMs;
    const silentMs = nowMs - this.provedMs;
    if (this.suspect) {
      if (silentMs > Math.max(overdueMs, askDeadMs)) {
        this.#answeringSinceMs = -1;
        this.#answeredMs = Number.NEGATIVE_INFINITY;
      }
      return false;
    }
    if (silentMs < overdueMs || this.waitingMs(nowMs) < overdueMs) return false;
    const relapsed = nowMs - this.recoveredMs < relapseMs && this.recoveredMs !== this.#forgivenMs;
    this.#steadyMs = relapsed ? Math.min(steadyMsMax, this.#steadyMs * 2) : steadyMsFirst;
    this.suspect = true;
    this.suspectSinceMs = nowMs;
    this.#answeringSinceMs = -1;
    return true;
  }

  /** Answers carry the time of their question, which an excuse has moved. */
  #settle(askedMs: number): void {
    const beforeMs = askedMs + this.#excusedMs;
    this.#excusedMs = 0;
    while (this.#oldest < this.#next && (this.#asked[this.#oldest % questionsKept] as number) < beforeMs) this.#oldest++;
  }

  #recover(nowMs: number): void {
    this.suspect = false;
    this.recoveredMs = nowMs;
    this.#oldest = this.#next;
  }
}
