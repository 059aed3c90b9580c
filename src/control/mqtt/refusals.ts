/** Refused commands become events, but not each of a flood: the first at once, then one with a count. */
import type { CommandReply } from '../../model/command.ts';
import { type Notice, notice } from '../../model/event.ts';

const reportEveryMs = 10_000;

export class RefusalTally {
  readonly #report: (notice: Notice) => void;
  #lastMs = Number.NEGATIVE_INFINITY;
  #unreported = 0;
  #lastReply: CommandReply | null = null;

  constructor(report: (notice: Notice) => void) {
    this.#report = report;
  }

  add(reply: CommandReply, nowMs: number): void {
    this.#unreported++;
    this.#lastReply = reply;
    this.tick(nowMs);
  }

  tick(nowMs: number): void {
    const reply = this.#lastReply;
    if (reply === null || nowMs - this.#lastMs < reportEveryMs) return;
    const count = this.#unreported;
    this.#lastMs = nowMs;
    this.#unreported = 0;
    this.#lastReply = null;
    const text = count === 1 ? `refused a command over MQTT: ${reply.text}` : `refused ${count} commands over MQTT, the last: ${reply.text}`;
    this.#report(
      notice({ severity: 'info', subject: { kind: 'command', id: 'mqtt' }, what: 'command.refused', reason: reply.reason, text, measured: { count } }),
    );
  }
}
