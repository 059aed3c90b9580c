/**
 * Whether an input may be on air. Pure: what is seen of it in, a verdict out. Each complaint has a time of its own, after which it
 * counts; what is unambiguous (end of file, session closed) does not pass through here but ends the input's `delivering` at once.
 */
import type { Reason } from '../model/reasons.ts';

export interface WatchLimits {
  /** No data; 0 switches a watch off. All ms. */
  stallMs: number;
  frozenMs: number;
  blackMs: number;
  silenceMs: number;
  /** Less than this share of what is expected, for `bitrateMs`, %. */
  bitratePercent: number;
  bitrateMs: number;
  /** Fewer pictures a second than this share of what is expected, for `cadenceMs`, %. */
  cadencePercent: number;
  cadenceMs: number;
  /** More than this many packets missing within a second. */
  continuityPerSecond: number;
  /** Of a network source: more than this is lost, or is there only because it was sent again, % (0: off), or slower than this, ms (0: off), for `networkMs`. */
  lossPercent: number;
  retransmitPercent: number;
  rttMs: number;
  networkMs: number;
}

export interface Sample {
  /** The worker runs and its source has begun. */
  delivering: boolean;
  /** Why not. */
  reason: Reason;
  dataAgeMs: number;
  /** For how long there has been sound without any picture; null while there is one. */
  noPictureMs: number | null;
  /** For how long the picture has not changed at all, been black, or been silent; null where that is not watched. */
  stillMs: number | null;
  blackMs: number | null;
  silentMs: number | null;
  kbps: number;
  /** null: nothing is expected of it. */
  expectedKbps: number | null;
  /** Since start. */
  continuityErrors: number;
  /** Whole pictures since start; null where they are not counted. */
  pictures: number | null;
  /** null: none is expected. */
  expectedFps: number | null;
  lossPercent: number | null;
  retransmitPercent: number | null;
  rttMs: number | null;
  /** This box's processor encodes it. */
  softwareEncoded: boolean;
}

export interface HealthState {
  /** Since when the bitrate has been low; null while it is not. */
  lowSinceMs: number | null;
  /** Pictures in the last whole second; null before there was one. */
  fps: number | null;
  /** Since when that has been too few; null while it is not. */
  slowSinceMs: number | null;
  /** Continuity errors and pictures at the begin of the present second, and when that was; 0 before the first. */
  errorsAt: number;
  picturesAt: number;
  secondMs: number;
  /** Until when the errors of a bad second count. */
  errorsUntilMs: number;
  /** Since when the network of the source has been poor in one way or another; null: it is not. */
  poorSinceMs: number | null;
}

export interface Verdict {
  usable: boolean;
  reason: Reason;
  /** 0 to 100: how good it is, for the choice among several that are usable. */
  score: number;
}

export const initialHealth: HealthState = {
  lowSinceMs: null,
  fps: null,
  slowSinceMs: null,
  errorsAt: 0,
  picturesAt: 0,
  secondMs: 0,
  errorsUntilMs: 0,
  poorSinceMs: null,
};

/** A burst of errors is not over because one second was clean. */
const errorsHoldMs = 3000;

/** `strained`: the box is too hot or throttled. */
export function judgeHealth(
  state: HealthState,
  sample: Sample,
  nowMs: number,
  limits: WatchLimits,
  strained = false,
): { state: HealthState; verdict: Verdict } {
  const next = follow(state, sample, nowMs, limits);
  if (!sample.delivering) return { state: next, verdict: { usable: false, reason: sample.reason, score: 0 } };
  const complaint = complaintOf(next, sample, nowMs, limits);
  if (complaint !== null) return { state: next, verdict: { usable: false, reason: complaint, score: 0 } };
  return { state: next, verdict: { usable: true, reason: sample.reason, score: scoreOf(next, sample, limits, strained) } };
}

function follow(state: HealthState, sample: Sample, nowMs: number, limits: WatchLimits): HealthState {
  const { continuityErrors, expectedKbps, kbps } = sample;
  const pictures = sample.pictures ?? 0;
  // What does not deliver is neither slow nor thin, and its next second begins with its next byte.
  if (!sample.delivering)
    return { ...state, lowSinceMs: null, fps: null, slowSinceMs: null, poorSinceMs: null, errorsAt: continuityErrors, picturesAt: pictures, secondMs: nowMs };
  const low = expectedKbps !== null && kbps < (expectedKbps * limits.bitratePercent) / 100;
  const lowSinceMs = low ? (state.lowSinceMs ?? nowMs) : null;
  const poorSinceMs = networkComplaint(sample, limits) === null ? null : (state.poorSinceMs ?? nowMs);
  const ms = nowMs - state.secondMs;
  if (ms < 1000) return { ...state, lowSinceMs, poorSinceMs };
  const begun = { lowSinceMs, poorSinceMs, errorsAt: continuityErrors, picturesAt: pictures, secondMs: nowMs };
  if (state.secondMs === 0) return { ...state, ...begun };
  const bad = limits.continuityPerSecond > 0 && continuityErrors - state.errorsAt > limits.continuityPerSecond;
  const fps = sample.pictures === null ? null : ((pictures - state.picturesAt) * 1000) / ms;
  const slow = fps !== null && sample.expectedFps !== null && fps < (sample.expectedFps * limits.cadencePercent) / 100;
  return { ...begun, errorsUntilMs: bad ? nowMs + errorsHoldMs : state.errorsUntilMs, fps, slowSinceMs: slow ? (state.slowSinceMs ?? state.secondMs) : null };
}

const exceeds = (value: number | null, limit: number): boolean => limit > 0 && value !== null && value >= limit;

/** The gravest first. */
function complaintOf(state: HealthState, sample: Sample, nowMs: number, limits: WatchLimits): Reason | null {
  if (exceeds(sample.dataAgeMs, limits.stallMs)) return 'no-data';
  if (exceeds(sample.noPictureMs, limits.blackMs)) return 'no-picture';
  if (exceeds(sample.blackMs, limits.blackMs)) return 'black-picture';
  if (exceeds(sample.stillMs, limits.frozenMs)) return 'frozen-picture';
  if (exceeds(sample.silentMs, limits.silenceMs)) return 'silence';
  if (nowMs < state.errorsUntilMs) return 'continuity-errors';
  if (limits.cadencePercent > 0 && state.slowSinceMs !== null && nowMs - state.slowSinceMs >= limits.cadenceMs) return 'cadence-low';
  if (limits.bitratePercent > 0 && state.lowSinceMs !== null && nowMs - state.lowSinceMs >= limits.bitrateMs) return 'low-bitrate';
  return state.poorSinceMs !== null && nowMs - state.poorSinceMs >= limits.networkMs ? networkComplaint(sample, limits) : null;
}

function networkComplaint({ lossPercent, retransmitPercent, rttMs }: Sample, limits: WatchLimits): Reason | null {
  if (exceeds(lossPercent, limits.lossPercent)) return 'source-lossy';
  if (exceeds(retransmitPercent, limits.retransmitPercent)) return 'source-retransmits';
  return exceeds(rttMs, limits.rttMs) ? 'source-slow' : null;
}

/**
 * What a viewer would notice weighs most: missing pictures (half of the score), a thin picture (a third), then a source that loses much (30
 * points at a fifth lost), is late (20 points at the stall), or is encoded by a processor that has no strength left.
 */
function scoreOf({ fps }: HealthState, sample: Sample, limits: WatchLimits, strained: boolean): number {
  const thin = sample.expectedKbps === null ? 0 : Math.max(0, 1 - sample.kbps / sample.expectedKbps);
  const slow = fps === null || sample.expectedFps === null ? 0 : Math.max(0, 1 - fps / sample.expectedFps);
  const loss = Math.min(1, (sample.lossPercent ?? 0) / 20);
  const stall = limits.stallMs === 0 ? 0 : Math.min(1, sample.dataAgeMs / limits.stallMs);
  const strain = strained && sample.softwareEncoded ? 1 : 0;
  return Math.round(100 * Math.max(0, 1 - 0.5 * slow - 0.33 * thin - 0.3 * loss - 0.2 * stall - 0.2 * strain));
}
