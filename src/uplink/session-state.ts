/** The state of a bonded session as people are told it: the same failure once, however often it is met again. */
import { type Notice, notice } from '../model/event.ts';
import type { Reason } from '../model/reasons.ts';
import type { DestinationState } from '../model/status.ts';

export class SessionState {
  state: DestinationState = 'off';
  reason: Reason = 'stopped';
  text = 'not started';
  sinceMs = 0;
  readonly #id: string;
  readonly #onNotice: (one: Notice) => void;
  /** Told once until it is over. */
  #lastFailure: Reason | null = null;

  /** `id`: of the destination. */
  constructor(id: string, onNotice: (one: Notice) => void) {
    this.#id = id;
    this.#onNotice = onNotice;
  }

  become(state: DestinationState, reason: Reason, text: string, nowMs: number, measured: Notice['measured'] = {}): void {
    const from = this.state;
    // Another try after a failure: what is to be seen meanwhile is still why the last one failed.
    const again = state === 'connecting' && from === 'waiting';
    const failure = this.#lastFailure;
    const news = !again && (state === 'waiting' ? reason !== failure : state !== from || reason !== this.reason);
    this.state = state;
    this.text = text;
    this.sinceMs = nowMs;
    if (!again) this.reason = reason;
    if (state === 'waiting') this.#lastFailure = reason;
    else if (state === 'connected') this.#lastFailure = null;
    if (!news) return;
    const severity = state === 'waiting' ? 'warning' : state === 'connected' && failure !== null ? 'clear' : 'info';
    this.#onNotice(notice({ severity, subject: { kind: 'destination', id: this.#id }, what: 'destination.state', from, to: state, reason, text, measured }));
  }
}
