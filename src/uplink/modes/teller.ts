/** The state of a destination and its events: what is told when it changes, and that the same failure is told once, however often it is met. */
import { type Notice, notice } from '../../model/event.ts';
import type { Reason } from '../../model/reasons.ts';
import type { DestinationState } from '../../model/status.ts';

export class Teller {
  state: DestinationState = 'off';
  reason: Reason = 'stopped';
  text = 'not started';
  sinceMs = 0;
  readonly #id: string;
  readonly #onNotice: (one: Notice) => void;
  #lastFailure: Reason | null = null;

  constructor(id: string, onNotice: (one: Notice) => void) {
    this.#id = id;
    this.#onNotice = onNotice;
  }

  become(state: DestinationState, reason: Reason, text: string, nowMs: number, measured: Notice['measured'] = {}): void {
    const from = this.state;
    if (state === from && reason === this.reason) return;
    // Another try after a failure: what is to be seen meanwhile is still why the last one failed.
    const again = state === 'connecting' && from === 'waiting';
    const news = !again && !(state === 'waiting' && reason === this.#lastFailure);
    const severity = state === 'waiting' ? 'warning' : state === 'connected' && this.#lastFailure !== null ? 'clear' : 'info';
    this.state = state;
    this.sinceMs = nowMs;
    if (!again) {
      this.reason = reason;
      this.text = text;
    }
    if (state === 'waiting') this.#lastFailure = reason;
    else if (state === 'connected') this.#lastFailure = null;
    if (!news) return;
    this.#onNotice(notice({ severity, subject: { kind: 'destination', id: this.#id }, what: 'destination.state', from, to: state, reason, text, measured }));
  }

  /** An event of a path of this destination. */
  path(id: string, from: string, to: string, reason: Reason, text: string, measured: Notice['measured'] = {}): void {
    const severity = to === 'up' ? 'info' : to === 'down' || to === 'silent' ? 'warning' : 'info';
    this.#onNotice(
      notice({ severity, subject: { kind: 'path', id }, what: 'path.state', from, to, reason, text: `path ${id} to ${this.#id}: ${text}`, measured }),
    );
  }
}
