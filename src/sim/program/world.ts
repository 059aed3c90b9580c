/** What the engine is shown in simulation: inputs with a life of their own, and a switcher that waits for key frames. Simulated time, seeded chance. */
import { type BackoffState, nextTry, noFailures } from '../../engine/backoff.ts';
import type { Sample } from '../../engine/health.ts';
import type { Reason } from '../../model/reasons.ts';

export const faultKinds = [
  'crash',
  'crash-loop',
  'close',
  'stall',
  'hang',
  'black',
  'frozen',
  'silent',
  'lossy',
  'slow',
  'thin',
  'errors',
  'flap',
  'wobble',
] as const;
export type FaultKind = (typeof faultKinds)[number];

export interface Fault {
  kind: FaultKind;
  sinceMs: number;
  untilMs: number;
  /** Of what comes and goes: how long each. */
  periodMs: number;
}

export interface SimInputConfig {
  id: string;
  standby: 'hot' | 'cold';
  /** Process, pipeline and first picture. */
  startMs: number;
  /** Without data for this long its process is replaced. */
  timeoutMs: number;
  softwareEncoded: boolean;
}

type Life = 'off' | 'starting' | 'running' | 'waiting';

/** As inputs/restarts.ts. */
const backoff = { firstMs: 250, maxMs: 10_000, stableMs: 30_000 };
const heartbeatMsMax = 1100;
const startMsMax = 15_000;
const fullKbps = 4000;
const fullFps = 30;

export class SimInput {
  readonly config: SimInputConfig;
  life: Life = 'off';
  fault: Fault | null = null;
  /** Since when it has been running without any fault; null while it is not. The oracle's truth, hidden from the engine. */
  soundSinceMs: number | null = null;
  /** Since when its fault has been there without a break; null: none. */
  badSinceMs: number | null = null;
  /** When its source last began to deliver: before that, nobody can have seen what is wrong with its picture. */
  begunMs = 0;
  restarts = 0;
  readonly #random: () => number;
  #reason: Reason = 'stopped';
  #atMs = 0;
  #startedMs = 0;
  #dataMs = 0;
  #lastMs = 0;
  #backoff: BackoffState = noFailures;
  #pictures = 0;
  #errors = 0;
  readonly #sample: Sample;

  constructor(config: SimInputConfig, random: () => number) {
    this.config = config;
    this.#random = random;
    this.#sample = {
      delivering: false,
      reason: 'stopped',
      dataAgeMs: 0,
      stillMs: 0,
      noPictureMs: null,
      blackMs: 0,
      silentMs: 0,
      kbps: 0,
      expectedKbps: fullKbps,
      continuityErrors: 0,
      pictures: 0,
      expectedFps: fullFps,
      lossPercent: 0,
      retransmitPercent: 0,
      rttMs: 30,
      softwareEncoded: config.softwareEncoded,
    };
  }

  get on(): boolean {
    return this.life !== 'off';
  }

  /** Not asked for, or only just starting. */
  get idle(): boolean {
    return this.life === 'off' || (this.life === 'starting' && this.#reason === 'starting');
  }

  get sends(): boolean {
    return this.life === 'running' && !this.#isMute();
  }

  start(nowMs: number): void {
    if (this.life === 'off') this.#spawn(nowMs);
  }

  stop(nowMs: number): void {
    this.#become('off', 'stopped', nowMs);
  }

  /** From now on it has this fault, or none: the oracle knows at once, as the samples show it at once. */
  strike(fault: Fault | null, nowMs: number): void {
    this.fault = fault;
    this.#remember(nowMs);
  }

  /** One step; true when its state changed, which the daemon decides upon at once. */
  turn(nowMs: number, stepMs: number): boolean {
    const before = this.life;
    if (this.fault !== null && nowMs >= this.fault.untilMs) this.fault = null;
    if (this.life === 'waiting' && nowMs >= this.#atMs) this.#spawn(nowMs);
    if (this.life === 'starting') this.#starting(nowMs);
    else if (this.life === 'running') this.#running(nowMs, stepMs);
    this.#remember(nowMs);
    return this.life !== before;
  }

  /** The same object each time: to be used at once. */
  sample(nowMs: number): Sample {
    const fault = this.#now(nowMs);
    const ageMs = fault === null ? 0 : nowMs - Math.max(fault.sinceMs, this.begunMs);
    const sample = this.#sample;
    sample.delivering = this.life === 'running';
    sample.reason = this.#reason;
    sample.dataAgeMs = this.life === 'running' ? nowMs - this.#dataMs : 0;
    sample.stillMs = fault?.kind === 'frozen' ? ageMs : 0;
    sample.blackMs = fault?.kind === 'black' ? ageMs : 0;
    sample.silentMs = fault?.kind === 'silent' ? ageMs : 0;
    sample.kbps = fault?.kind === 'thin' ? fullKbps / 5 : fullKbps;
    sample.lossPercent = fault?.kind === 'lossy' ? 25 : fault?.kind === 'wobble' ? (Math.floor(nowMs / fault.periodMs) % 2) * 9 : 0;
    sample.continuityErrors = this.#errors;
    sample.pictures = Math.floor(this.#pictures);
    return sample;
  }

  #spawn(nowMs: number): void {
    this.#startedMs = nowMs;
    this.#atMs = nowMs + this.config.startMs * (0.7 + 0.6 * this.#random());
    // As the input's: while it is tried again, what is to be seen is why it failed.
    this.#become('starting', this.life === 'off' ? 'starting' : this.#reason, nowMs);
  }

  #starting(nowMs: number): void {
    const { kind } = this.fault ?? {};
    if (kind === 'close' || kind === 'stall' || kind === 'hang') {
      const closed = kind === 'close' && nowMs >= this.#atMs;
      if (closed || nowMs - this.#startedMs > startMsMax) this.#lost(closed ? 'source-refused' : 'no-data', nowMs, 0);
    } else if (nowMs >= this.#atMs) {
      this.#dataMs = nowMs;
      this.begunMs = nowMs;
      this.#become('running', this.restarts > 0 ? 'recovered' : 'started', nowMs);
    }
  }

  #running(nowMs: number, stepMs: number): void {
    const workedMs = nowMs - this.#startedMs;
    switch (this.fault?.kind) {
      case 'crash':
        this.fault = null;
        return this.#lost('worker-exited', nowMs, workedMs);
      case 'crash-loop':
        if (workedMs > this.fault.periodMs) return this.#lost('worker-exited', nowMs, workedMs);
        break;
      case 'close':
        return this.#lost('source-closed', nowMs, workedMs);
      case 'hang':
        if (nowMs - this.fault.sinceMs > heartbeatMsMax) return this.#lost('worker-hung', nowMs, workedMs);
        break;
      default:
    }
    if (nowMs - this.#dataMs > this.config.timeoutMs) return this.#lost('no-data', nowMs, workedMs);
    if (!this.sends) return;
    this.#dataMs = nowMs;
    this.#pictures += (stepMs / 1000) * (this.fault?.kind === 'slow' ? fullFps / 5 : fullFps);
    if (this.fault?.kind === 'errors') this.#errors += stepMs / 5;
  }

  #lost(reason: Reason, nowMs: number, workedMs: number): void {
    const { state, delayMs } = nextTry(this.#backoff, workedMs, this.#random(), backoff);
    this.#backoff = state;
    this.restarts++;
    this.#atMs = nowMs + delayMs;
    this.#become('waiting', reason, nowMs);
  }

  #become(life: Life, reason: Reason, nowMs: number): void {
    this.life = life;
    this.#reason = reason;
    this.#remember(nowMs);
  }

  /** The fault that shows now: one that comes and goes may be away, and a process that will crash does well until then. */
  #now(nowMs: number): Fault | null {
    const { fault } = this;
    if (fault?.kind === 'crash-loop') return null;
    return fault?.kind === 'flap' && Math.floor((nowMs - fault.sinceMs) / fault.periodMs) % 2 === 1 ? null : fault;
  }

  #isMute(): boolean {
    const { fault } = this;
    if (fault === null) return false;
    return fault.kind === 'stall' || fault.kind === 'hang' || (fault.kind === 'flap' && this.#now(this.#lastMs) !== null);
  }

  #remember(nowMs: number): void {
    this.#lastMs = nowMs;
    const sound = this.life === 'running' && this.#now(nowMs) === null;
    this.soundSinceMs = sound ? (this.soundSinceMs ?? nowMs) : null;
    this.badSinceMs = sound ? null : (this.badSinceMs ?? nowMs);
  }
}

/** As switcher/switcher.ts: the slate is there at once and bridges what is waited for. */
const bridgeAfterMs = 80;
const keyFrameMs = 400;

export class SimSwitcher {
  onAir: string | null = null;
  awaited: string | null = null;
  /** Since when nothing has gone out; null: something does. */
  darkSinceMs: number | null = 0;
  readonly #slateId: string;
  readonly #inputs: ReadonlyMap<string, SimInput>;
  readonly #onSwitched: (to: string, from: string | null) => void;
  readonly #random: () => number;
  #awaitedMs = 0;
  #keyFrameMs = Number.POSITIVE_INFINITY;

  constructor(slateId: string, inputs: ReadonlyMap<string, SimInput>, random: () => number, onSwitched: (to: string, from: string | null) => void) {
    this.#slateId = slateId;
    this.#inputs = inputs;
    this.#random = random;
    this.#onSwitched = onSwitched;
  }

  select(id: string, nowMs: number): void {
    if (this.awaited === id) return;
    this.awaited = this.onAir === id ? null : id;
    this.#awaitedMs = nowMs;
    this.#keyFrameMs = Number.POSITIVE_INFINITY;
    if (this.awaited === this.#slateId) this.#take(this.#slateId);
  }

  askForKeyFrame(id: string, nowMs: number): void {
    if (this.awaited === id) this.#keyFrameMs = Math.min(this.#keyFrameMs, nowMs + this.#random() * keyFrameMs);
  }

  turn(nowMs: number): void {
    const { awaited } = this;
    if (awaited !== null && nowMs >= this.#keyFrameMs && this.#inputs.get(awaited)?.sends === true) this.#take(awaited);
    const shows = this.onAir === this.#slateId || (this.onAir !== null && this.#inputs.get(this.onAir)?.sends === true);
    this.darkSinceMs = shows ? null : (this.darkSinceMs ?? nowMs);
    if (this.awaited !== null && this.darkSinceMs !== null && nowMs - this.darkSinceMs > bridgeAfterMs && nowMs - this.#awaitedMs > bridgeAfterMs) {
      const from = this.onAir;
      this.onAir = this.#slateId;
      this.darkSinceMs = null;
      this.#onSwitched(this.#slateId, from);
    }
  }

  #take(id: string): void {
    const from = this.onAir;
    this.onAir = id;
    this.awaited = null;
    this.darkSinceMs = null;
    this.#onSwitched(id, from);
  }
}
