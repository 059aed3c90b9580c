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
import { RateMeter } from '../rate-meter.ts';
import { ContentWatch } from './content.ts';
import { isPassThrough } from './pass-through.ts';
import { heartbeatMsMax, isMade, startMsMax, waitsForSender } from './patience.ts';
import { detectPlatform } from './platform.ts';
import { Previews } from './previews.ts';
import { SourceMeter } from './source-rates.ts';
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
/** Grey pictures come at most ten times a second, and arrivals are looked for as often. */
const lookEveryMs = 100;
/** Of what is looked for that often; 0 where it never was. */
const ageMs = (atMs: number, nowMs: number): number => (atMs === 0 ? 0 : Math.max(0, nowMs - atMs - lookEveryMs));
/** Encoders that run on the processor. */
const softwareEncoders: ReadonlySet<string> = new Set(['x264enc', 'x265enc']);
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
  readonly #options: InputOptions;
  readonly #rate = new RateMeter();
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
  /** 0: none from this worker yet. */
  #dataMs = 0;
  readonly #content = new ContentWatch();
  readonly #meter = new SourceMeter();
  /** Something came over the source's network; 0: not yet, or nobody looks. */
  #arrivalMs = 0;
  #restarts = 0;
  #encoder: string | null = null;
  #videoKbps: number;
  #audioDb: number | null = null;
  #refusedMs = Number.NEGATIVE_INFINITY;
  /** The stream that was to be passed through does not fit the program. */
  #mustEncode = false;
  /** The source has sound only: the worker does not wait for a picture. */
  #soundOnly = false;
  /** When sound first came from this worker; 0: not yet. */
  #soundMs = 0;
  /** Since when there has been no picture to the sound; null: there is one, or nothing. */
  #picturelessMs: number | null = null;
  readonly #previews = new Previews();

  constructor(options: InputOptions) {
    this.id = options.config.id;
    this.#options = options;
    this.#videoKbps = options.program.videoKbps;
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
      throw new Error(`${this.id} has no picture to show: ${this.#encoder === null ? 'a stream that is passed through is not decoded' : this.#text}`);
    return Buffer.from(jpeg, 'base64');
  }

  status(nowMs: number): Omit<InputStatus, 'onAir'> {
    return {
      id: this.id,
      kind: this.#options.config.kind,
      state: this.#state,
      reason: this.#reason,
      text: this.#text,
      kbps: this.#rate.kbps(nowMs),
      targetKbps: this.#encoder === null ? null : this.#videoKbps,
      encoder: this.#encoder,
      restarts: this.#restarts,
      retryInMs: this.#retryAtMs === null ? null : Math.max(0, Math.round(this.#retryAtMs - nowMs)),
      audioDb: this.#audioDb,
      sinceMonoMs: this.#sinceMs,
      workerPid: this.workerPid,
      source: this.#meter.figures,
    };
  }

  /** What the engine judges by; the figures are counted since start where the stream is taken apart. */
  sample(nowMs: number, { continuityErrors, pictures }: { continuityErrors: number; pictures: number }): Sample {
    const { program } = this.#options;
    const age = (sinceMs: number): number | null => (sinceMs === 0 ? null : nowMs - sinceMs);
    const { kbps, lossPercent, rttMs, continuityErrors: missing } = this.#meter.rates;
    const noPictureMs = this.#noPictureMs(nowMs);
    return {
      delivering: this.delivering,
      reason: this.#reason,
      dataAgeMs: this.#dataAgeMs(nowMs),
      stillMs: age(this.#content.movedMs),
      noPictureMs,
      blackMs: age(this.#content.litMs),
      silentMs: age(this.#content.soundMs),
      kbps: kbps ?? this.#rate.kbps(nowMs),
      // An encoder makes little of an easy picture: only what arrives can be held against an expectation.
      expectedKbps: this.config.watch.expectedKbps || (this.#encoder === null ? program.videoKbps : null),
      // What the worker encodes anew lacks nothing; what its source lacks was counted before.
      continuityErrors: continuityErrors + missing,
      // Behind the encoder there are always as many as the program has.
      pictures: this.#encoder === null ? pictures : this.#meter.pictures(nowMs),
      expectedFps: noPictureMs === null ? program.fps : null,
      lossPercent,
      rttMs,
      softwareEncoded: this.#encoder !== null && softwareEncoders.has(this.#encoder),
    };
  }

  /** For how long nothing has come, wherever that shows first. */
  #dataAgeMs(nowMs: number): number {
    const arrivalAgeMs = ageMs(this.#arrivalMs, nowMs);
    // What has not come for the transport's whole delay cannot be there in time; a shorter pause is what the delay is for.
    const isHole = this.config.kind === 'srt' && arrivalAgeMs >= this.config.latencyMs;
    // The silence that is mixed in goes on when the source does not: the picture tells.
    return Math.max(nowMs - this.#dataMs, ageMs(this.#content.pictureMs, nowMs), isHole ? arrivalAgeMs : 0);
  }

  /** How long there has been no picture to its sound; null while there is one. */
  #noPictureMs(nowMs: number): number | null {
    if (this.#options.isPictureless()) this.#picturelessMs ??= nowMs;
    else if (!this.#soundOnly && this.delivering) this.#picturelessMs = null;
    return this.#picturelessMs === null ? null : nowMs - this.#picturelessMs;
  }

  #spawn(): void {
    const { config, program, log } = this.#options;
    this.#retryAtMs = null;
    this.#playing = false;
    this.#workerStartedMs = this.#heartbeatMs = monoMs();
    this.#dataMs = this.#soundMs = this.#arrivalMs = 0;
    this.#content.reset();
    this.#meter.reset();
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
    if (worker !== this.#worker) return;
    const nowMs = monoMs();
    this.#rate.add(chunk.length, nowMs);
    this.#dataMs = nowMs;
    if (this.#state !== 'running') this.#become('running', this.#restarts > 0 ? 'recovered' : 'started', `${this.id} delivers`);
    this.#options.onData(chunk);
  }

  #hear(message: FromWorker): void {
    this.#heartbeatMs = monoMs();
    switch (message.type) {
      case 'playing':
        this.#playing = true;
        this.#encoder = message.encoder;
        if (waitsForSender(this.#options.config) && this.#dataMs === 0) this.#become('waiting', 'source-waiting', `${this.id}: no sender has connected yet`);
        return;
      case 'level':
        this.#soundMs ||= monoMs();
        this.#audioDb = message.rmsDb;
        this.#content.hear(message.rmsDb, this.config.watch.silenceDb, monoMs());
        return;
      case 'source':
        this.#meter.add(message.figures, monoMs());
        return;
      case 'arrival':
        this.#arrivalMs = monoMs();
        return;
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
        if (this.#soundOnly) return this.#seen();
        return isMade(this.config) ? this.#content.seeMade(monoMs()) : this.#content.see(message, monoMs());
      case 'heartbeat':
        return;
    }
  }

  /** A source that had only sound has a picture. */
  #seen(): void {
    this.#soundOnly = false;
    this.#lost('restarted', `${this.id} has a picture and is started again with it`);
  }

  /** Another worker at once: nothing has failed. */
  #replace(reason: Reason, text: string): void {
    const worker = this.#worker;
    if (worker === null) return;
    this.#worker = null;
    void worker.kill();
    this.#previews.giveUp();
    this.#become('waiting', reason, text);
    this.#spawn();
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
    if (nowMs - this.#heartbeatMs > (!this.#playing && this.#dataMs === 0 ? startMsMax(config) : heartbeatMsMax(config)))
      return this.#lost('worker-hung', `${this.id}: the encoder process stopped answering and is replaced`);
    const quiet = waitsForSender(config) ? 'source-closed' : 'no-data';
    if (this.#dataMs > 0 && nowMs - this.#dataMs > config.timeoutMs) return this.#lost(quiet, `${this.id}: no data for ${config.timeoutMs} ms`);
    // The silence that is mixed in goes on when the source does not: the picture tells.
    if (this.#content.pictureMs > 0 && nowMs - this.#content.pictureMs > config.timeoutMs)
      return this.#lost(quiet, `${this.id}: no picture for ${config.timeoutMs} ms`);
    if (!this.#soundOnly && this.#encoder !== null && this.#content.pictureMs === 0 && this.#soundMs > 0 && nowMs - this.#soundMs > soundOnlyAfterMs) {
      this.#soundOnly = true;
      this.#picturelessMs = this.#soundMs;
      return this.#replace('no-picture', `${this.id} has sound but no picture: the slate is shown to it`);
    }
    if (this.#dataMs === 0 && !waitsForSender(config) && nowMs - this.#workerStartedMs > startMsMax(config))
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
    const worker = this.#worker;
    if (worker === null) return;
    this.#worker = null;
    void worker.kill();
    this.#options.onEnd();
    const nowMs = monoMs();
    const workedMs = this.#dataMs === 0 ? 0 : nowMs - this.#workerStartedMs;
    // That a sender hangs up is no failure of the listener, which must be there when it calls again.
    const hungUp = reason === 'source-closed' && waitsForSender(this.config) && workedMs >= sessionMsMin;
    const { state, delayMs } = nextTry(hungUp ? noFailures : this.#backoff, workedMs, Math.random(), backoff);
    this.#backoff = state;
    this.#restarts++;
    this.#audioDb = null;
    this.#meter.reset();
    this.#retryAtMs = nowMs + delayMs;
    this.#previews.giveUp();
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
