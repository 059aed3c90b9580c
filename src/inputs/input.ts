/**
 * One input: its worker, kept alive. What breaks is noticed (end of file at once, a hang by missing proof of life, a
 * source that stalls by missing data), told with its reason, and started again with back-off.
 */
import { monoMs } from '../clock.ts';
import type { InputConfig, ProgramConfig } from '../config/schema.ts';
import type { Sample } from '../engine/health.ts';
import type { Logger } from '../log.ts';
import type { Notice } from '../model/event.ts';
import { type Reason, reasonTexts } from '../model/reasons.ts';
import type { InputStatus } from '../model/status.ts';
import { isPassThrough } from './pass-through.ts';
import { waitsForSender } from './patience.ts';
import { detectPlatform } from './platform.ts';
import { Previews } from './previews.ts';
import { goneQuiet, type WorkerLife } from './quiet.ts';
import { Restarts } from './restarts.ts';
import { type Counted, Seen } from './seen.ts';
import { Teller } from './teller.ts';
import type { FromWorker } from './worker/messages.ts';
import { WorkerProcess } from './worker-process.ts';

const watchMs = 100;
const snapshotMsMax = 3000;
/** A looped file that is shorter is broken, and starting it again and again would eat the processor. */
const loopMsMin = 1000;

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
  readonly #told: Teller;
  readonly #restarts = new Restarts(() => this.#spawn());
  #worker: WorkerProcess | null = null;
  #watch: NodeJS.Timeout | undefined;
  /** Of the present worker. */
  readonly #life: WorkerLife = { startedMs: 0, heartbeatMs: 0, playing: false, soundOnly: false };
  /** The source came to its end: what the worker said of it; its last data may still be on the way. */
  #endText: string | null = null;
  #videoKbps: number;
  /** The stream that was to be passed through does not fit the program. */
  #mustEncode = false;
  readonly #previews = new Previews();
  #spoilt: InputSpoil | null = null;

  constructor(options: InputOptions) {
    this.id = options.config.id;
    this.#options = options;
    this.#videoKbps = options.program.videoKbps;
    this.#seen = new Seen(options.config, options.program);
    this.#told = new Teller(this.id, options, monoMs());
  }

  get config(): InputConfig {
    return this.#options.config;
  }

  /** Data comes, or did until a moment ago. */
  get delivering(): boolean {
    return this.#told.state === 'running';
  }

  /** Started, and not stopped since. */
  get on(): boolean {
    return this.#told.state !== 'off';
  }

  get workerPid(): number | null {
    return this.#worker?.pid ?? null;
  }

  start(): void {
    if (this.#told.state !== 'off') return;
    this.#told.become('starting', 'starting', `${this.id} is starting`, monoMs());
    this.#watch = setInterval(() => this.#check(monoMs()), watchMs);
    this.#spawn();
  }

  async stop(): Promise<void> {
    clearInterval(this.#watch);
    this.#restarts.cancel();
    const worker = this.#worker;
    this.#worker = null;
    this.#previews.giveUp();
    this.#told.become('off', 'stopped', `${this.id} was stopped`, monoMs());
    await worker?.kill();
  }

  /** Ends the worker now; the next one starts after the back-off. One that waits for its next try has it now; a file that has ended is played again. */
  restart(reason: Reason): void {
    if (this.#told.state === 'off') return;
    this.#mustEncode = this.#life.soundOnly = false;
    if (this.#worker === null) {
      this.#restarts.cancel();
      this.#spawn();
    } else this.#lost(reason, `${this.id}: the encoder process is restarted: ${reasonTexts[reason]}`);
  }

  /** A rehearsal breaks it; null puts it back, and what came of it counts for nothing. */
  spoil(spoil: InputSpoil | null): void {
    const was = this.#spoilt;
    if (was === null) this.#restarts.remember();
    this.#spoilt = spoil;
    if (spoil === 'killed') void this.#worker?.kill();
    if (spoil === 'lost') this.#lost('rehearsed', `${this.id}: ${reasonTexts.rehearsed}: as if its camera were unplugged`);
    if (spoil !== null) return;
    this.#restarts.forgive();
    if (was !== 'lost' || this.#worker !== null || this.#told.state === 'off') return;
    this.#restarts.cancel();
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
    if (worker === null) throw new Error(`${this.id} does not run: ${this.#told.text}`);
    const jpeg = await this.#previews.request((id) => worker.send({ type: 'preview', id }), timeoutMs);
    if (jpeg === null)
      throw new Error(`${this.id} has no picture to show: ${this.#seen.encoder === null ? 'a stream that is passed through is not decoded' : this.#told.text}`);
    return Buffer.from(jpeg, 'base64');
  }

  status(nowMs: number): Omit<InputStatus, 'onAir'> {
    return {
      id: this.id,
      kind: this.#options.config.kind,
      state: this.#told.state,
      reason: this.#told.reason,
      text: this.#told.text,
      kbps: this.#seen.kbps(nowMs),
      targetKbps: this.#seen.encoder === null ? null : this.#videoKbps,
      encoder: this.#seen.encoder,
      restarts: this.#restarts.count,
      retryInMs: this.#restarts.inMs(nowMs),
      audioDb: this.#seen.audioDb,
      sinceMonoMs: this.#told.sinceMs,
      workerPid: this.workerPid,
      source: this.#seen.figures,
    };
  }

  /** What the engine judges by. */
  sample(nowMs: number, counted: Counted): Sample {
    if (this.#options.isPictureless()) this.#seen.missPicture(nowMs);
    else if (!this.#life.soundOnly && this.delivering) this.#seen.havePicture();
    return this.#seen.sample({ delivering: this.delivering, reason: this.#told.reason }, counted, nowMs);
  }

  #spawn(): void {
    const { config, program, log } = this.#options;
    if (this.#spoilt === 'lost') return;
    this.#life.playing = false;
    this.#life.startedMs = this.#life.heartbeatMs = monoMs();
    this.#seen.begin();
    this.#endText = null;
    this.#options.onEnd();
    const worker = new WorkerProcess({
      input: this.#mustEncode ? ({ ...config, passThrough: false } as InputConfig) : config,
      soundOnly: this.#life.soundOnly,
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
    if (this.#told.state !== 'running') this.#told.become('running', this.#restarts.count > 0 ? 'recovered' : 'started', `${this.id} delivers`, monoMs());
    this.#options.onData(chunk);
  }

  #hear(message: FromWorker): void {
    this.#life.heartbeatMs = monoMs();
    switch (message.type) {
      case 'playing':
        this.#life.playing = true;
        this.#seen.encoder = message.encoder;
        if (waitsForSender(this.#options.config) && this.#seen.dataMs === 0)
          this.#told.become('waiting', 'source-waiting', `${this.id}: no sender has connected yet`, monoMs());
        return;
      case 'level':
      case 'source':
      case 'arrival':
        return this.#seen.note(message, monoMs());
      case 'preview':
        this.#previews.answer(message.id, message.jpegBase64);
        return;
      case 'refused':
        return this.#told.refused(message.reason, message.text, monoMs());
      case 'failed':
        if (message.reason !== 'end-of-stream') return this.#lost(message.reason, message.text);
        this.#endText = message.text;
        return;
      case 'picture':
        return this.#life.soundOnly ? this.#endSoundOnly() : this.#seen.note(message, monoMs());
      case 'heartbeat':
        return;
    }
  }

  /** A source that had only sound has a picture. */
  #endSoundOnly(): void {
    this.#life.soundOnly = false;
    this.#lost('restarted', `${this.id} has a picture and is started again with it`);
  }

  /** Another worker at once: nothing has failed. */
  #replace(reason: Reason, text: string): void {
    if (!this.#drop()) return;
    this.#told.become('waiting', reason, text, monoMs());
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

  #check(nowMs: number): void {
    if (this.#worker === null) return;
    const quiet = goneQuiet(this.config, this.#life, this.#seen, nowMs);
    if (quiet === null) return;
    if (quiet.reason !== 'no-picture') return this.#lost(quiet.reason, quiet.text);
    this.#life.soundOnly = true;
    this.#seen.missPicture(this.#seen.soundMs);
    this.#replace(quiet.reason, quiet.text);
  }

  /** The worker's pipe is at its end. */
  #gone(): void {
    const { config } = this.#options;
    this.#options.onEnd();
    if (this.#endText === null) return this.#lost('worker-exited', `${this.id}: the encoder process ended`);
    if (config.kind !== 'file') return this.#lost('end-of-stream', this.#endText);
    if (config.loop && monoMs() - this.#life.startedMs > loopMsMin) return this.#spawn();
    if (config.loop) return this.#lost('end-of-stream', `${this.#endText} at once`);
    this.#worker = null;
    this.#previews.giveUp();
    this.#told.become('waiting', 'end-of-stream', this.#endText, monoMs());
  }

  #lost(reason: Reason, text: string): void {
    if (!this.#drop()) return;
    this.#options.onEnd();
    const nowMs = monoMs();
    const workedMs = this.#seen.dataMs === 0 ? 0 : nowMs - this.#life.startedMs;
    const hungUp = reason === 'source-closed' && waitsForSender(this.config);
    const delayMs = this.#restarts.lost(workedMs, hungUp, nowMs);
    this.#seen.end();
    this.#restarts.wait(delayMs);
    // Last: who hears of it may stop this input, and with it what has just been armed.
    this.#told.become('waiting', reason, text, monoMs(), { retryInMs: delayMs, workedMs: Math.round(workedMs) });
  }
}
