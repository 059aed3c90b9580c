/** Lets the encoders follow what the networks carry. For streams that are passed through it can only say that they do not fit. */
import type { Config } from '../config/schema.ts';
import { type BoxSeen, judgeStrain, noStrain } from '../engine/strain.ts';
import type { Input } from '../inputs/input.ts';
import { type Notice, notice } from '../model/event.ts';
import { initialBitrate, judgeBitrate } from '../uplink/bitrate.ts';
import { networkLoad } from '../uplink/load.ts';
import type { Uplink } from '../uplink/uplink.ts';

/** People are told when the picture gets visibly worse, and when it is back for good. */
const tellBelow = 0.6;
const tellAbove = 0.9;
const tellAfterMs = 1000;
const calmAfterMs = 5000;

export interface BitrateOptions {
  config: Config;
  /** How the board is, as it was read last. */
  box(): BoxSeen;
  inputs: ReadonlyMap<string, Input>;
  uplink: Uplink;
  onNotice(one: Notice): void;
}

export class BitrateControl {
  readonly #options: BitrateOptions;
  #state;
  #maxKbps: number;
  #strain = noStrain;
  #told = false;
  /** Since when it has been the other way round than told; NaN: it is not. */
  #otherSinceMs = Number.NaN;

  constructor(options: BitrateOptions) {
    this.#options = options;
    const { videoKbps, maxKbps } = options.config.program;
    this.#state = initialBitrate(videoKbps);
    this.#maxKbps = maxKbps ?? videoKbps;
  }

  get kbps(): number {
    return this.#state.kbps;
  }

  /** A person wants this much at most, from now on. */
  set(kbps: number): void {
    this.#maxKbps = kbps;
    this.#state = initialBitrate(kbps);
    this.#apply();
  }

  /** To be called each 50 ms. `onAir`: the input on air; `programKbps`: what leaves the switcher. */
  turn(onAir: string | null, programKbps: number, nowMs: number): void {
    const { config, uplink, inputs, box } = this.#options;
    const { program } = config;
    const { bond } = uplink;
    if (bond === null || !uplink.connected || !program.adaptive) return;
    const load = networkLoad(bond, nowMs);
    const encodes = (inputs.get(onAir ?? '')?.status(nowMs).encoder ?? null) !== null;
    if (!encodes) {
      bond.probing = false;
      return this.#watch(
        load.congested && load.excessMs > bond.latencyMs / 4,
        nowMs,
        'a stream that is passed through cannot be made smaller: encode it, or send less',
      );
    }
    this.#strain = judgeStrain(this.#strain, box(), nowMs, config.control.vitals.temperatureMaxC);
    const strained = this.#strain.reason !== null;
    const limits = { minKbps: Math.min(program.minKbps, this.#maxKbps), maxKbps: this.#maxKbps };
    const { state, change } = judgeBitrate(this.#state, { ...load, programKbps, restKbps: program.audioKbps, strained }, limits, nowMs);
    this.#state = state;
    bond.probing = state.kbps < this.#maxKbps;
    if (change !== null) this.#apply();
    const slow = state.kbps < this.#maxKbps * (this.#told ? tellAbove : tellBelow);
    this.#watch(slow, nowMs, 'the picture is made smaller until they carry more');
  }

  #apply(): void {
    for (const input of this.#options.inputs.values()) input.setVideoKbps(this.#state.kbps);
  }

  #watch(slow: boolean, nowMs: number, advice: string): void {
    if (slow === this.#told) {
      this.#otherSinceMs = Number.NaN;
      return;
    }
    if (Number.isNaN(this.#otherSinceMs)) this.#otherSinceMs = nowMs;
    if (nowMs - this.#otherSinceMs < (slow ? tellAfterMs : calmAfterMs)) return;
    this.#told = slow;
    this.#otherSinceMs = Number.NaN;
    this.#options.onNotice(
      notice({
        severity: slow ? 'warning' : 'clear',
        subject: { kind: 'program', id: 'program' },
        what: 'program.bitrate',
        from: slow ? 'full' : 'reduced',
        to: slow ? 'reduced' : 'full',
        reason: slow ? 'send-buffer-full' : 'recovered',
        text: slow ? `the networks carry less than the program needs: ${advice}` : 'the networks carry the whole program again',
        measured: { videoKbps: this.#state.kbps, maxKbps: this.#maxKbps },
      }),
    );
  }
}
