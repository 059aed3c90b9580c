/** Carries out the engine's choice of the input: asks the inputs how they are, starts and stops cold ones, and tells what changed and why. */
import type { Config } from '../config/schema.ts';
import { type Change, type ChoiceState, chooseInput, type InputObservation, initialChoice } from '../engine/choice.ts';
import { type HealthState, initialHealth, judgeHealth, type Verdict } from '../engine/health.ts';
import type { Input } from '../inputs/input.ts';
import { type Notice, notice } from '../model/event.ts';
import { type Reason, reasonTexts } from '../model/reasons.ts';
import type { InputStatus } from '../model/status.ts';
import { type Switcher, slateId } from '../switcher/switcher.ts';

/** A key frame that was asked for and has not come is asked for again. */
const askAgainMs = 500;
/** A box that has just started waits so long for its first camera before it shows the slate. */
const firstPictureMs = 3000;
/** A cold input runs on for so long after it was last needed. */
const coolDownMs = 30_000;

interface Watched {
  input: Input;
  health: HealthState;
  verdict: Verdict;
  /** The complaint that was told; null: none. */
  told: Reason | null;
  neededMs: number;
}

export interface SelectionOptions {
  config: Config;
  inputs: ReadonlyMap<string, Input>;
  switcher: Switcher;
  onNotice(one: Notice): void;
}

export class Selection {
  readonly #options: SelectionOptions;
  readonly #watched: Watched[];
  #choice: ChoiceState = initialChoice;
  /** What is being carried out; told once it is done. */
  #pending: { change: Change; sinceMs: number } | null = null;
  #askedMs = 0;
  #startedMs = Number.NaN;

  constructor(options: SelectionOptions) {
    this.#options = options;
    const verdict: Verdict = { usable: false, reason: 'starting', score: 0 };
    this.#watched = [...options.inputs.values()].map((input) => ({ input, health: initialHealth, verdict, told: null, neededMs: 0 }));
  }

  /** The input that was chosen; null: none works, or none has yet. */
  get chosen(): string | null {
    return this.#choice.onAir;
  }

  get pinned(): string | null {
    return this.#choice.pinned;
  }

  start(nowMs: number): void {
    this.#startedMs = nowMs;
    for (const { input } of this.#watched) if (input.config.standby === 'hot') input.start();
  }

  pin(id: string | null, nowMs: number): void {
    this.#choice = { ...this.#choice, pinned: id };
    this.decide(nowMs);
  }

  /** What the watches say, over what the input says of itself. */
  status(status: Omit<InputStatus, 'onAir'>): Omit<InputStatus, 'onAir'> {
    const verdict = this.#watched.find(({ input }) => input.id === status.id)?.verdict;
    if (status.state !== 'running' || verdict === undefined || verdict.usable) return status;
    return { ...status, state: 'degraded', reason: verdict.reason, text: `${status.id}: ${reasonTexts[verdict.reason]}` };
  }

  decide(nowMs: number): void {
    if (Number.isNaN(this.#startedMs)) return;
    const observations = this.#watched.map((one) => this.#observe(one, nowMs));
    this.#coldInputs(nowMs);
    const { state, change } = chooseInput(this.#choice, observations, nowMs, this.#options.config.switching);
    this.#choice = state;
    if (change !== null) this.#carryOut(change, nowMs);
    const { switcher } = this.#options;
    if (state.onAir === null && switcher.onAir === null && nowMs - this.#startedMs > firstPictureMs) switcher.select(slateId, nowMs);
    if (switcher.awaited !== null && nowMs - this.#askedMs >= askAgainMs) this.#askForKeyFrame(switcher.awaited, nowMs);
  }

  /** The switcher shows another source. What only bridges the wait for the chosen one is not told. */
  landed(to: string, before: string | null, nowMs: number): void {
    const pending = this.#pending;
    if (pending === null || (pending.change.to ?? slateId) !== to) return;
    this.#pending = null;
    const { reason } = pending.change;
    const from = pending.change.from ?? before;
    const name = to === slateId ? 'the slate' : to;
    const severity = to === slateId ? 'alarm' : from === null ? 'info' : reason === 'preferred' ? 'clear' : 'warning';
    const text =
      from === null
        ? `${name} is on air`
        : `${name} is on air instead of ${from}: ${from} ${reason === 'preferred' ? 'was only standing in' : reasonTexts[reason]}`;
    this.#options.onNotice(
      notice({
        severity,
        subject: { kind: 'program', id: 'program' },
        what: 'program.switch',
        from,
        to,
        reason,
        text,
        tookMs: Math.round(nowMs - pending.sinceMs),
      }),
    );
  }

  #observe(watched: Watched, nowMs: number): InputObservation {
    const { input } = watched;
    const errors = this.#options.switcher.figures(input.id)?.continuityErrors ?? 0;
    const { state, verdict } = judgeHealth(watched.health, input.sample(nowMs, errors), nowMs, input.config.watch);
    watched.health = state;
    watched.verdict = verdict;
    const delivering = input.delivering;
    const complaint = delivering && !verdict.usable ? verdict.reason : null;
    if (complaint !== watched.told) this.#tell(watched, complaint, delivering);
    return { id: input.id, usable: verdict.usable, delivers: delivering && verdict.reason !== 'no-data', reason: verdict.reason, score: verdict.score };
  }

  #tell(watched: Watched, complaint: Reason | null, delivering: boolean): void {
    const { id } = watched.input;
    const before = watched.told;
    watched.told = complaint;
    // The end of the input itself is told by the input.
    if (complaint === null && !delivering) return;
    const sentence = complaint === null ? `${id} is well again` : `${id}: ${reasonTexts[complaint]}`;
    this.#options.onNotice(
      notice({
        severity: complaint === null ? 'clear' : 'warning',
        subject: { kind: 'input', id },
        what: 'input.health',
        from: before ?? 'good',
        to: complaint ?? 'good',
        reason: complaint ?? 'recovered',
        text: sentence,
        measured: watched.input.measured(),
      }),
    );
  }

  #coldInputs(nowMs: number): void {
    let covered = false;
    for (const one of this.#watched) {
      const { input, verdict } = one;
      if (input.config.standby === 'cold') {
        if (!covered || input.id === this.#choice.pinned || input.id === this.#choice.onAir) one.neededMs = nowMs;
        if (one.neededMs === nowMs) input.start();
        else if (nowMs - one.neededMs > coolDownMs) void input.stop();
      }
      covered ||= verdict.usable;
    }
  }

  #carryOut(change: Change, nowMs: number): void {
    const to = change.to ?? slateId;
    this.#pending = { change, sinceMs: nowMs };
    this.#options.switcher.select(to, nowMs);
    if (to !== slateId) this.#askForKeyFrame(to, nowMs);
    // It was on air already: the change before had not been carried out.
    if (this.#options.switcher.onAir === to) this.landed(to, change.from, nowMs);
  }

  #askForKeyFrame(id: string, nowMs: number): void {
    this.#askedMs = nowMs;
    this.#options.inputs.get(id)?.requestKeyFrame();
  }
}
