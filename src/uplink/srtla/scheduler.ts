/**
 * Which link takes the next packet. Pure: figures of the links in, a choice out.
 *
 * A link's window is what it has shown that it can carry; the link with the most room in its window, corrected by its recent
 * losses, takes the packet. A link that has gone quiet with packets under way is left at once and rejoined slowly; the last
 * one is never left, since sending into doubt beats not sending.
 */
export interface LinkFigures {
  /** Accepted by the gateway. */
  usable: boolean;
  /** Packets sent and not proved. */
  inFlight: number;
  /** Packets, fractional. */
  window: number;
  rttMs: number;
  /** Anything at all came back. */
  heardMs: number;
  /** Since when it has been heard without a pause, after the last stall. */
  steadySinceMs: number;
  /** Recently reported missing, decaying. */
  nakPenalty: number;
  stalled: boolean;
}

/** Below this a pause is what cellular retransmission makes every day. */
export const stallMsMin = 250;
/** This many round trips without a word are no accident. */
const stallRoundTrips = 3;
export const windowMin = 1;
export const windowMax = 60;
export const windowStart = 20;
/** A packet stays on the link of the one before unless another is better by this: equals do not flap. */
const hysteresis = 1.1;

/** Silence that makes a link suspect while packets are under way on it. */
export function stallMs(rttMs: number): number {
  return Math.max(stallMsMin, stallRoundTrips * rttMs);
}

/** Brings `stalled` up to date. Quick to drop, slow to rejoin: twice the silence that made it suspect must pass in good order. */
export function judgeStall(link: LinkFigures, nowMs: number): void {
  const limit = stallMs(link.rttMs);
  if (nowMs - link.heardMs > limit && (link.inFlight > 0 || link.stalled)) {
    link.stalled = true;
    link.steadySinceMs = nowMs;
  } else if (link.stalled && nowMs - link.steadySinceMs > 2 * limit) link.stalled = false;
}

function score(link: LinkFigures): number {
  const shortTrip = 1 + Math.min(0.03, 1 / (1 + link.rttMs));
  return (link.window / (link.inFlight + 1)) * shortTrip * (1 / (1 + link.nakPenalty));
}

/**
 * Index of the link for the next packet, or -1 when there is none at all. `avoid` is a bit set of links that had this packet
 * before: another one is preferred. `previous` is the last choice.
 */
export function chooseLink(links: readonly LinkFigures[], previous: number, avoid: number): number {
  let best = -1;
  let bestScore = -1;
  for (let index = 0; index < links.length; index++) {
    const link = links[index] as LinkFigures;
    if (!link.usable) continue;
    let one = score(link);
    if (index === previous) one *= hysteresis;
    // Tiers: a link that is well beats any that is stalled, whatever their room.
    if (link.stalled) one *= 1e-6;
    if ((avoid & (1 << index)) !== 0) one *= 1e-3;
    if (one > bestScore) {
      best = index;
      bestScore = one;
    }
  }
  return best;
}

/** A packet was proved to have arrived over `link`. */
export function grow(link: LinkFigures): void {
  if (link.inFlight > link.window / 2) link.window += 0.029;
  link.window = Math.min(windowMax, link.window + 0.001);
}

const windowLoss = 0.1;
const penaltyLoss = 0.05;

/** A packet of `link` was reported missing. */
export function shrink(link: LinkFigures): void {
  link.window = Math.max(windowMin, link.window - windowLoss);
  link.nakPenalty = Math.min(4, link.nakPenalty + penaltyLoss);
}

/** What was reported missing arrived over `link` after all: it was overtaken by a faster link, not lost. */
export function restore(link: LinkFigures): void {
  link.window = Math.min(windowMax, link.window + windowLoss);
  link.nakPenalty = Math.max(0, link.nakPenalty - penaltyLoss);
}

/** To be called each second: what was lost long ago counts no more. */
export function forgive(link: LinkFigures): void {
  link.nakPenalty *= 0.7;
}
