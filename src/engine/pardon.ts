/**
 * What was made to fail on purpose has not failed (docs/adr/0045). Pure: after a rehearsed fault each candidate is trusted as it was before, so that a
 * real fault afterwards meets the same hold-down as if nobody had rehearsed.
 */
import type { CandidateRecord, ChoiceState } from './choice.ts';

/** @param records as they were before the fault. `only`: of the others something is really wrong, what they did counts; null: all are pardoned. */
export function pardon(state: ChoiceState, records: ChoiceState['records'], only: string | null): ChoiceState {
  const pardoned: Record<string, CandidateRecord> = {};
  for (const [id, now] of Object.entries(state.records)) {
    const { failures, countedMs } = records[id] ?? { failures: 0, countedMs: Number.NEGATIVE_INFINITY };
    const learnt = now.failures > failures && (only === null || only === id);
    pardoned[id] = learnt ? { ...now, failures, countedMs } : now;
  }
  return { ...state, records: pardoned };
}
