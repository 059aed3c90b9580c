/** The state of an input and its events. Time is an argument. */
import { type Notice, notice } from '../model/event.ts';
import type { Reason } from '../model/reasons.ts';
import type { InputState } from '../model/status.ts';

/** Somebody may try a thousand keys: one notice a minute tells it as well. */
const refusalEveryMs = 60_000;

export interface TellerOptions {
  onNotice(one: Notice): void;
  /** After the notice: the state is another one. */
  onChange(): void;
}

export class Teller {
  state: InputState = 'off';
  reason: Reason = 'stopped';
  text = 'not started';
  sinceMs: number;
  readonly #id: string;
  readonly #options: TellerOptions;
  #refusedMs = Number.NEGATIVE_INFINITY;

  constructor(id: string, options: TellerOptions, nowMs: number) {
    this.#id = id;
    this.#options = options;
    this.sinceMs = nowMs;
  }

  become(state: InputState, reason: Reason, text: string, nowMs: number, measured: Notice['measured'] = {}): void {
    const from = this.state;
    this.text = text;
    if (state === from && reason === this.reason) return;
    const tookMs = Math.round(nowMs - this.sinceMs);
    this.state = state;
    this.reason = reason;
    this.sinceMs = nowMs;
    const severity = state === 'running' ? (from === 'waiting' ? 'clear' : 'info') : state === 'waiting' && reason !== 'source-waiting' ? 'warning' : 'info';
    this.#options.onNotice(notice({ severity, subject: this.#subject, what: 'input.state', from, to: state, reason, text, measured, tookMs }));
    this.#options.onChange();
  }

  /** A sender was refused. */
  refused(reason: Reason, text: string, nowMs: number): void {
    if (nowMs - this.#refusedMs < refusalEveryMs) return;
    this.#refusedMs = nowMs;
    this.#options.onNotice(notice({ severity: 'warning', subject: this.#subject, what: 'input.refused', reason, text }));
  }

  get #subject(): Notice['subject'] {
    return { kind: 'input', id: this.#id };
  }
}
