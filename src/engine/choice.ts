/**
 * Which input is on air. Pure: state and observations in, state and at most one change out.
 *
 * Quick to drop, slow to rejoin: an input that stops being usable is left at once; a better one is returned to only
 * after it has been usable for the hold-down, so that a source that comes and goes does not take the program with it.
 * The last usable input is never given up: with nothing usable the choice stays where it is, and says so.
 */
import type { Reason } from '../model/reasons.ts';

export interface ChoiceConfig {
  /** A preferred input must have been usable for this long before the program returns to it. */
  holdDownMs: number;
}

export interface InputObservation {
  id: string;
  /** Delivers a stream that may go on air. */
  usable: boolean;
  /** Why not, or why again. */
  reason: Reason;
}

export interface ChoiceState {
  onAir: string | null;
  pinned: string | null;
  /** Since when each input has been usable without a break; absent while it is not. */
  usableSinceMs: Readonly<Record<string, number>>;
}

export interface Change {
  from: string | null;
  to: string;
  reason: Reason;
}

export const initialChoice: ChoiceState = { onAir: null, pinned: null, usableSinceMs: {} };

/** `observations` are in order of preference. `change` is null while the choice stands. */
export function chooseInput(
  state: ChoiceState,
  observations: readonly InputObservation[],
  nowMs: number,
  config: ChoiceConfig,
): { state: ChoiceState; change: Change | null } {
  const usableSinceMs: Record<string, number> = {};
  for (const { id, usable } of observations) if (usable) usableSinceMs[id] = state.usableSinceMs[id] ?? nowMs;

  const current = observations.find(({ id }) => id === state.onAir);
  const next = wanted({ ...state, usableSinceMs }, observations, current, nowMs, config);
  const change = next === null || next.to === state.onAir ? null : { from: state.onAir, to: next.to, reason: next.reason };
  return { state: { onAir: change?.to ?? state.onAir, pinned: state.pinned, usableSinceMs }, change };
}

function wanted(
  state: ChoiceState,
  observations: readonly InputObservation[],
  current: InputObservation | undefined,
  nowMs: number,
  config: ChoiceConfig,
): { to: string; reason: Reason } | null {
  const pinned = observations.find(({ id }) => id === state.pinned);
  if (pinned?.usable) return { to: pinned.id, reason: 'pinned' };

  const best = observations.find(({ usable }) => usable);
  if (best === undefined) return null;
  if (current === undefined) return { to: best.id, reason: 'preferred' };
  if (!current.usable) return { to: best.id, reason: current.reason };

  const stable = observations.find(({ id, usable }) => usable && (id === current.id || nowMs - (state.usableSinceMs[id] ?? nowMs) >= config.holdDownMs));
  return stable === undefined ? null : { to: stable.id, reason: 'preferred' };
}
