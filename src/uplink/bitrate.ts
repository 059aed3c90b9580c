/**
 * The bitrate that the networks together carry now. Pure: figures of the links, of the encoder and of the box go in; kbit/s come out.
 *
 * Down to what the links deliver, and only when it is proved that this is less than they are given (`srtla/flow.ts`): a late timer, a link that
 * pauses or dies, a round trip that is long for other reasons move nothing. Up in steps that second copies have just shown to be carried, and never far above
 * what the encoder really makes, so that a still picture does not inflate the estimate.
 */
export interface LinkLoad {
  /** In use now. */
  good: boolean;
  /** What it has shown that it carries; the truth where `ceiling` holds, else the least. */
  kbps: number;
  ceiling: boolean;
  /** As `ceiling`, but still so when another link has died since. */
  limited: boolean;
  /** A queue stands. */
  queued: boolean;
  /** Round trip with its queue. */
  rttMs: number;
  /** 0: none. */
  capKbps: number;
}

export interface BitrateInputs {
  links: readonly LinkLoad[];
  /** How much longer delivery takes than the links need without queues, all waits included. */
  excessMs: number;
  /** Proved: the links carry less than they are given, and it is not getting better. */
  congested: boolean;
  /** Nothing is delivered, or next to nothing: it may be a pause, and it may be the beginning of seconds. */
  hole: boolean;
  /** Delivered meanwhile. */
  arrivedKbps: number;
  /** What the program makes, all told. */
  programKbps: number;
  /** Of it, not video. */
  restKbps: number;
  latencyMs: number;
  /** The box is too hot, or its processor is slowed down. */
  strained: boolean;
}

export interface BitrateLimits {
  minKbps: number;
  maxKbps: number;
}

export interface BitrateState {
  kbps: number;
  /** When it last went down or up. */
  loweredMs: number;
  raisedMs: number;
  calmSinceMs: number;
  /** At the floor for a hole, or a link that died: since when, and what was made before it; 0: it is not. */
  holeSinceMs: number;
  beforeHoleKbps: number;
  /** Which links were in use. */
  good: readonly boolean[];
  /** When one was last lost, and whether those that were left had all shown their limits by then, or have a cap. */
  lostMs: number;
  limited: boolean;
}

export type BitrateChange = 'lower' | 'raise' | 'strained' | null;

/** SRT, UDP, IP, keepalives and the multiplex's own share. */
const overhead = 1.06;
/** Of what the links are known to carry: the rest is for key frames, losses and errors of the estimate. */
const shareKnown = 0.8;
const raise = 1.25;
/** Two round trips show what a step has done; and no encoder follows faster. */
const raiseEveryMsMin = 250;
/** What is late is made up for within about this time. */
const workedOffMs = 700;
/** The encoder follows, and what it made before must be through before it is judged again. */
const lowerEveryMsMin = 250;
/** After going down, the queue must be gone before anything is tried. */
const calmMs = 400;
/** Longer, and nothing is tried: a key frame alone makes less. */
const excessMsCalm = 50;
/** A hole that is over, with all that it held up delivered, within this time was a pause of a radio or a machine. */
const pauseMsMax = 800;
const shareAfterPause = 0.8;
/** A link that is gone is the cause of what happens within this time. */
const lostMsMax = 600;
/** A link that had little to do has shown less than it carries: only where it is a third is it sure that there is no room. */
const shareLost = 1 / 3;
/** A machine that is busy makes up to 200 ms by itself: what is later still says the same of what is only less. */
const excessMsSure = 200;
const shareLate = 0.7;
const activityMax = 1.7;
const strainedShare = 0.7;

export const initialBitrate = (kbps: number): BitrateState => ({
  kbps,
  loweredMs: Number.NEGATIVE_INFINITY,
  raisedMs: Number.NEGATIVE_INFINITY,
  calmSinceMs: Number.NEGATIVE_INFINITY,
  holeSinceMs: 0,
  beforeHoleKbps: 0,
  good: [],
  lostMs: Number.NEGATIVE_INFINITY,
  limited: false,
});

/** To be called each 50 ms or so. */
export function judgeBitrate(
  before: BitrateState,
  inputs: BitrateInputs,
  limits: BitrateLimits,
  nowMs: number,
): { state: BitrateState; change: BitrateChange } {
  const links = inputs.links.filter(({ good }) => good);
  const state = follow(before, inputs.links, nowMs);
  if ((inputs.hole || isStranded(state, links, inputs, nowMs)) && state.kbps > limits.minKbps) {
    const hole = state.beforeHoleKbps > 0 ? {} : { holeSinceMs: nowMs, beforeHoleKbps: state.kbps };
    return { state: { ...state, ...hole, kbps: limits.minKbps, loweredMs: nowMs, calmSinceMs: nowMs }, change: 'lower' };
  }
  if (links.length === 0) return { state: { ...state, calmSinceMs: nowMs }, change: null };
  const least = Math.min(...links.map(({ rttMs }) => rttMs));
  const clamp = (kbps: number) => Math.round(Math.min(limits.maxKbps, Math.max(limits.minKbps, kbps)));
  const video = (kbps: number) => kbps / overhead - inputs.restKbps;
  if (inputs.congested) {
    // The longer packets have waited already, the more must be made up for.
    const late = Math.min(0.8, inputs.excessMs / workedOffMs);
    const wanted = clamp(video(inputs.arrivedKbps * (1 - late)));
    const due = nowMs - state.loweredMs >= Math.max(lowerEveryMsMin, least);
    if (wanted < state.kbps && due) return { state: { ...state, kbps: wanted, loweredMs: nowMs, calmSinceMs: nowMs }, change: 'lower' };
  }
  if (inputs.excessMs > excessMsCalm || links.every(({ queued }) => queued)) return { state: { ...state, calmSinceMs: nowMs }, change: null };
  const cap = clamp(inputs.strained ? limits.maxKbps * strainedShare : limits.maxKbps);
  if (state.kbps > cap) return { state: { ...state, kbps: cap, loweredMs: nowMs }, change: 'strained' };
  if (state.beforeHoleKbps > 0) {
    const wanted = Math.min(cap, state.beforeHoleKbps * shareAfterPause, video(mostKbps(links, 'limited') * shareKnown));
    const over = { ...state, holeSinceMs: 0, beforeHoleKbps: 0 };
    // All is there soon after: it was a pause, and says nothing of what they carry.
    if (nowMs - state.holeSinceMs > pauseMsMax || wanted <= state.kbps) return { state: over, change: null };
    return { state: { ...over, kbps: clamp(wanted), raisedMs: nowMs }, change: 'raise' };
  }
  const every = Math.max(raiseEveryMsMin, 2 * least);
  if (nowMs - state.calmSinceMs < calmMs || nowMs - state.raisedMs < every || state.kbps >= cap) return { state, change: null };
  const ceiling = video(mostKbps(links, 'ceiling') * shareKnown);
  const active = Math.max(limits.minKbps, activityMax * Math.max(0, inputs.programKbps - inputs.restKbps));
  const wanted = Math.min(cap, state.kbps * raise, ceiling, active);
  if (wanted <= state.kbps * 1.02) return { state, change: null };
  return { state: { ...state, kbps: clamp(wanted), raisedMs: nowMs }, change: 'raise' };
}

function follow(before: BitrateState, links: readonly LinkLoad[], nowMs: number): BitrateState {
  const good = links.map((link) => link.good);
  if (!before.good.some((was, link) => was && good[link] === false)) return { ...before, good };
  return { ...before, good, lostMs: nowMs, limited: links.every((link) => !link.good || link.limited || link.capKbps > 0) };
}

/** A link has just died, what it had is late already, and those that are left had shown that they carry much less than is made: no proof is waited for. */
function isStranded({ kbps, lostMs, limited }: BitrateState, left: readonly LinkLoad[], { excessMs, restKbps }: BitrateInputs, nowMs: number): boolean {
  if (nowMs - lostMs > lostMsMax || excessMs <= excessMsCalm || !limited || left.length === 0) return false;
  return mostKbps(left, 'limited') / overhead - restKbps < kbps * (excessMs > excessMsSure ? shareLate : shareLost);
}

/** The most that they are known to carry: by what each has shown, and by its cap. Infinity: of one of them that is not known. */
function mostKbps(links: readonly LinkLoad[], known: 'ceiling' | 'limited'): number {
  return links.reduce((sum, link) => sum + Math.min(link[known] ? link.kbps : Number.POSITIVE_INFINITY, link.capKbps || Number.POSITIVE_INFINITY), 0);
}
