/**
 * Performs what the engine decides about the program: shows it what inputs, switcher and board look like, and carries out its commands, in
 * order. Decides nothing itself.
 */
import type { Config } from '../config/schema.ts';
import { pardon } from '../engine/pardon.ts';
import { pinStatus } from '../engine/pin.ts';
import {
  type Decision,
  decideProgram,
  initialProgram,
  landed,
  type ProgramCommand,
  type ProgramRules,
  type ProgramSeen,
  type ProgramState,
  withPin,
} from '../engine/program.ts';
import { recover } from '../engine/recover.ts';
import type { BoxSeen } from '../engine/strain.ts';
import type { Input } from '../inputs/input.ts';
import type { Notice } from '../model/event.ts';
import { reasonTexts } from '../model/reasons.ts';
import type { InputStatus, PinStatus } from '../model/status.ts';
import { type Switcher, slateId } from '../switcher/switcher.ts';

export interface SelectionOptions {
  config: Config;
  inputs: ReadonlyMap<string, Input>;
  switcher: Switcher;
  box(): BoxSeen;
  onNotice(one: Notice): void;
}

type Executors = { [K in ProgramCommand['kind']]: (command: Extract<ProgramCommand, { kind: K }>, nowMs: number) => void };

const nothingTaken = { continuityErrors: 0, pictures: 0 };

export class Selection {
  readonly #options: SelectionOptions;
  readonly #rules: ProgramRules;
  readonly #inputs: readonly Input[];
  readonly #queue: ProgramCommand[] = [];
  #state: ProgramState = initialProgram;
  #started = false;
  #performing = false;

  constructor(options: SelectionOptions) {
    const { config, inputs } = options;
    this.#options = options;
    this.#inputs = [...inputs.values()];
    this.#rules = {
      switching: config.switching,
      inputs: this.#inputs.map(({ id, config: { standby, watch } }) => ({ id, standby, watch })),
      slateId,
      temperatureMaxC: config.control.vitals.temperatureMaxC,
    };
  }

  /** The input that was chosen; null: none works, or none has yet. */
  get chosen(): string | null {
    return this.#state.choice.chosen;
  }

  get pinned(): string | null {
    return this.#state.choice.pin?.id ?? null;
  }

  start(nowMs: number): void {
    this.#started = true;
    this.decide(nowMs);
  }

  /** @param forMs how long; null: until it is taken back. */
  pin(id: string | null, forMs: number | null, nowMs: number): void {
    this.#state = withPin(this.#state, id, forMs, nowMs);
    this.decide(nowMs);
  }

  /** Returns what makes the inputs trusted again as they are now (docs/adr/0045); `only`: this one, since of others something is really wrong. */
  remember(): (only: string | null) => void {
    const { records } = this.#state.choice;
    return (only) => {
      this.#state = { ...this.#state, choice: pardon(this.#state.choice, records, only) };
    };
  }

  /** How the pin does; null without one. */
  pinStatus(nowMs: number): PinStatus | null {
    const { choice, inputs } = this.#state;
    return pinStatus(choice, inputs[choice.pin?.id ?? ''], nowMs, this.#rules);
  }

  /** What the watches say, over what the input says of itself. */
  status(status: Omit<InputStatus, 'onAir'>): Omit<InputStatus, 'onAir'> {
    const verdict = this.#state.inputs[status.id]?.verdict;
    if (status.state !== 'running' || verdict === undefined || verdict.usable) return status;
    return { ...status, state: 'degraded', reason: verdict.reason, text: `${status.id}: ${reasonTexts[verdict.reason]}` };
  }

  decide(nowMs: number): void {
    if (!this.#started) return;
    const seen = this.#look(nowMs);
    let decision: Decision;
    try {
      decision = decideProgram(this.#state, seen, nowMs, this.#rules);
    } catch (error) {
      // A mistake in the engine must not take the program off air, nor pass unseen (docs/adr/0022).
      decision = recover(this.#state, seen, nowMs, this.#rules, error as Error);
    }
    this.#carryOut(decision, nowMs);
  }

  /** The switcher shows another source. */
  landed(to: string, before: string | null, nowMs: number): void {
    this.#carryOut(landed(this.#state, to, before, nowMs, this.#rules), nowMs);
  }

  #look(nowMs: number): ProgramSeen {
    const { switcher, box } = this.#options;
    const inputs = this.#inputs.map((input) => ({ on: input.on, sample: input.sample(nowMs, switcher.figures(input.id) ?? nothingTaken) }));
    return { inputs, onAir: switcher.onAir, awaited: switcher.awaited, box: box() };
  }

  /** What a command sets off may decide anew before it returns: its commands come after those that are under way. */
  #carryOut({ state, commands }: Decision, nowMs: number): void {
    this.#state = state;
    this.#queue.push(...commands);
    if (this.#performing) return;
    this.#performing = true;
    try {
      for (let command = this.#queue.shift(); command !== undefined; command = this.#queue.shift())
        (this.#executors[command.kind] as (one: ProgramCommand, nowMs: number) => void)(command, nowMs);
    } finally {
      this.#performing = false;
    }
  }

  /** A new command does not compile until something performs it. */
  readonly #executors: Executors = {
    'start-input': ({ id }) => this.#options.inputs.get(id)?.start(),
    'stop-input': ({ id }) => void this.#options.inputs.get(id)?.stop(),
    show: ({ id }, nowMs) => this.#options.switcher.select(id, nowMs),
    'ask-key-frame': ({ id }) => this.#options.inputs.get(id)?.requestKeyFrame(),
    tell: ({ notice }) => this.#options.onNotice(notice),
  };
}
