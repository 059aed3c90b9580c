/**
 * What must hold after every decision, checked in production (docs/adr/0022): a few comparisons each, written apart from the rules that
 * they guard, so that one mistake does not hide itself.
 */
import { reasonTexts } from '../model/reasons.ts';
import type { Candidate, Change, ChoiceConfig, ChoiceState } from './choice.ts';

export type Invariant =
  | 'time runs forward'
  | 'at most one is chosen, and it exists'
  | 'every change is told, with a reason from the list'
  | 'never an unusable one while a usable one exists'
  | 'the last one that delivers is never gated'
  | 'no return before the hold-down'
  | 'the program shows what was chosen';

export class BrokenInvariant extends Error {
  readonly invariant: Invariant;

  constructor(invariant: Invariant, detail: string) {
    super(`the engine broke its own rule “${invariant}”: ${detail}`);
    this.invariant = invariant;
  }
}

export function holds(condition: boolean, invariant: Invariant, detail: () => string): asserts condition {
  if (!condition) throw new BrokenInvariant(invariant, detail());
}

/** @throws BrokenInvariant */
export function checkChoice(
  before: ChoiceState,
  after: ChoiceState,
  change: Change | null,
  candidates: readonly Candidate[],
  nowMs: number,
  config: ChoiceConfig,
): void {
  const now = candidates.find(({ id }) => id === after.chosen);
  const say = () => `${before.chosen} → ${after.chosen} (${change?.reason ?? 'no change'}) of ${candidates.map(sayCandidate).join(', ')}`;
  holds(nowMs >= before.changedMs, 'time runs forward', () => `${nowMs} ms after ${before.changedMs} ms`);
  holds(after.chosen === null || now !== undefined, 'at most one is chosen, and it exists', say);
  const told = change === null ? before.chosen === after.chosen : change.from === before.chosen && change.to === after.chosen && change.from !== change.to;
  holds(told && (change === null || change.reason in reasonTexts), 'every change is told, with a reason from the list', say);

  const obeyed = config.deadPin === 'obey' && after.pin !== null && candidates.some(({ id, idle }) => id === after.pin?.id && !idle);
  if (!obeyed) {
    // One that has just come back may be waited for while what is on air still delivers something.
    const steady = ({ id, usable }: Candidate) => {
      const record = after.records[id];
      const waits = now?.delivers === true && record !== undefined && record.failures > 0 && nowMs - (record.usableSinceMs ?? nowMs) < config.holdDownMs;
      return usable && !waits;
    };
    holds(now?.usable === true || !candidates.some(steady), 'never an unusable one while a usable one exists', say);
    holds(now?.delivers === true || !candidates.some(({ delivers }) => delivers), 'the last one that delivers is never gated', say);
  }
  if (change === null || change.reason === 'pinned' || change.reason === 'pinned-dead') return;
  const from = candidates.find(({ id }) => id === before.chosen);
  if (!from?.usable) return;
  // The one before still works: this is a return. H times two to the power of the failures after the first.
  const record = after.records[change.to ?? ''];
  const longMs = Math.min(config.holdDownMsMax, config.holdDownMs * 2 ** Math.max(0, (record?.failures ?? 0) - 1));
  const kept = record?.usableSinceMs != null && nowMs - record.usableSinceMs >= longMs && nowMs - before.changedMs >= config.holdDownMs;
  holds(kept, 'no return before the hold-down', () => `${say()}; usable since ${record?.usableSinceMs}, changed at ${before.changedMs}, now ${nowMs} ms`);
}

const sayCandidate = ({ id, usable, delivers, reason }: Candidate): string => `${id} ${usable ? 'usable' : delivers ? 'degraded' : 'dead'} (${reason})`;
