/** Prints a row of the table, and says how many of its bars were not met. */
import type { Row } from './faults.ts';
import { holdDownMs, type Run } from './measure.ts';

const sorted = (values: number[]): number[] => values.toSorted((a, b) => a - b);
const median = (values: number[]): number => sorted(values)[values.length >> 1] ?? Number.NaN;
const span = (values: number[]): string => `${Math.round(median(values))} (${Math.round(Math.max(...values))})`;

/** @returns how many bars were not met. The return is the issue's row *primary returns and stays*: after the hold-down, nothing lost or shown twice. */
export function print(row: Row, runs: readonly Run[]): number {
  const decisions = runs.map(({ decisionMs }) => decisionMs ?? Number.POSITIVE_INFINITY);
  const gaps = runs.map(({ fault }) => fault.longestGapMs);
  const total = (pick: (run: Run) => number): number => runs.reduce((sum, run) => sum + pick(run), 0);
  const failures = [
    median(decisions) > row.decisionMsMax && 'decision',
    row.gapMsMax !== null && median(gaps) > row.gapMsMax && 'gap',
    total(({ fault, back }) => fault.continuityErrors + back.continuityErrors) > 0 && 'continuity errors',
    total(({ fault, back }) => fault.ptsJumps + fault.pcrJumps + back.ptsJumps + back.pcrJumps) > 0 && 'time stamps',
    total(({ back }) => back.picturesLost + back.picturesRepeated) > 0 && 'pictures lost or repeated at the return',
    runs.some(({ backMs }) => backMs === null) && 'return',
    // Statuses are told every 50 ms: the input may have been well a little before it was said.
    runs.some(({ heldMs }) => heldMs !== null && heldMs < holdDownMs - 100) && 'hold-down',
  ].filter((one) => one !== false);
  console.log(
    [
      row.name,
      `  decision ${span(decisions)} ms, bar ${row.decisionMsMax}; gap ${span(gaps)} ms, bar ${row.gapMsMax ?? '–'} (medians, worst in brackets)`,
      `  reasons ${[...new Set(runs.map(({ reason, to }) => `${reason} → ${to}`))].join(', ')}`,
      `  at the fault: ${total(({ fault }) => fault.continuityErrors)} continuity errors, ${total(({ fault }) => fault.ptsJumps)} PTS and ${total(({ fault }) => fault.pcrJumps)} PCR jumps, ${total(({ fault }) => fault.picturesLost)} pictures lost, ${total(({ fault }) => fault.picturesRepeated)} repeated`,
      `  at the return: ${total(({ back }) => back.continuityErrors)} continuity errors, ${total(({ back }) => back.ptsJumps)} PTS and ${total(({ back }) => back.pcrJumps)} PCR jumps, ${total(({ back }) => back.picturesLost)} pictures lost, ${total(({ back }) => back.picturesRepeated)} repeated; back on air after ${span(runs.map(({ backMs }) => backMs ?? Number.POSITIVE_INFINITY))} ms, held down for ${span(runs.map(({ heldMs }) => heldMs ?? Number.NaN))} ms, bar ${holdDownMs}`,
      `  ${failures.length === 0 ? 'met' : `NOT MET: ${failures.join(', ')}`}`,
    ].join('\n'),
  );
  return failures.length;
}
