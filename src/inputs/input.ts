/**
 * One input: its worker, kept alive. What breaks is noticed (end of file at once, a hang by missing proof of life, a
 * source that stalls by missing data), told with its reason, and started again with back-off.
 */
import { monoMs } from '../clock.ts';
import type { InputConfig, ProgramConfig } from '../config/schema.ts';
import { type BackoffState, nextTry, noFailures } from '../engine/backoff.ts';
import type { Sample } from '../engine/health.ts';
import type { Logger } from '../log.ts';
import { type Notice, notice } from '../model/event.ts';
import { type Reason, reasonTexts } from '../model/reasons.ts';
import type { InputState, InputStatus } from '../model/status.ts';
import { isPassThrough } from './pass-through.ts';
import { heartbeatMsMax, startMsMax, waitsForSender } from './patience.ts';
import { detectPlatform } from './platform.ts';
import { Previews } from './previews.ts';
import { type Counted, Seen } from './seen.ts';
import type { FromWorker } from './worker/messages.ts';
import { WorkerProcess } from './worker-process.ts';

const backoff = { firstMs: 250, maxMs: 10_000, stableMs: 30_000 };
const watchMs = 100;
const snapshotMsMax = 3000;
/** A decoder waits for a key picture, of which some sources have one in several seconds; the muxer waits for the decoder. */
const soundOnlyAfterMs = 5000;
/** A looped file that is shorter is broken, and starting it again and again would eat the processor. */
const loopMsMin = 1000;
/** A sender that stays no longer than this is not waited for with open arms: a new process each time costs half a second of the processor. */
const sessionMsMin = 2000;
const refusalEveryMs = 60_000;

/** What a rehearsal does to it. killed: its encoder process. lost: as if its camera were unplugged. frozen: its data is held back. */
export type InputSpoil = 'killed' | 'lost' | 'frozen';

export interface InputOptions {
  /** With secrets resolved. */
  config: InputConfig;
  program: ProgramConfig;
  /** MPEG-TS as it comes out of the worker's pipe, in pieces of any size. */
  onData(chunk: Buffer): void;
  /** No more of this data: what comes next begins anew. */
  onEnd(): void;
  onNotice(one: Notice): void;
  /** Sound comes out of its stream, and no picture. */
  isPictureless(): boolean;
  /** The state may have changed. */
  onChange(): void;
  log: Logger;
}

export class Input {
  readonly id: string;
  #options: InputOptions;
  readonly #seen: Seen;
  #worker: WorkerProcess | null = null;
  #watch: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #retryAtMs: number | null = null;
  #backoff: BackoffState = noFailures;
  #state: InputState = 'off';
  #reason: Reason = 'stopped';
  #text = 'not started';
  #sinceMs = monoMs();
  #workerStartedMs = 0;
  /** The source came to its end: what the worker said of it; its last data may still be on the way. */
  #endText: string | null = null;
  #heartbeatMs = 0;
  /** This worker has built its pipeline: before that it has no heartbeat. */
  #playing = false;
  #restarts = 0;
  #videoKbps: number;
  #refusedMs = Number.NEGATIVE_INFINITY;
  /** The stream that was to be passed through does not fit the program. */
  #mustEncode = false;
  /** The source has sound only: the worker does not wait for a picture. */
  #soundOnly = false;
  readonly #previews = new Previews();
  #spoilt: InputSpoil | null = null;
  #backoffBefore: BackoffState = noFailures;

  constructor(options: InputOptions) {
    this.id = options.config.id;
    this.#options = options;
    this.#videoKbps = options.program.videoKbps;
    this.#seen = new Seen(options.config, options.program);
  }

  get config(): InputConfig {
    return this.#options.config;
  }

  /** Data comes, or did until a moment ago. */
  get delivering(): boolean {
    return this.#state === 'running';
  }

  /** Started, and not stopped since. */
  get on(): boolean {
    return this.#state !== 'off';
  }

  get workerPid(): number | null {
    return this.#worker?.pid ?? null;
  }

  start(): void {
    if (this.#state !== 'off') return;
    this.#become('starting', 'starting', `${this.id} is starting`);
    this.#watch = setInterval(() => this.#check(monoMs()), watchMs);
    this.#spawn();
  }

  async stop(): Promise<void> {
    clearInterval(this.#watch);
    clearTimeout(this.#retry);
    this.#retryAtMs = null;
    const worker = this.#worker;
    this.#worker = null;
    this.#previews.giveUp();
    this.#become('off', 'stopped', `${this.id} was stopped`);
    await worker?.kill();
  }

  /** Ends the worker now; the next one starts after the back-off. One that waits for its next try has it now; a file that has ended is played again. */
  restart(reason: Reason): void {
    if (this.#state === 'off') return;
    this.#mustEncode = this.#soundOnly = false;
    if (this.#worker === null) {
      clearTimeout(this.#retry);
      this.#spawn();
    } else this.#lost(reason, `${this.id}: the encoder process is restarted: ${reasonTexts[reason]}`);
  }

  /** A rehearsal breaks it; null puts it back, and what came of it counts for nothing. */
  spoil(spoil: InputSpoil | null): void {
    const was = this.#spoilt;
    if (was === null) this.#backoffBefore = this.#backoff;
    this.#spoilt = spoil;
    if (spoil === 'killed') void this.#worker?.kill();
    if (spoil === 'lost') this.#lost('rehearsed', `${this.id}: ${reasonTexts.rehearsed}: as if its camera were unplugged`);
    if (spoil !== null) return;
    this.#backoff = this.#backoffBefore;
    if (was !== 'lost' || this.#worker !== null || this.#state === 'off') return;
    clearTimeout(this.#retry);
    this.#spawn();
  }

  /** Other settings of its own, from the worker on that starts now. */
  reconfigure(config: InputConfig): void {
    this.#options = { ...this.#options, config };
    this.restart('config-changed');
  }

  /** A stream that is passed through may not be spliced in: from now on it is encoded, until somebody restarts the input. `why` is a sentence about it. */
  encode(why: string): void {
    if (this.#mustEncode || !isPassThrough(this.config)) return;
    this.#mustEncode = true;
    this.#replace('format-differs', `${this.id} is not passed through but encoded: ${why}`);
  }

  setVideoKbps(kbps: number): void {
    this.#videoKbps = kbps;
    this.#worker?.send({ type: 'set-bitrate', kbps });
  }

  requestKeyFrame(): void {
    this.#worker?.send({ type: 'key-frame' });
  }

  /** A JPEG of what the input sees. Rejects with a sentence when there is none within `timeoutMs`. */
  async snapshot(timeoutMs = snapshotMsMax): Promise<Buffer> {
    const worker = this.#worker;
    if (worker === null) throw new Error(`${this.id} does not run: ${this.#text}`);
    const jpeg = await this.#previews.request((id) => worker.send({ type: 'preview', id }), timeoutMs);
    if (jpeg === null)
      throw new Error(`${this.id} has no picture to show: ${this.#seen.encoder === null ? 'a stream that is passed through is not decoded' : this.#text}`);
    return Buffer.from(jpeg, 'base64');
  }

  status(nowMs: number): Omit<InputStatus, 'onAir'> {
    return {
      id: this.id,
      kind: this.#options.config.kind,
      state: this.#state,
      reason: this.#reason,
      text: this.#text,
      kbps: this.#seen.kbps(nowMs),
      targetKbps: this.#seen.encoder === null ? null : this.#videoKbps,
      encoder: this.#seen.encoder,
      restarts: this.#restarts,
      retryInMs: this.#retryAtMs === null ? null : Math.max(0, Math.round(this.#retryAtMs - nowMs)),
      audioDb: this.#seen.audioDb,
      sinceMonoMs: this.#sinceMs,
      workerPid: this.workerPid,
      source: this.#seen.figures,
    };
  }

  /** What the engine judges by. */
  sample(nowMs: number, counted: Counted): Sample {
    if (this.#options.isPictureless()) this.#seen.missPicture(nowMs);
    else if (!this.#soundOnly && this.delivering) this.#seen.havePicture();
    return this.#seen.sample({ delivering: this.delivering, reason: this.#reason }, counted, nowMs);
  }

  #spawn(): void {
    const { config, program, log } = this.#options;
    this.#retryAtMs = null;
    if (this.#spoilt === 'lost') return;
    this.#playing = false;
    this.#workerStartedMs = this.#heartbeatMs = monoMs();
    this.#seen.begin();
    this.#endText = null;
    this.#options.onEnd();
    const worker = new WorkerProcess({
      input: this.#mustEncode ? ({ ...config, passThrough: false } as InputConfig) : config,
      soundOnly: this.#soundOnly,
      program: { ...program, videoKbps: this.#videoKbps },
      platform: detectPlatform(),
      log,
      onData: (chunk) => this.#receive(worker, chunk),
      onMessage: (message) => worker === this.#worker && this.#hear(message),
      onEnd: () => worker === this.#worker && this.#gone(),
    });
    this.#worker = worker;
  }

  #receive(worker: WorkerProcess, chunk: Buffer): void {
    if (worker !== this.#worker || this.#spoilt === 'frozen') return;
    this.#seen.data(chunk.length, monoMs());
    if (this.#state !== 'running') this.#become('running', this.#restarts > 0 ? 'recovered' : 'started', `${this.id} delivers`);
    this.#options.onData(chunk);
  }

  #hear(message: FromWorker): void {
    this.#heartbeatMs = monoMs();
    switch (message.type) {
      case 'playing':
        this.#playing = true;
        this.#seen.encoder = message.encoder;
        if (waitsForSender(this.#options.config) && this.#seen.dataMs === 0)
          this.#become('waiting', 'source-waiting', `${this.id}: no sender has connected yet`);
        return;
      case 'level':
      case 'source':
      case 'arrival':
        return this.#seen.note(message, monoMs());
      case 'preview':
        this.#previews.answer(message.id, message.jpegBase64);
        return;
      case 'refused':
        return this.#tellRefusal(message.reason, message.text);
      case 'failed':
        if (message.reason !== 'end-of-stream') return this.#lost(message.reason, message.text);
        this.#endText = message.text;
        return;
      case 'picture':
        return this.#soundOnly ? this.#endSoundOnly() : this.#seen.note(message, monoMs());
      case 'heartbeat':
        return;
    }
  }

  /** A source that had only sound has a picture. */
  #endSoundOnly(): void {
    this.#soundOnly = false;
    this.#lost('restarted', `${this.id} has a picture and is started again with it`);
  }

  /** Another worker at once: nothing has failed. */
  #replace(reason: Reason, text: string): void {
    if (!this.#drop()) return;
    this.#become('waiting', reason, text);
    this.#spawn();
  }

  /** Ends the worker; false when there is none. */
  #drop(): boolean {
    const worker = this.#worker;
    if (worker === null) return false;
    this.#worker = null;
    void worker.kill();
    this.#previews.giveUp();
    return true;
  }

  /** Somebody may try a thousand keys: one notice a minute tells it as well. */
  #tellRefusal(reason: Reason, text: string): void {
    const nowMs = monoMs();
    if (nowMs - this.#refusedMs < refusalEveryMs) return;
    this.#refusedMs = nowMs;
    this.#options.onNotice(notice({ severity: 'warning', subject: { kind: 'input', id: this.id }, what: 'input.refused', reason, text }));
  }

  /** What no event tells: a worker or a source that has gone quiet. */
  #check(nowMs: number): void {
    if (this.#worker === null) return;
    const { config } = this.#options;
    const { dataMs, pictureMs, soundMs, encoder } = this.#seen;
    const silenceMs = (sinceMs: number) => this.#seen.silenceMs(sinceMs, nowMs);
    if (silenceMs(this.#heartbeatMs) > (!this.#playing && dataMs === 0 ? startMsMax(config) : heartbeatMsMax(config)))
      return this.#lost('worker-hung', `${this.id}: the encoder process stopped answering and is replaced`);
    const quiet = waitsForSender(config) ? 'source-closed' : 'no-data';
    if (dataMs > 0 && silenceMs(dataMs) > config.timeoutMs) return this.#lost(quiet, `${this.id}: no data for ${config.timeoutMs} ms`);
    // The silence that is mixed in goes on when the source does not: the picture tells.
    if (pictureMs > 0 && silenceMs(pictureMs) > config.timeoutMs) return this.#lost(quiet, `${this.id}: no picture for ${config.timeoutMs} ms`);
    if (!this.#soundOnly && encoder !== null && pictureMs === 0 && soundMs > 0 && nowMs - soundMs > soundOnlyAfterMs) {
      this.#soundOnly = true;
      this.#seen.missPicture(soundMs);
      return this.#replace('no-picture', `${this.id} has sound but no picture: the slate is shown to it`);
    }
    if (dataMs === 0 && !waitsForSender(config) && nowMs - this.#workerStartedMs > startMsMax(config))
      this.#lost('no-data', `${this.id}: the source delivers nothing`);
  }

  /** The worker's pipe is at its end. */
  #gone(): void {
    const { config } = this.#options;
    this.#options.onEnd();
    if (this.#endText === null) return this.#lost('worker-exited', `${this.id}: the encoder process ended`);
    if (config.kind !== 'file') return this.#lost('end-of-stream', this.#endText);
    if (config.loop && monoMs() - this.#workerStartedMs > loopMsMin) return this.#spawn();
    if (config.loop) return this.#lost('end-of-stream', `${this.#endText} at once`);
    this.#worker = null;
    this.#previews.giveUp();
    this.#become('waiting', 'end-of-stream', this.#endText);
  }

  #lost(reason: Reason, text: string): void {
    if (!this.#drop()) return;
    this.#options.onEnd();
    const nowMs = monoMs();
    const workedMs = this.#seen.dataMs === 0 ? 0 : nowMs - this.#workerStartedMs;
    // That a sender hangs up is no failure of the listener, which must be there when it calls again.
    const hungUp = reason === 'source-closed' && waitsForSender(this.config) && workedMs >= sessionMsMin;
    const { state, delayMs } = nextTry(hungUp ? noFailures : this.#backoff, workedMs, Math.random(), backoff);
    this.#backoff = state;
    this.#restarts++;
    this.#seen.end();
    this.#retryAtMs = nowMs + delayMs;
    this.#become('waiting', reason, text, { retryInMs: delayMs, workedMs: Math.round(workedMs) });
    this.#retry = setTimeout(() => this.#spawn(), delayMs);
  }

  #become(state: InputState, reason: Reason, text: string, measured: Notice['measured'] = {}): void {
    const from = this.#state;
    const news = state !== from || reason !== this.#reason;
    const tookMs = monoMs() - this.#sinceMs;
    this.#text = text;
    if (!news) return;
    this.#state = state;
    this.#reason = reason;
    this.#sinceMs = monoMs();
    const severity = state === 'running' ? (from === 'waiting' ? 'clear' : 'info') : state === 'waiting' && reason !== 'source-waiting' ? 'warning' : 'info';
    this.#options.onNotice(
      notice({ severity, subject: { kind: 'input', id: this.id }, what: 'input.state', from, to: state, reason, text, measured, tookMs: Math.round(tookMs) }),
    );
    this.#options.onChange();
  }
}
