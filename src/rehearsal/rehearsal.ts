/**
 * One rehearsal: drives the course by the clock of whoever turns it, performs what it says through its host, measures the program meanwhile, tells
 * each step, and ends with a report.
 */
import { type Notice, notice } from '../model/event.ts';
import type { RehearsalFault, RehearsalProgress, RehearsalReport, RehearsalStep } from '../model/rehearsal.ts';
import { advance, begin, type Course, type CourseAction, stepNow, stop, type Turn } from './course.ts';
import { type Lateness, ProgramMeter } from './meter.ts';
import type { Scene, Trouble } from './scene.ts';
import type { Plan } from './script.ts';
import { judgeStep, judgeWhole, sayMs } from './verdict.ts';

/** What breaks, mends and sees. */
export interface RehearsalHost {
  scene(nowMs: number): Scene;
  lateness(nowMs: number): Lateness;
  /** `byMs`: it is mended by then, whatever becomes of the rehearsal. */
  break(fault: RehearsalFault, byMs: number): void;
  mend(fault: RehearsalFault): void;
  /** Returns what undoes all that is learnt from here on; of `only`, where others are really broken. */
  remember(): (only: string | null) => void;
  tell(notice: Notice): void;
}

export interface RehearsalOptions {
  id: string;
  box: string;
  by: string;
  forced: boolean;
  plan: Plan;
  host: RehearsalHost;
  /** Null while the clock is not set. */
  wallMs: number | null;
}

/** A loop that turns late mends late: by so much before it is done without the rehearsal. */
const overtimeMs = 1000;
/** It is looked for what did not arrive this often. */
const lateEveryMs = 100;
const subject = { kind: 'rehearsal', id: 'rehearsal' } as const;

export class Rehearsal {
  /** Null while it runs. */
  report: RehearsalReport | null = null;
  readonly #options: RehearsalOptions;
  readonly #startedMs: number;
  readonly #meter = new ProgramMeter();
  readonly #steps: RehearsalStep[] = [];
  #course: Course;
  #forget: (only: string | null) => void = () => undefined;
  #thawed = false;
  #lateAtMs = 0;

  constructor(options: RehearsalOptions, nowMs: number) {
    const { plan, host, by } = options;
    this.#options = options;
    this.#startedMs = nowMs;
    this.#course = begin(plan, host.scene(nowMs), nowMs);
    this.#tell('rehearsal.state', null, 'running', `${by} rehearses: ${plan.steps.map(({ what }) => what).join('; ')}`, {});
  }

  get id(): string {
    return this.#options.id;
  }

  /** A payload that leaves the switcher. */
  push(buffer: Buffer, offset: number, length: number, nowMs: number): void {
    this.#meter.push(buffer, offset, length, nowMs);
  }

  /** The management answers again. */
  thawed(): void {
    this.#thawed = true;
  }

  /** To be called every few milliseconds. */
  turn(nowMs: number): void {
    if (this.report !== null) return;
    const { host } = this.#options;
    if (nowMs >= this.#lateAtMs) {
      this.#lateAtMs = nowMs + lateEveryMs;
      this.#meter.lateness(host.lateness(nowMs));
    }
    const scene = host.scene(nowMs);
    this.#meter.look(scene.onAir && scene.input === null, nowMs);
    this.#take(advance(this.#course, scene, { thawed: this.#thawed, hurts: this.#meter.hurts }, nowMs), nowMs);
  }

  /** Ends it at once; what is broken is mended first. */
  stop(why: Trouble, nowMs: number): void {
    if (this.report === null) this.#take(stop(this.#course, why, nowMs), nowMs);
  }

  progress(): RehearsalProgress {
    const { phase, step } = this.#course;
    const { id, by, plan } = this.#options;
    const done = this.#steps.map(({ what, verdict, text }) => ({ what, verdict, text }));
    return { id, by, step: step + 1, steps: plan.steps.length, phase, text: this.#sayPhase(), done };
  }

  #sayPhase(): string {
    const step = stepNow(this.#course);
    if (step === null) return 'measuring how it is before anything is broken';
    switch (this.#course.phase) {
      case 'broken':
        return `${step.what}, for ${sayMs(step.holdMs)}`;
      case 'returning':
        return `${step.what}: put back, waiting until all is as before`;
      default:
        return `${step.what}: over`;
    }
  }

  #take({ course, actions }: Turn, nowMs: number): void {
    this.#course = course;
    for (const action of actions) (this.#executors[action.kind] as (action: CourseAction, nowMs: number) => void)(action, nowMs);
  }

  /** A new action does not compile until something performs it. */
  readonly #executors: { [K in CourseAction['kind']]: (action: Extract<CourseAction, { kind: K }>, nowMs: number) => void } = {
    break: ({ step }, nowMs) => {
      const { host, plan } = this.#options;
      this.#forget = host.remember();
      this.#thawed = false;
      this.#meter.take(nowMs);
      const text = `rehearsal, ${plan.steps.indexOf(step) + 1} of ${plan.steps.length}: ${step.what} on purpose, for ${sayMs(step.holdMs)}`;
      this.#tell('rehearsal.fault', null, 'broken', text, { step: plan.steps.indexOf(step) + 1, steps: plan.steps.length });
      host.break(step.fault, nowMs + step.holdMs + overtimeMs);
    },
    'put-back': ({ step }) => {
      this.#options.host.mend(step.fault);
      this.#forget(step.target.id);
    },
    judge: ({ step, observed, end }, nowMs) => {
      const { host, plan } = this.#options;
      this.#meter.lateness(host.lateness(nowMs));
      this.#forget(end === 'done' ? null : step.target.id);
      const judged = judgeStep(step, observed, this.#meter.take(nowMs), end, nowMs);
      this.#steps.push(judged);
      const { chosen, ...figures } = judged.figures;
      this.#tell('rehearsal.fault', 'broken', judged.verdict, `rehearsal: ${judged.text}`, {
        step: plan.steps.indexOf(step) + 1,
        steps: plan.steps.length,
        chosen,
        ...figures,
      });
    },
    end: ({ reason, text }, nowMs) => this.#end({ reason, text }, nowMs),
  };

  #end({ reason, text: why }: Trouble, nowMs: number): void {
    const { id, box, by, forced, plan, wallMs } = this.#options;
    const whole = judgeWhole(this.#steps, plan.steps.length, reason, why);
    const tookMs = Math.round(nowMs - this.#startedMs);
    this.report = { id, box, by, forced, monoMs: this.#startedMs, wallMs, tookMs, ...whole, steps: this.#steps, leftOut: plan.leftOut };
    const sum = (read: (step: RehearsalStep) => number): number => this.#steps.reduce((total, step) => total + read(step), 0);
    this.#tell('rehearsal.state', 'running', whole.verdict, `the rehearsal is over: ${whole.text}`, {
      passed: this.#steps.filter(({ verdict }) => verdict === 'passed').length,
      steps: plan.steps.length,
      picturesLost: sum(({ figures }) => figures.picturesLost),
      continuityErrors: sum(({ figures }) => figures.continuityErrors),
      latePackets: sum(({ figures }) => figures.latePackets),
    });
  }

  #tell(what: string, from: string | null, to: string, text: string, measured: Notice['measured']): void {
    const isOver = this.report !== null;
    this.#options.host.tell(
      notice({
        // The next rehearsal, or one that holds, takes the warning away.
        severity: isOver && to === 'failed' ? 'warning' : 'info',
        subject,
        what,
        from,
        to,
        reason: isOver ? (this.report?.reason ?? 'requested') : 'rehearsed',
        text,
        measured: { rehearsal: this.id, ...measured },
        tookMs: isOver ? (this.report?.tookMs ?? null) : null,
      }),
    );
  }
}
