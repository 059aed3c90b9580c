/**
 * Which path carries the program to a destination in `standby` mode. Pure. The same choice as the input's (choice.ts). A path that nobody has
 * probed is only worth a try: a session is never left for one.
 */
import type { Reason } from '../model/reasons.ts';
import { type Candidate, type Change, type ChoiceConfig, type ChoiceState, choose, initialChoice, type Pin } from './choice.ts';

export interface PathSeen {
  id: string;
  /**
   * carries: the session stands over it, or is being made. works: one stands ready, or it was probed. failed: the session over it broke, is silent,
   * or could not be made.
   */
  state: 'carries' | 'works' | 'failed' | 'unknown';
  reason: Reason;
}

export interface PathState {
  choice: ChoiceState;
  /** When each that failed may be tried again. */
  retryAtMs: Readonly<Record<string, number>>;
}

export type HoldDown = Pick<ChoiceConfig, 'holdDownMs' | 'holdDownMsMax'>;

export const initialPath: PathState = { choice: initialChoice, retryAtMs: {} };

/** One call that was not answered. */
const restMs = 3000;
export const defaultPathChoice: HoldDown = { holdDownMs: 10_000, holdDownMsMax: 300_000 };

/** A person's wish. Takes effect with the next decision. */
export function withPathPin(state: PathState, pin: Pin | null): PathState {
  return { ...state, choice: { ...state.choice, pin } };
}

/** `seen` in order of preference, at least one. Returns the path to use now. @throws BrokenInvariant */
export function decidePath(
  before: PathState,
  seen: readonly PathSeen[],
  nowMs: number,
  { holdDownMs, holdDownMsMax }: HoldDown = defaultPathChoice,
): { state: PathState; path: string; change: Change | null } {
  const retryAtMs: Record<string, number> = {};
  for (const { id, state } of seen) {
    const at = before.retryAtMs[id] ?? Number.NEGATIVE_INFINITY;
    retryAtMs[id] = state !== 'failed' ? Number.NEGATIVE_INFINITY : at === Number.NEGATIVE_INFINITY ? nowMs + restMs : at;
  }
  const candidates = seen.map(({ id, state, reason }): Candidate => {
    const usable = state === 'carries' || state === 'works';
    return { id, usable, delivers: usable || nowMs >= (retryAtMs[id] as number), idle: state === 'unknown', reason, score: 100 };
  });
  const { state: choice, change } = choose(before.choice, candidates, nowMs, {
    mode: 'standby',
    holdDownMs,
    holdDownMsMax,
    marginPoints: 0,
    deadPin: 'override',
  });
  // All have failed just now: the one whose rest is over first.
  const soonest = seen.reduce((first, one) => ((retryAtMs[one.id] as number) < (retryAtMs[first.id] as number) ? one : first), seen[0] as PathSeen);
  const path = choice.chosen ?? soonest.id;
  return { state: { choice, retryAtMs }, path, change };
}
