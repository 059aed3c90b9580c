/**
 * What must be true of the program whatever happens, judged by what really is (the faults themselves), not by what the engine believes. Written
 * apart from the engine: it knows hold-down and thresholds only by their meaning.
 */
import type { ProgramState } from '../../engine/program.ts';
import type { Notice } from '../../model/event.ts';
import { reasonTexts } from '../../model/reasons.ts';
import { type Scenario, watch } from './scenario.ts';
import type { FaultKind, SimInput, SimSwitcher } from './world.ts';

/** From the last picture to another source's first: the stall's own time, a turn each of daemon and simulation, and the bridge. */
const darkMsMax = watch.stallMs + 100 + 80 + 100;
/** At the start the first camera is waited for. */
const startMsMax = 3000 + 200;
/** A sound input needs a key frame, asked for again each half second, before it can be on air. */
const landMsMax = 1500;
/** Counted in whole seconds: the begin of the fault is known a second late, its end as well. */
const secondMs = 1100;

/** How long each fault may be on air while a sound input stands by. */
const borneMs: Readonly<Record<FaultKind, number>> = {
  crash: 50,
  'crash-loop': 50,
  close: 50,
  stall: watch.stallMs,
  hang: watch.stallMs,
  flap: watch.stallMs,
  black: watch.blackMs,
  frozen: watch.frozenMs,
  silent: watch.silenceMs,
  lossy: 0,
  thin: watch.bitrateMs,
  slow: watch.cadenceMs + secondMs,
  errors: 2 * secondMs,
  wobble: Number.POSITIVE_INFINITY,
};
/** What is over is believed to be over so much later: errors of a second count for three, pictures are counted in seconds. */
const doubtMs = 3000 + 2 * secondMs;
const coolDownMs = 30_000;
/** Geometric: H + 2 H + 4 H … fit into the time between two returns; one more may be forgiven in that minute. */
const windowMs = 60_000;

export class Oracle {
  readonly #scenario: Scenario;
  readonly #inputs: readonly SimInput[];
  readonly #switcher: SimSwitcher;
  readonly #slateId: string;
  readonly #startMs: number;
  #wishedMs = Number.NEGATIVE_INFINITY;
  #voluntaryMs = Number.NEGATIVE_INFINITY;
  readonly #returns = new Map<string, number[]>();
  /** When each was bad last, for longer than is borne. */
  readonly #badMs = new Map<string, number>();
  /** Since when what may be so only for a time has been so. */
  readonly #times = new Map<string, number>();
  #restSwitches = 0;

  constructor(scenario: Scenario, inputs: readonly SimInput[], switcher: SimSwitcher, slateId: string, startMs: number) {
    this.#scenario = scenario;
    this.#inputs = inputs;
    this.#switcher = switcher;
    this.#slateId = slateId;
    this.#startMs = startMs;
  }

  wished(nowMs: number): void {
    this.#wishedMs = nowMs;
    this.#returns.clear();
  }

  told(one: Notice, nowMs: number): void {
    if (!(one.reason in reasonTexts)) throw new Error(`told without a reason: ${one.what}`);
    if (one.what === 'engine.state') throw new Error(one.text);
    if (one.text.includes('undefined') || one.text.includes('null')) throw new Error(`told nonsense: ${one.text}`);
    if (one.tookMs !== null && (one.tookMs < 0 || one.tookMs > nowMs)) throw new Error(`took ${one.tookMs} ms: ${one.text}`);
  }

  /** The engine chose another. A return is what it was not forced to: the one before is sound. */
  changed(from: string | null, state: ProgramState, nowMs: number): void {
    this.#restSwitches++;
    const { chosen, pin } = state.choice;
    const before = this.#inputs.find(({ config }) => config.id === from);
    const to = this.#inputs.find(({ config }) => config.id === chosen);
    if (pin !== null || before === undefined || to === undefined || !this.#isSound(before, nowMs, doubtMs)) return;
    const { holdDownMs } = this.#scenario.switching;
    if (nowMs - this.#voluntaryMs < holdDownMs) throw new Error(`two returns within ${nowMs - this.#voluntaryMs} ms: to ${chosen} now`);
    const wellMs = nowMs - (this.#badMs.get(to.config.id) ?? 0);
    if (wellMs < holdDownMs) throw new Error(`returned to ${chosen} ${wellMs} ms after its fault, hold-down ${holdDownMs} ms`);
    this.#voluntaryMs = nowMs;
    const times = [...(this.#returns.get(to.config.id) ?? []), nowMs].filter((ms) => nowMs - ms < windowMs);
    this.#returns.set(to.config.id, times);
    const most = Math.floor(Math.log2(windowMs / holdDownMs + 1)) + 2;
    if (times.length > most) throw new Error(`${times.length} returns to ${chosen} within a minute, at most ${most} may be`);
  }

  /** Each turn. */
  watch(state: ProgramState, nowMs: number): void {
    const { onAir, darkSinceMs } = this.#switcher;
    const starting = nowMs - this.#startMs < startMsMax;
    if (!starting && darkSinceMs !== null && nowMs - darkSinceMs > darkMsMax) throw new Error(`dark for ${nowMs - darkSinceMs} ms, on air: ${onAir}`);
    const { pin } = state.choice;
    if (pin?.untilMs != null && nowMs > pin.untilMs + 100) throw new Error(`the pin on ${pin.id} outlived its time`);
    const pinned = this.#inputs.find(({ config }) => config.id === pin?.id);
    // Obeyed is a person who pins what is bad, not the time that a stopped one takes to start.
    const obeys = this.#scenario.switching.deadPin === 'obey' && pinned !== undefined && !pinned.idle;
    const shown = this.#inputs.find(({ config }) => config.id === onAir);
    // A poor picture may wait for the one that has just come back; nothing at all may not.
    const waitMs = shown?.sends === true ? this.#scenario.switching.holdDownMs : 0;
    const sound = this.#inputs.find((input) => this.#isSound(input, nowMs, doubtMs + waitMs));
    const ungood = onAir === this.#slateId || (shown !== undefined && this.#isBad(shown, nowMs));
    if (since(this.#times, 'ungood', !obeys && sound !== undefined && !starting && ungood, nowMs) > landMsMax)
      throw new Error(`${onAir} is on air (${shown?.fault?.kind ?? shown?.life ?? 'no input'}) for too long though ${sound?.config.id} is sound`);
    for (const input of this.#inputs) if (input.on && this.#isBad(input, nowMs)) this.#badMs.set(input.config.id, nowMs);
    this.#watchPin(state, nowMs);
    for (const [index, input] of this.#inputs.entries()) this.#watchRunning(input, index, state, nowMs);
  }

  /** Healed long ago. @param begins the first turn of the rest. */
  atRest(state: ProgramState, begins: boolean): void {
    if (begins) this.#restSwitches = 0;
    const { mode, marginPoints } = this.#scenario.switching;
    const scores = this.#inputs.map(({ config }) => state.inputs[config.id]?.verdict.score ?? 0);
    const [preferred] = this.#scenario.inputs;
    const { onAir } = this.#switcher;
    if (this.#restSwitches > 0) throw new Error('does not come to rest after healing');
    if (mode === 'standby' && onAir !== preferred?.id) throw new Error(`after healing ${onAir} is on air, not ${preferred?.id}`);
    const score = state.inputs[onAir ?? '']?.verdict.score ?? 0;
    if (mode === 'active' && score + marginPoints < Math.max(...scores)) throw new Error(`after healing ${onAir} is on air with ${score} of ${scores} points`);
    if (state.pending !== null || state.choice.pin !== null || state.strain.reason !== null) throw new Error('something is left over after healing');
    if (this.#inputs.some(({ config, on }) => config.standby === 'hot' && !on)) throw new Error('a hot input does not run after healing');
  }

  #watchPin({ choice: { pin } }: ProgramState, nowMs: number): void {
    if (pin === null || nowMs - pin.sinceMs < landMsMax || nowMs - this.#wishedMs < landMsMax) return;
    const pinned = this.#inputs.find(({ config }) => config.id === pin.id);
    if (pinned === undefined || !this.#isSound(pinned, nowMs, doubtMs + landMsMax)) return;
    // It was sound already when it was pinned: nothing speaks against it.
    const asSeen = pinned.soundSinceMs !== null && pinned.soundSinceMs + doubtMs < pin.sinceMs;
    if (asSeen && this.#switcher.onAir !== pin.id) throw new Error(`${pin.id} is pinned and sound, but ${this.#switcher.onAir} is on air`);
  }

  #watchRunning(input: SimInput, index: number, { choice, strain }: ProgramState, nowMs: number): void {
    const { id, standby } = input.config;
    const earlier = this.#inputs.slice(0, index);
    const covered = earlier.some((one) => this.#isSound(one, nowMs, doubtMs));
    const asked = choice.chosen === id || choice.pin?.id === id;
    const idle = input.on && standby === 'cold' && covered && !asked;
    if (since(this.#times, `${id} idles`, idle, nowMs) > coolDownMs + 1000) throw new Error(`${id} is cold and not needed, but runs`);
    const uncovered = earlier.every((one) => this.#isBad(one, nowMs));
    const missed = nowMs - this.#startMs > startMsMax && !input.on && (standby === 'cold' ? uncovered || asked : strain.reason === null || asked);
    if (since(this.#times, `${id} is missed`, missed, nowMs) > 200) throw new Error(`${id} is needed, but does not run`);
  }

  #isSound({ soundSinceMs }: SimInput, nowMs: number, forMs: number): boolean {
    return soundSinceMs !== null && nowMs - soundSinceMs >= forMs;
  }

  /** Has been bad for longer than that is borne. */
  #isBad({ badSinceMs, begunMs, fault, life }: SimInput, nowMs: number): boolean {
    if (badSinceMs === null) return false;
    const forMs = life !== 'running' ? 50 : fault === null ? Number.POSITIVE_INFINITY : borneMs[fault.kind];
    const beganMs = life !== 'running' || fault === null ? badSinceMs : Math.max(badSinceMs, begunMs, fault.sinceMs);
    return nowMs - beganMs > forMs + 100;
  }
}

function since(times: Map<string, number>, id: string, is: boolean, nowMs: number): number {
  if (!is) times.delete(id);
  else if (!times.has(id)) times.set(id, nowMs);
  return is ? nowMs - (times.get(id) as number) : 0;
}
