/** What is seen of one input by its present worker, as times and figures that the engine judges by (engine/health.ts). Time is an argument. */
import type { InputConfig, ProgramConfig } from '../config/schema.ts';
import type { Sample } from '../engine/health.ts';
import { HeldUp } from '../held-up.ts';
import { RateMeter } from '../rate-meter.ts';
import { ContentWatch } from './content.ts';
import { isMade } from './patience.ts';
import { SourceMeter } from './source-rates.ts';
import type { FromWorker } from './worker/messages.ts';

/** Grey pictures come at most ten times a second, and arrivals are looked for as often. */
const lookEveryMs = 100;
/** Encoders that run on the processor. */
const softwareEncoders: ReadonlySet<string> = new Set(['x264enc', 'x265enc']);
/** It is judged twenty times a second, and looked after ten times. */
const heldUpMs = 150;

/** What the switcher counts since start where it takes the stream apart. */
export interface Counted {
  continuityErrors: number;
  pictures: number;
}

export class Seen {
  readonly #config: InputConfig;
  readonly #program: ProgramConfig;
  readonly #rate = new RateMeter();
  readonly #content = new ContentWatch();
  readonly #meter = new SourceMeter();
  readonly #heldUp = new HeldUp(heldUpMs);
  /** Something came over the source's network; 0: not yet, or nobody looks. */
  #arrivalMs = 0;
  /** Since when there has been no picture to the sound; null: there is one, or nothing. */
  #picturelessMs: number | null = null;
  /** 0: none from this worker yet. */
  dataMs = 0;
  /** When sound first came from this worker; 0: not yet. */
  soundMs = 0;
  audioDb: number | null = null;
  /** What encodes the stream; null: it is passed through. */
  encoder: string | null = null;

  constructor(config: InputConfig, program: ProgramConfig) {
    this.#config = config;
    this.#program = program;
  }

  /** Another worker begins: what the last one saw counts no more. */
  begin(): void {
    this.dataMs = this.soundMs = this.#arrivalMs = 0;
    this.#content.reset();
    this.#meter.reset();
  }

  /** The worker is lost, and nobody measures until there is another. */
  end(): void {
    this.audioDb = null;
    this.#meter.reset();
  }

  /** When a picture was last looked at; 0: not yet. */
  get pictureMs(): number {
    return this.#content.pictureMs;
  }

  get figures(): Record<string, number> {
    return this.#meter.figures;
  }

  kbps(nowMs: number): number {
    return this.#rate.kbps(nowMs);
  }

  data(bytes: number, nowMs: number): void {
    this.#rate.add(bytes, nowMs);
    this.dataMs = nowMs;
  }

  /** The worker tells what its watches see. */
  note(message: Extract<FromWorker, { type: 'level' | 'source' | 'arrival' | 'picture' }>, nowMs: number): void {
    switch (message.type) {
      case 'level':
        this.soundMs ||= nowMs;
        this.audioDb = message.rmsDb;
        return this.#content.hear(message.rmsDb, this.#config.watch.silenceDb, nowMs);
      case 'source':
        return this.#meter.add(message.figures, nowMs);
      case 'arrival':
        this.#arrivalMs = nowMs;
        return;
      case 'picture':
        return isMade(this.#config) ? this.#content.seeMade(nowMs) : this.#content.see(message, nowMs);
    }
  }

  /** There has been sound without a picture since then. */
  missPicture(sinceMs: number): void {
    this.#picturelessMs = Math.min(this.#picturelessMs ?? sinceMs, sinceMs);
  }

  havePicture(): void {
    this.#picturelessMs = null;
  }

  /** How long nothing has come since `sinceMs`, while this process was there to hear it. */
  silenceMs(sinceMs: number, nowMs: number): number {
    this.#heldUp.look(nowMs);
    return this.#heldUp.silenceMs(sinceMs, nowMs);
  }

  sample(state: Pick<Sample, 'delivering' | 'reason'>, { continuityErrors, pictures }: Counted, nowMs: number): Sample {
    const age = (sinceMs: number): number | null => (sinceMs === 0 ? null : this.silenceMs(sinceMs, nowMs));
    const { kbps, lossPercent, retransmitPercent, rttMs, continuityErrors: missing } = this.#meter.rates;
    const noPictureMs = this.#picturelessMs === null ? null : this.silenceMs(this.#picturelessMs, nowMs);
    return {
      ...state,
      dataAgeMs: this.#dataAgeMs(nowMs),
      stillMs: age(this.#content.movedMs),
      noPictureMs,
      blackMs: age(this.#content.litMs),
      silentMs: age(this.#content.soundMs),
      kbps: kbps ?? this.#rate.kbps(nowMs),
      // An encoder makes little of an easy picture: only what arrives can be held against an expectation.
      expectedKbps: this.#config.watch.expectedKbps || (this.encoder === null ? this.#program.videoKbps : null),
      // What the worker encodes anew lacks nothing; what its source lacks was counted before.
      continuityErrors: continuityErrors + missing,
      // Behind the encoder there are always as many as the program has.
      pictures: this.encoder === null ? pictures : this.#meter.pictures(nowMs),
      expectedFps: noPictureMs === null ? this.#program.fps : null,
      lossPercent,
      retransmitPercent,
      rttMs,
      softwareEncoded: this.encoder !== null && softwareEncoders.has(this.encoder),
    };
  }

  /** For how long nothing has come, wherever that shows first. */
  #dataAgeMs(nowMs: number): number {
    const arrivalAgeMs = this.#ageMs(this.#arrivalMs, nowMs);
    // What has not come for the transport's whole delay cannot be there in time; a shorter pause is what the delay is for.
    const isHole = this.#config.kind === 'srt' && arrivalAgeMs >= this.#config.latencyMs;
    // The silence that is mixed in goes on when the source does not: the picture tells.
    return Math.max(this.silenceMs(this.dataMs, nowMs), this.#ageMs(this.#content.pictureMs, nowMs), isHole ? arrivalAgeMs : 0);
  }

  /** Of what is looked for ten times a second; 0 where it never was. */
  #ageMs(atMs: number, nowMs: number): number {
    return atMs === 0 ? 0 : Math.max(0, this.silenceMs(atMs, nowMs) - lookEveryMs);
  }
}
