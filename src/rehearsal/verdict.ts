/** What a rehearsal comes to, in words and figures. Pure. */

import type { Reason } from '../model/reasons.ts';
import type { RehearsalFault, RehearsalFigures, RehearsalReport, RehearsalStep, RehearsalVerdict } from '../model/rehearsal.ts';
import type { Observed, StepEnd } from './course.ts';
import type { Step } from './script.ts';

/** What left the switcher, and did not arrive, while the step lasted. */
export type Measured = Pick<
  RehearsalFigures,
  'pictures' | 'picturesLost' | 'picturesRepeated' | 'continuityErrors' | 'ptsJumps' | 'pcrJumps' | 'longestGapMs' | 'stillMs' | 'slateMs' | 'latePackets'
>;

/** A pause that a player's own buffer does not hide. */
const gapMsMax = 500;
/** A cut to another camera is shorter, also on a busy board; more is seen as a picture that sticks, or as the slate. */
const stillMsMax = 300;
const slate = 'slate';

export function judgeStep(step: Step, observed: Observed, measured: Measured, end: StepEnd, nowMs: number): RehearsalStep {
  const since = (atMs: number | null, fromMs: number): number | null => (atMs === null ? null : Math.round(atMs - fromMs));
  const putBackAtMs = observed.putBackAtMs ?? nowMs;
  const figures: RehearsalFigures = {
    brokenMs: Math.round(putBackAtMs - observed.brokenAtMs),
    noticedMs: since(observed.noticedAtMs, observed.brokenAtMs),
    switchedMs: since(observed.switchedAtMs, observed.brokenAtMs),
    backMs: since(observed.backAtMs, putBackAtMs),
    chosen: observed.chosen,
    ...measured,
    longestGapMs: Math.round(measured.longestGapMs),
  };
  const verdict = verdictOf(figures, end);
  return { fault: step.fault, what: step.what, verdict, text: sayStep(step, figures, verdict), figures };
}

function verdictOf(figures: RehearsalFigures, end: StepEnd): RehearsalVerdict {
  if (figures.continuityErrors + figures.ptsJumps + figures.pcrJumps > 0 || end === 'failed') return 'failed';
  if (end === 'stopped') return 'stopped';
  const counts = figures.picturesLost + figures.picturesRepeated + figures.latePackets;
  const seen = counts > 0 || figures.longestGapMs > gapMsMax || figures.stillMs > stillMsMax || figures.slateMs > stillMsMax || figures.chosen === slate;
  return seen ? 'noticed' : 'passed';
}

function sayStep({ what, target, fault }: Step, figures: RehearsalFigures, verdict: RehearsalVerdict): string {
  const parts: string[] = [];
  if (target.kind === 'management') parts.push(`the program did without it for ${sayMs(figures.brokenMs)}`);
  else if (figures.chosen !== null)
    parts.push(`on ${figures.chosen === slate ? 'the slate' : figures.chosen} after ${sayMs(figures.switchedMs ?? figures.noticedMs ?? 0)}`);
  else if (figures.noticedMs !== null) parts.push(`noticed after ${sayMs(figures.noticedMs)}`);
  else if (fault.kind !== 'limit-path') parts.push('not noticed');
  parts.push(sayLoss(figures));
  const back =
    figures.backMs === null ? (verdict === 'stopped' ? 'stopped before it was back' : 'not back in time') : sayBack(fault, target.id, figures.backMs);
  return `${what}: ${parts.join(', ')}; ${back}`;
}

function sayBack(fault: RehearsalFault, id: string, ms: number): string {
  if (fault.kind === 'limit-path') return `${id} is whole again`;
  return fault.kind === 'freeze-management' ? 'it answers again' : `back on ${id} ${sayMs(ms)} after it was put back`;
}

function sayLoss(figures: RehearsalFigures): string {
  const counts: [number, string][] = [
    [figures.picturesLost, 'pictures missing'],
    [figures.picturesRepeated, 'pictures twice'],
    [figures.latePackets, 'packets late'],
    [figures.continuityErrors, 'continuity errors'],
    [figures.ptsJumps + figures.pcrJumps, 'jumps of the clock'],
  ];
  const bad = counts.filter(([count]) => count > 0).map(([count, name]) => `${count} ${name}`);
  if (figures.longestGapMs > gapMsMax) bad.push(`a pause of ${sayMs(figures.longestGapMs)}`);
  if (figures.stillMs > stillMsMax) bad.push(`a picture that stood still for ${sayMs(figures.stillMs)}`);
  if (figures.slateMs > stillMsMax) bad.push(`the slate for ${sayMs(figures.slateMs)}`);
  return bad.length === 0 ? 'nothing lost' : bad.join(', ');
}

export const sayMs = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`);

const worst: readonly RehearsalVerdict[] = ['failed', 'stopped', 'noticed', 'passed'];

/** Of the whole: as good as its worst step, and stopped where it was not brought to its end. */
export function judgeWhole(
  steps: readonly RehearsalStep[],
  planned: number,
  reason: Reason,
  why: string,
): Pick<RehearsalReport, 'verdict' | 'reason' | 'text'> {
  const verdicts = steps.map(({ verdict }) => verdict);
  if (reason !== 'requested' && !verdicts.includes('failed')) verdicts.push('stopped');
  const verdict = worst.find((one) => verdicts.includes(one)) ?? 'passed';
  const passed = steps.filter((one) => one.verdict === 'passed').length;
  const ended = reason === 'requested' ? '' : `; stopped: ${why}`;
  const told = { passed: 'no viewer noticed', noticed: 'viewers noticed some of it', failed: 'it did not hold', stopped: 'not brought to its end' }[verdict];
  return { verdict, reason, text: `${told}: ${passed} of ${planned} faults passed${ended}` };
}

/** The report as a person reads it on a terminal. */
export function sayReport(report: RehearsalReport): string {
  const lines = [`${report.verdict.toUpperCase()}  ${report.text}  (${sayMs(report.tookMs)})`];
  for (const { verdict, text } of report.steps) lines.push(`  ${verdict.padEnd(8)} ${text}`);
  for (const { what, text } of report.leftOut) lines.push(`  left out ${text.startsWith(what) ? text : `${what}: ${text}`}`);
  return lines.join('\n');
}
