/**
 * The course of a rehearsal, one turn at a time: measure, break, put back, wait until all is as before, rest, and so on; and when to stop. Pure:
 * what is seen goes in with the time, what is to be done comes out; media/rehearsals.ts performs it.
 */

import type { Reason } from '../model/reasons.ts';
import type { RehearsalPhase } from '../model/rehearsal.ts';
import { type Scene, type Target, type Trouble, troubleSince } from './scene.ts';
import type { Plan, Step } from './script.ts';

/** The meter learns the period of the pictures from a second and a half of them. */
export const steadyMs = 3000;
/** While nothing is broken on purpose, what breaks by itself has this long to be well again: a mobile network's handover is over by then. */
const passesMs = 3000;
/** What comes and goes is waited for no longer than this in all. */
const passesMsInAll = 15_000;

/** What was seen of one fault. Times are of the box's clock. */
export interface Observed {
  brokenAtMs: number;
  noticedAtMs: number | null;
  switchedAtMs: number | null;
  putBackAtMs: number | null;
  backAtMs: number | null;
  chosen: string | null;
}

export interface Course {
  plan: Plan;
  /** All as it was before the first fault. */
  before: Scene;
  /** −1: before the first. */
  step: number;
  phase: RehearsalPhase;
  sinceMs: number;
  /** When it came to the present phase, whatever it has waited for since. */
  enteredMs: number;
  /** Since when something else has been broken; null: nothing is. */
  troubledSinceMs: number | null;
  observed: Observed | null;
}

export type CourseAction =
  | { kind: 'break'; step: Step }
  | { kind: 'put-back'; step: Step }
  /** The step is over: time to judge it. */
  | { kind: 'judge'; step: Step; observed: Observed; end: StepEnd }
  | { kind: 'end'; reason: Reason; text: string };

/** How a step ended: as it should; not back in time, or off the air; or stopped by what else happened. */
export type StepEnd = 'done' | 'failed' | 'stopped';

export interface Turn {
  course: Course;
  actions: CourseAction[];
}

/** Of the present step. */
export interface Answers {
  /** The management stood still, and answers again. */
  thawed: boolean;
  /** Packets come too late: viewers lose pictures. */
  hurts: boolean;
}

export function begin(plan: Plan, before: Scene, nowMs: number): Course {
  return { plan, before, step: -1, phase: 'steady', sinceMs: nowMs, enteredMs: nowMs, troubledSinceMs: null, observed: null };
}

export function stepNow({ plan, step }: Course): Step | null {
  return plan.steps[step] ?? null;
}

export function advance(course: Course, now: Scene, answers: Answers, nowMs: number): Turn {
  const step = stepNow(course);
  const trouble = troubleSince(
    course.before,
    now,
    course.phase === 'broken' || course.phase === 'returning' ? (step?.target ?? null) : null,
    course.plan.returns,
  );
  if (trouble !== null) return meet(trouble, course, nowMs);
  if (course.troubledSinceMs !== null) return { course: { ...course, troubledSinceMs: null }, actions: [] };
  const forMs = nowMs - course.sinceMs;
  switch (course.phase) {
    case 'steady':
      return forMs < steadyMs ? { course: withCarrier(course, now), actions: [] } : breakNext(course, nowMs);
    case 'broken': {
      const seen = watch(course, now, nowMs);
      const { holdMs } = step as Step;
      // Once it hurts the question is answered: no viewer has to bear it for longer.
      return forMs < holdMs && !answers.hurts ? { course: seen, actions: [] } : putBack(seen, step as Step, nowMs);
    }
    case 'returning':
      return awaitReturn(watch(course, now, nowMs), step as Step, now, answers, nowMs);
    case 'resting':
      return forMs < course.plan.restMs ? { course, actions: [] } : afterRest(course, step as Step, now, nowMs);
  }
}

/** A rehearsal that began in a moment in which no path carried would never see one left. */
function withCarrier(course: Course, now: Scene): Course {
  const { before } = course;
  return before.paths.some(({ carries }) => carries) ? course : { ...course, before: { ...before, paths: now.paths } };
}

/** At once while something is broken on purpose. Otherwise it is waited for whether it passes; then the phase begins anew. */
function meet(trouble: Trouble, course: Course, nowMs: number): Turn {
  const troubledSinceMs = course.troubledSinceMs ?? nowMs;
  const isOverdue = nowMs - troubledSinceMs >= passesMs || nowMs - course.enteredMs >= passesMsInAll;
  if (course.phase === 'broken' || !trouble.passing || isOverdue) return stop(course, trouble, nowMs);
  const sinceMs = course.phase === 'returning' ? course.sinceMs : nowMs;
  return { course: { ...course, sinceMs, troubledSinceMs }, actions: [] };
}

/** Ends it at once, whatever it is at. */
export function stop(course: Course, { reason, text }: Trouble, nowMs: number): Turn {
  const step = stepNow(course);
  const actions: CourseAction[] = [];
  if (step !== null && course.observed !== null) {
    const isBroken = course.phase === 'broken';
    if (isBroken) actions.push({ kind: 'put-back', step });
    const observed = isBroken ? { ...course.observed, putBackAtMs: nowMs } : course.observed;
    const end = course.phase === 'resting' ? 'done' : reason === 'no-uplink' ? 'failed' : 'stopped';
    actions.push({ kind: 'judge', step, observed, end });
  }
  actions.push({ kind: 'end', reason, text });
  return { course: { ...course, observed: null }, actions };
}

function breakNext(course: Course, nowMs: number): Turn {
  const step = course.plan.steps[course.step + 1];
  if (step === undefined) return { course: { ...course, observed: null }, actions: [{ kind: 'end', reason: 'requested', text: '' }] };
  const observed: Observed = { brokenAtMs: nowMs, noticedAtMs: null, switchedAtMs: null, putBackAtMs: null, backAtMs: null, chosen: null };
  return { course: { ...course, step: course.step + 1, phase: 'broken', sinceMs: nowMs, enteredMs: nowMs, observed }, actions: [{ kind: 'break', step }] };
}

function putBack(course: Course, step: Step, nowMs: number): Turn {
  const observed = { ...(course.observed as Observed), putBackAtMs: nowMs };
  return { course: { ...course, phase: 'returning', sinceMs: nowMs, enteredMs: nowMs, observed }, actions: [{ kind: 'put-back', step }] };
}

function awaitReturn(course: Course, step: Step, now: Scene, answers: Answers, nowMs: number): Turn {
  const isBack = step.target.kind === 'management' ? answers.thawed : isAsBefore(course, now, step.target);
  if (isBack) {
    const observed = { ...(course.observed as Observed), backAtMs: nowMs };
    return { course: { ...course, phase: 'resting', sinceMs: nowMs, enteredMs: nowMs, observed }, actions: [] };
  }
  if (nowMs - course.sinceMs < step.backMsMax) return { course, actions: [] };
  const text = `${step.target.id} did not come back within ${Math.round(step.backMsMax / 1000)} s`;
  return {
    course: { ...course, observed: null },
    actions: [
      { kind: 'judge', step, observed: course.observed as Observed, end: 'failed' },
      { kind: 'end', reason: 'unsteady', text },
    ],
  };
}

/** What came back has to have stayed: the next fault begins where this one did. */
function afterRest(course: Course, step: Step, now: Scene, nowMs: number): Turn {
  const judged: CourseAction = { kind: 'judge', step, observed: course.observed as Observed, end: 'done' };
  // Where the best one is on air and not the preferred one, it need not be the same again.
  const before = course.plan.returns ? course.before : { ...course.before, input: now.input };
  const trouble = troubleSince(before, now, null, course.plan.returns);
  if (trouble !== null) {
    const ended = stop({ ...course, observed: null }, trouble, nowMs);
    return { ...ended, actions: [judged, ...ended.actions] };
  }
  const next = breakNext({ ...course, before }, nowMs);
  return { ...next, actions: [judged, ...next.actions] };
}

/** Notes the first time that the box is seen to do without the target. */
function watch(course: Course, now: Scene, nowMs: number): Course {
  const step = stepNow(course);
  const { observed, before } = course;
  if (step === null || observed === null) return course;
  const { kind, id } = step.target;
  if (kind === 'path') {
    // What is only slower is used on, for what it carries.
    if (step.fault.kind === 'limit-path') return course;
    const path = now.paths.find((one) => one.id === id);
    if (observed.chosen !== null || path?.carries || !before.paths.some((one) => one.id === id && one.carries)) return course;
    // For a moment none may carry: the other one stands still with the rest of the machine, or is called only now.
    const chosen =
      now.paths
        .filter(({ carries }) => carries)
        .map((one) => one.id)
        .join(' and ') || null;
    return { ...course, observed: { ...observed, noticedAtMs: observed.noticedAtMs ?? nowMs, switchedAtMs: chosen === null ? null : nowMs, chosen } };
  }
  if (kind !== 'input') return course;
  const isWell = now.inputs.some((one) => one.id === id && one.well);
  const noticedAtMs = observed.noticedAtMs ?? (isWell ? null : nowMs);
  const left = before.input === id && now.shows !== id && now.shows !== null;
  // The slate may bridge the wait for the next input.
  const chosen = left && (observed.chosen === null || observed.chosen === slate) ? now.shows : observed.chosen;
  return { ...course, observed: { ...observed, noticedAtMs, switchedAtMs: observed.switchedAtMs ?? (left ? nowMs : null), chosen } };
}

/** As the media daemon names it. */
const slate = 'slate';

function isAsBefore({ before, plan }: Course, now: Scene, { kind, id }: Target): boolean {
  if (kind === 'path') {
    const then = before.paths.find((one) => one.id === id);
    return now.paths.some((one) => one.id === id && one.up && (one.carries || then?.carries !== true));
  }
  return now.inputs.some((one) => one.id === id && one.well) && (now.input === before.input || (!plan.returns && now.input !== null));
}
