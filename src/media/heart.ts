/** Tells the service manager that the media loop turns, and in one line what the program does. Called at the end of completed turns only. */
import type { ProgramStatus } from '../model/status.ts';
import { status, watchdog, watchdogMs } from '../systemd-notify.ts';

/** Three chances before the watchdog's time is over. */
const beatsPerLimit = 4;

export class Heart {
  readonly #everyMs: number;
  #beatMs = Number.NEGATIVE_INFINITY;
  #said = '';

  constructor(limitMs: number | null = watchdogMs()) {
    this.#everyMs = limitMs === null ? Number.POSITIVE_INFINITY : limitMs / beatsPerLimit;
  }

  turned({ text }: Pick<ProgramStatus, 'text'>, nowMs: number): void {
    if (nowMs - this.#beatMs >= this.#everyMs) {
      this.#beatMs = nowMs;
      watchdog();
    }
    if (text === this.#said) return;
    this.#said = text;
    status(text);
  }
}
