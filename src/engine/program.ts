/**
 * Everything that is decided about the program, one turn at a time: how each input is, who is on air, who has to run, what is told. Pure:
 * what is seen goes in, the new state and commands come out; media/selection.ts performs them, sim/ does in simulated time.
 *
 * Level-triggered: what is wanted is compared with what is seen at each turn, so that a command that got lost is given again.
 */
import type { Notice } from '../model/event.ts';
import type { Reason } from '../model/reasons.ts';
import { type Candidate, type Change, type ChoiceConfig, type ChoiceState, choose, initialChoice } from './choice.ts';
import { type HealthState, initialHealth, judgeHealth, type Sample, type Verdict, type WatchLimits } from './health.ts';
import { holds } from './invariants.ts';
import { healthNotice, measuredOf, pinEndNotice, pinNotice, runNotice, soundNotice, strainNotice, switchNotice } from './notices.ts';
import { isOver, judgePin, noPin, type PinRecord, pinStatus } from './pin.ts';
import { type Need, needed, type RunRecord, run } from './standby.ts';
import { type BoxSeen, judgeStrain, noStrain, type StrainState } from './strain.ts';

/** A key frame that was asked for and has not come is asked for again. */
const askAgainMs = 500;
/** A box that has just started waits so long for its first camera before it shows the slate. */
const firstPictureMs = 3000;
/** A decision that broke a rule is forgotten after so long without another. */
const brokenCalmMs = 60_000;

export interface InputRules {
  id: string;
  standby: 'hot' | 'cold';
  watch: WatchLimits;
}

export interface ProgramRules {
  switching: ChoiceConfig & {
    /** A pin on what has not worked for this long is taken away; 0: never. */
    deadPinMs: number;
  };
  /** In order of preference. */
  inputs: readonly InputRules[];
  /** What the switcher calls the source that cannot fail. */
  slateId: string;
  temperatureMaxC: number;
}

export interface InputSeen {
  /** It was started and not stopped. */
  on: boolean;
  sample: Sample;
}

export interface ProgramSeen {
  /** In the order of the rules. */
  inputs: readonly InputSeen[];
  /** Whose pictures go out now: an input, the slate, or null before the first. */
  onAir: string | null;
  /** What the switcher was told to show and does not yet. */
  awaited: string | null;
  box: BoxSeen;
}

export interface InputRecord {
  health: HealthState;
  verdict: Verdict;
  /** Stopped, or only just starting. */
  idle: boolean;
  /** The complaint that was told; null: none. */
  told: Reason | null;
  run: RunRecord;
}

export interface ProgramState {
  startedMs: number | null;
  choice: ChoiceState;
  inputs: Readonly<Record<string, InputRecord>>;
  /** What is being carried out; told once it is done. */
  pending: { change: Change; sinceMs: number; measured: Notice['measured'] } | null;
  askedMs: number;
  pin: PinRecord;
  strain: StrainState;
  /** When the engine last broke a rule of its own, and when that was last told (recover.ts). */
  broken: { lastMs: number; toldMs: number } | null;
}

export type ProgramCommand =
  | { kind: 'start-input'; id: string }
  | { kind: 'stop-input'; id: string }
  /** As soon as it can be; the slate at once. */
  | { kind: 'show'; id: string }
  | { kind: 'ask-key-frame'; id: string }
  | { kind: 'tell'; notice: Notice };

export interface Decision {
  state: ProgramState;
  commands: ProgramCommand[];
}

export const initialProgram: ProgramState = {
  startedMs: null,
  choice: initialChoice,
  inputs: {},
  pending: null,
  askedMs: Number.NEGATIVE_INFINITY,
  pin: noPin,
  strain: noStrain,
  broken: null,
};

const unseen: InputRecord = {
  health: initialHealth,
  verdict: { usable: false, reason: 'starting', score: 0 },
  idle: true,
  told: null,
  run: { neededMs: Number.NEGATIVE_INFINITY, asked: null },
};

/** A person's wish. `forMs` null: until it is taken back. Takes effect with the next decision. */
export function withPin(state: ProgramState, id: string | null, forMs: number | null, nowMs: number): ProgramState {
  const pin = id === null ? null : { id, sinceMs: nowMs, untilMs: forMs === null ? null : nowMs + forMs };
  return { ...state, choice: { ...state.choice, pin }, pin: { ...state.pin, deadSinceMs: null } };
}

/** One turn. Times are monotonic, ms. @throws BrokenInvariant (docs/adr/0022). */
export function decideProgram(before: ProgramState, seen: ProgramSeen, nowMs: number, rules: ProgramRules): Decision {
  const commands: ProgramCommand[] = [];
  const strain = followStrain(before.strain, seen.box, nowMs, rules, commands);
  const inputs = judgeInputs(before, seen, nowMs, rules, strain.reason !== null, commands);
  const pinned = endPin({ ...before, startedMs: before.startedMs ?? nowMs, strain, inputs }, nowMs, rules, commands);
  const { state: choice, change } = choose(pinned.choice, candidatesOf(inputs, seen, rules), nowMs, rules.switching);
  const started = runInputs({ ...pinned, choice }, seen, nowMs, rules, commands);
  const shown = show(started, change, seen, nowMs, rules, commands);
  return { state: endBroken(tellPin(shown, nowMs, rules, commands), nowMs, commands), commands };
}

/** The switcher shows another source. What only bridges the wait for the chosen one is not told. */
export function landed(state: ProgramState, to: string, before: string | null, nowMs: number, { slateId }: ProgramRules): Decision {
  const { pending } = state;
  if (pending === null || (pending.change.to ?? slateId) !== to) return { state, commands: [] };
  const { change, sinceMs, measured } = pending;
  const told = switchNotice(change, change.from ?? before, to, slateId, measured, nowMs - sinceMs);
  return { state: { ...state, pending: null }, commands: [{ kind: 'tell', notice: told }] };
}

function judgeInputs(before: ProgramState, seen: ProgramSeen, nowMs: number, rules: ProgramRules, strained: boolean, commands: ProgramCommand[]) {
  const inputs: Record<string, InputRecord> = {};
  for (const [index, { id, watch }] of rules.inputs.entries()) {
    const { on, sample } = seen.inputs[index] as InputSeen;
    const record = before.inputs[id] ?? unseen;
    const { state: health, verdict } = judgeHealth(record.health, sample, nowMs, watch, strained);
    const told = sample.delivering && !verdict.usable ? verdict.reason : null;
    // The end of the input itself is told by the input.
    if (told !== record.told && (told !== null || sample.delivering))
      commands.push({ kind: 'tell', notice: healthNotice(id, record.told, told, measuredOf(sample, health.fps)) });
    inputs[id] = { ...record, health, verdict, idle: !on || sample.reason === 'starting', told };
  }
  return inputs;
}

function candidatesOf(inputs: ProgramState['inputs'], seen: ProgramSeen, rules: ProgramRules): Candidate[] {
  return rules.inputs.map(({ id }, index) => {
    const { verdict, idle } = inputs[id] as InputRecord;
    const delivers = (seen.inputs[index] as InputSeen).sample.delivering && verdict.reason !== 'no-data';
    return { id, usable: verdict.usable, delivers, idle, reason: verdict.reason, score: verdict.score };
  });
}

function runInputs(state: ProgramState, seen: ProgramSeen, nowMs: number, rules: ProgramRules, commands: ProgramCommand[]): ProgramState {
  const needs: Need[] = rules.inputs.map((one, index) => {
    const { verdict, idle } = state.inputs[one.id] as InputRecord;
    const starts = idle && one.standby === 'hot' && nowMs - (state.startedMs ?? nowMs) <= firstPictureMs;
    return { rules: one, seen: seen.inputs[index] as InputSeen, usable: verdict.usable, starts };
  });
  const inputs: Record<string, InputRecord> = {};
  const { reason } = state.strain;
  for (const [index, need] of needed(needs, state.choice, reason).entries()) {
    const one = needs[index] as Need;
    const { id } = one.rules;
    const record = state.inputs[id] as InputRecord;
    const { record: next, ask } = run(record.run, need, one, { pinned: state.choice.pin?.id === id, strain: reason }, nowMs);
    if (ask !== null) commands.push({ kind: ask.run ? 'start-input' : 'stop-input', id });
    if (ask !== null && ask.reason !== 'starting' && next.asked !== record.run.asked) commands.push({ kind: 'tell', notice: runNotice(id, ask) });
    inputs[id] = { ...record, run: next };
  }
  return { ...state, inputs };
}

function show(state: ProgramState, change: Change | null, seen: ProgramSeen, nowMs: number, rules: ProgramRules, commands: ProgramCommand[]): ProgramState {
  let next = state;
  const { chosen } = state.choice;
  const waitsForFirst = seen.onAir === null && change === null && nowMs - (state.startedMs ?? nowMs) <= firstPictureMs;
  const target = chosen ?? (waitsForFirst ? null : rules.slateId);
  if (change !== null) {
    const from = rules.inputs.findIndex(({ id }) => id === change.from);
    const sample = seen.inputs[from]?.sample;
    const measured = sample === undefined ? {} : measuredOf(sample, state.inputs[change.from ?? '']?.health.fps ?? null);
    next = { ...next, pending: afterPending(state.pending, { change, sinceMs: nowMs, measured }) };
  }
  if (target !== null && (seen.awaited ?? seen.onAir) !== target) commands.push({ kind: 'show', id: target });
  // It was on air already: the change before had not been carried out.
  if (change !== null && seen.onAir === target) {
    const there = landed(next, target as string, change.from, nowMs, rules);
    next = there.state;
    commands.push(...there.commands);
  }
  const shows = commands.filter(({ kind }) => kind === 'show') as { id: string }[];
  holds(
    shows.length <= 1 && (chosen === null || shows.every(({ id }) => id === chosen)),
    'the program shows what was chosen',
    () => `${chosen} was chosen, ${shows.map(({ id }) => id)} shown`,
  );
  const waits = chosen !== null && seen.onAir !== chosen;
  if (!waits || (change === null && nowMs - state.askedMs < askAgainMs)) return next;
  commands.push({ kind: 'ask-key-frame', id: chosen });
  return { ...next, askedMs: nowMs };
}

/** What was chosen in between and never seen is not told: the viewer goes from the first to the last, for the first's reason. */
function afterPending(before: ProgramState['pending'], now: NonNullable<ProgramState['pending']>): ProgramState['pending'] {
  if (before === null || before.change.from === null || before.change.from === now.change.to) return now;
  const wasForced = !['preferred', 'better-score', 'pinned'].includes(before.change.reason);
  const { reason } = wasForced ? before.change : now.change;
  return { ...before, change: { from: before.change.from, to: now.change.to, reason } };
}

function endPin(state: ProgramState, nowMs: number, rules: ProgramRules, commands: ProgramCommand[]): ProgramState {
  const { pin } = state.choice;
  if (pin === null) return state;
  const { verdict, idle } = state.inputs[pin.id] ?? unseen;
  const { usable } = verdict;
  const record = { ...state.pin, deadSinceMs: usable || idle ? null : (state.pin.deadSinceMs ?? nowMs) };
  if (!isOver(pin, record, nowMs, rules.switching.deadPinMs)) return { ...state, pin: record };
  commands.push({ kind: 'tell', notice: pinEndNotice(pin.id, usable || idle, state.pin.told !== null) });
  return { ...state, choice: { ...state.choice, pin: null }, pin: noPin };
}

function tellPin(state: ProgramState, nowMs: number, rules: ProgramRules, commands: ProgramCommand[]): ProgramState {
  const { pin } = state.choice;
  const before = state.pin.told;
  const record = state.inputs[pin?.id ?? ''];
  const bad = judgePin(state.choice, record, nowMs, rules);
  if (bad === (before?.reason ?? null) && (bad === null || pin?.id === before?.id)) return state;
  const text = pinStatus(state.choice, record, nowMs, rules)?.text ?? 'the pin was taken back: the engine chooses again';
  commands.push({ kind: 'tell', notice: pinNotice(before?.reason ?? null, bad, text) });
  return { ...state, pin: { ...state.pin, told: bad === null || pin === null ? null : { id: pin.id, reason: bad } } };
}

function followStrain(before: StrainState, box: BoxSeen, nowMs: number, rules: ProgramRules, commands: ProgramCommand[]): StrainState {
  const strain = judgeStrain(before, box, nowMs, rules.temperatureMaxC);
  if (strain.reason === before.reason) return strain;
  commands.push({ kind: 'tell', notice: strainNotice(before.reason, strain.reason, box) });
  return strain;
}

function endBroken(state: ProgramState, nowMs: number, commands: ProgramCommand[]): ProgramState {
  if (state.broken === null || nowMs - state.broken.lastMs < brokenCalmMs) return state;
  commands.push({ kind: 'tell', notice: soundNotice() });
  return { ...state, broken: null };
}
