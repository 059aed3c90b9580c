/** Whether libsrt takes the program, or its send buffer is full: then the networks carry less than the program needs. Pure. */
import { type Notice, notice } from '../model/event.ts';
import type { Reason } from '../model/reasons.ts';

/** A full send buffer is one event, not thousands: it must be calm for this long before it is over. */
const calmMs = 3000;

export class SendBuffer {
  /** Payloads that it had no room for since it was last looked at. */
  dropped = 0;
  readonly #id: string;
  readonly #address: string;
  #full = false;
  #fullAtMs = 0;

  /** `id`: of the destination. */
  constructor(id: string, address: string) {
    this.#id = id;
    this.#address = address;
  }

  /** To be called each turn. Returns what there is to tell, else null. */
  turn(nowMs: number): Notice | null {
    if (this.dropped > 0) {
      const dropped = this.dropped;
      this.dropped = 0;
      this.#fullAtMs = nowMs;
      if (this.#full) return null;
      this.#full = true;
      const text = `the networks carry less than the program needs: packets to ${this.#address} are dropped`;
      return this.#notice('warning', 'ok', 'full', 'send-buffer-full', text, { droppedPackets: dropped });
    }
    if (!this.#full || nowMs - this.#fullAtMs <= calmMs) return null;
    this.#full = false;
    return this.#notice('clear', 'full', 'ok', 'recovered', `the networks carry the program to ${this.#address} again`, {});
  }

  #notice(severity: Notice['severity'], from: string, to: string, reason: Reason, text: string, measured: Notice['measured']): Notice {
    return notice({ severity, subject: { kind: 'destination', id: this.#id }, what: 'destination.buffer', from, to, reason, text, measured });
  }
}
