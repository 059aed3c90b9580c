/**
 * Whether the box itself is at its limit: too hot, or throttled by its firmware. Raised above one mark for a time, cleared below another, so
 * that the relief does not end itself. Pure.
 */
import type { Reason } from '../model/reasons.ts';

export interface BoxSeen {
  /** Hottest zone, °C; null: this machine cannot tell. */
  temperatureC: number | null;
  throttled: boolean | null;
}

export interface StrainState {
  /** Why the box is strained; null: it is not. */
  reason: Reason | null;
  /** Since when the box says the opposite; null: it does not. */
  sinceMs: number | null;
}

export const noStrain: StrainState = { reason: null, sinceMs: null };

/** A burst of work is not heat yet: thermal zones lag by seconds. */
const raiseMs = 5000;
/** The relief takes its time to cool the box, and must not be taken back at the first degree. */
const clearMs = 60_000;
const gapC = 5;

export function judgeStrain(state: StrainState, { temperatureC, throttled }: BoxSeen, nowMs: number, temperatureMaxC: number): StrainState {
  const hot = temperatureC !== null && temperatureC > (state.reason === null ? temperatureMaxC : temperatureMaxC - gapC);
  const bad = throttled === true || hot;
  if (bad === (state.reason !== null)) return state.sinceMs === null ? state : { ...state, sinceMs: null };
  const sinceMs = state.sinceMs ?? nowMs;
  if (nowMs - sinceMs < (bad ? raiseMs : clearMs)) return { ...state, sinceMs };
  return { reason: bad ? (throttled === true ? 'throttled' : 'temperature-high') : null, sinceMs: null };
}
