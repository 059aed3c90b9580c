/**
 * Which input is on air. Pure: state and observations in, state and at most one change out.
 *
 * Quick to drop, slow to rejoin: an input that stops being usable is left at once; a better one is returned to only after it has
 * been usable for its hold-down, which doubles each time it fails again soon, so that a source that comes and goes does not take the
 * program with it. The last one that delivers anything is never given up; when none does, the slate is on air: it is no input and
 * cannot fail.
 */
import type { Reason } from '../model/reasons.ts';

export interface ChoiceConfig {
  /** standby: the first usable one in order of preference. active: the one with the best score. */
  mode: 'standby' | 'active';
  /** A preferred input must have been usable for this long before the program returns to it. */
  holdDownMs: number;
  holdDownMsMax: number;
  /** In active mode another input must be better by this many points. */
  marginPoints: number;
  /** What becomes of a pin on an input that does not work: override it until it works, or obey it. */
  deadPin: 'override' | 'obey';
}

export interface InputObservation {
  id: string;
  /** Delivers a stream that may go on air. */
  usable: boolean;
  /** Delivers something, if only a frozen or silent picture: better than the slate, worse than any usable input. */
  delivers: boolean;
  /** Why not, or why again. */
  reason: Reason;
  score: number;
}

interface InputRecord {
  /** Since when it has been usable without a break; null while it is not. */
  usableSinceMs: number | null;
  /** How often it failed lately. */
  failures: number;
  failedMs: number;
}

export interface ChoiceState {
  /** null: nothing yet, or the slate. */
  onAir: string | null;
  pinned: string | null;
  inputs: Readonly<Record<string, InputRecord>>;
}

export interface Change {
  from: string | null;
  /** null: the slate. */
  to: string | null;
  reason: Reason;
}

export const initialChoice: ChoiceState = { onAir: null, pinned: null, inputs: {} };

/** An input that has been well for this long is trusted as before. */
const forgivenMs = 120_000;
const failuresMax = 10;

/** How long `record` has to be usable before it is returned to. */
export function holdDownMs({ failures }: Pick<InputRecord, 'failures'>, config: Pick<ChoiceConfig, 'holdDownMs' | 'holdDownMsMax'>): number {
  return Math.min(config.holdDownMsMax, config.holdDownMs * 2 ** Math.max(0, failures - 1));
}

/** `observations` are in order of preference. `change` is null while the choice stands. */
export function chooseInput(
  state: ChoiceState,
  observations: readonly InputObservation[],
  nowMs: number,
  config: ChoiceConfig,
): { state: ChoiceState; change: Change | null } {
  const inputs: Record<string, InputRecord> = {};
  for (const observation of observations) inputs[observation.id] = follow(state.inputs[observation.id], observation.usable, nowMs);
  const followed = { ...state, inputs };
  const { to, reason } = wanted(followed, observations, nowMs, config);
  if (to === state.onAir) return { state: followed, change: null };
  return { state: { ...followed, onAir: to }, change: { from: state.onAir, to, reason } };
}

function follow(before: InputRecord | undefined, usable: boolean, nowMs: number): InputRecord {
  const record = before ?? { usableSinceMs: null, failures: 0, failedMs: 0 };
  if (usable) {
    const usableSinceMs = record.usableSinceMs ?? nowMs;
    return { ...record, usableSinceMs, failures: nowMs - usableSinceMs > forgivenMs ? 0 : record.failures };
  }
  // A failure is the end of having been usable: an input that has never worked has not failed.
  if (record.usableSinceMs === null) return record;
  return { usableSinceMs: null, failures: Math.min(failuresMax, record.failures + 1), failedMs: nowMs };
}

function wanted(state: ChoiceState, observations: readonly InputObservation[], nowMs: number, config: ChoiceConfig): { to: string | null; reason: Reason } {
  const current = observations.find(({ id }) => id === state.onAir);
  const pinned = observations.find(({ id }) => id === state.pinned);
  if (pinned?.usable) return { to: pinned.id, reason: 'pinned' };
  if (pinned !== undefined && config.deadPin === 'obey') return { to: null, reason: 'pinned-dead' };

  const usable = observations.filter((one) => one.usable);
  if (!current?.usable) {
    const best = (config.mode === 'active' ? bestOf(usable) : usable[0]) ?? (current?.delivers ? current : observations.find(({ delivers }) => delivers));
    return { to: best?.id ?? null, reason: current?.reason ?? (best === undefined ? 'no-input' : 'preferred') };
  }
  const stable = usable.filter(({ id }) => id === current.id || isStable(state.inputs[id], nowMs, config));
  if (config.mode === 'standby') return { to: stable[0]?.id ?? current.id, reason: 'preferred' };
  const best = bestOf(stable) ?? current;
  return best.score - current.score > config.marginPoints ? { to: best.id, reason: 'better-score' } : { to: current.id, reason: 'preferred' };
}

/** The first of the best: of equals the preferred one. */
function bestOf(observations: readonly InputObservation[]): InputObservation | undefined {
  return observations.reduce<InputObservation | undefined>((best, one) => (best === undefined || one.score > best.score ? one : best), undefined);
}

function isStable(record: InputRecord | undefined, nowMs: number, config: ChoiceConfig): boolean {
  return record !== undefined && record.usableSinceMs !== null && nowMs - record.usableSinceMs >= holdDownMs(record, config);
}
