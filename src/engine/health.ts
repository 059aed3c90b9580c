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
  /** More than this many packets missing within a second. */
  continuityPerSecond: number;
  /** Of a network source: more than this is lost, % (0: off), or slower than this, ms (0: off). */
  lossPercent: number;
  rttMs: number;
}

export interface Sample {
  /** The worker runs and its source has begun. */
  delivering: boolean;
  /** Why not. */
  reason: Reason;
  dataAgeMs: number;
  /** For how long the picture has not changed at all, been black, or been silent; null where that is not watched. */
  stillMs: number | null;
  blackMs: number | null;
  silentMs: number | null;
  kbps: number;
  /** null: nothing is expected of it. */
  expectedKbps: number | null;
  /** Since start. */
  continuityErrors: number;
  lossPercent: number | null;
  rttMs: number | null;
  /** Whole pictures since start; null where they are not counted. */
  pictures: number | null;
}

export interface HealthState {
  /** Since when the bitrate has been low; null while it is not. */
  lowSinceMs: number | null;
  /** Continuity errors at the begin of the present second, and when that was. */
  errorsAt: number;
  secondMs: number;
  /** Until when the errors of a bad second count. */
  errorsUntilMs: number;
}

export interface Verdict {
  usable: boolean;
  reason: Reason;
  /** 0 to 100: how good it is, for the choice among several that are usable. */
  score: number;
}

export const initialHealth: HealthState = { lowSinceMs: null, errorsAt: 0, secondMs: 0, errorsUntilMs: 0 };

/** A burst of errors is not over because one second was clean. */
const errorsHoldMs = 3000;

export function judgeHealth(state: HealthState, sample: Sample, nowMs: number, limits: WatchLimits): { state: HealthState; verdict: Verdict } {
  const next = follow(state, sample, nowMs, limits);
  if (!sample.delivering) return { state: next, verdict: { usable: false, reason: sample.reason, score: 0 } };
  const complaint = complaintOf(next, sample, nowMs, limits);
  if (complaint !== null) return { state: next, verdict: { usable: false, reason: complaint, score: 0 } };
  return { state: next, verdict: { usable: true, reason: sample.reason, score: scoreOf(sample, limits) } };
}

function follow(state: HealthState, sample: Sample, nowMs: number, limits: WatchLimits): HealthState {
  const low = sample.expectedKbps !== null && sample.kbps < (sample.expectedKbps * limits.bitratePercent) / 100;
  const lowSinceMs = low && sample.delivering ? (state.lowSinceMs ?? nowMs) : null;
  if (nowMs - state.secondMs < 1000) return { ...state, lowSinceMs };
  const errors = sample.continuityErrors - state.errorsAt;
  const bad = limits.continuityPerSecond > 0 && state.secondMs > 0 && errors > limits.continuityPerSecond;
  return { lowSinceMs, errorsAt: sample.continuityErrors, secondMs: nowMs, errorsUntilMs: bad ? nowMs + errorsHoldMs : state.errorsUntilMs };
}

const exceeds = (value: number | null, limit: number): boolean => limit > 0 && value !== null && value >= limit;

/** The gravest first. */
function complaintOf(state: HealthState, sample: Sample, nowMs: number, limits: WatchLimits): Reason | null {
  if (exceeds(sample.dataAgeMs, limits.stallMs)) return 'no-data';
  if (exceeds(sample.blackMs, limits.blackMs)) return 'black-picture';
  if (exceeds(sample.stillMs, limits.frozenMs)) return 'frozen-picture';
  if (exceeds(sample.silentMs, limits.silenceMs)) return 'silence';
  if (nowMs < state.errorsUntilMs) return 'continuity-errors';
  if (limits.bitratePercent > 0 && state.lowSinceMs !== null && nowMs - state.lowSinceMs >= limits.bitrateMs) return 'low-bitrate';
  if (exceeds(sample.lossPercent, limits.lossPercent)) return 'source-lossy';
  if (exceeds(sample.rttMs, limits.rttMs)) return 'source-slow';
  return null;
}

/** What a viewer would notice weighs most: pictures missing, then a thin picture, then a source that has to repeat much. */
function scoreOf(sample: Sample, limits: WatchLimits): number {
  const shortfall = sample.expectedKbps === null ? 0 : Math.max(0, 1 - sample.kbps / sample.expectedKbps);
  const loss = Math.min(1, (sample.lossPercent ?? 0) / 20);
  const stall = limits.stallMs === 0 ? 0 : Math.min(1, sample.dataAgeMs / limits.stallMs);
  return Math.round(100 * Math.max(0, 1 - 0.5 * shortfall - 0.3 * loss - 0.2 * stall));
}
