/** What the wanted source has sent since its entry, while the old one comes to a place where a cut can be made. */
import { keep, type Unit } from './unit.ts';

/** Three seconds of sound and picture: a cut that is waited for longer is made where it stands. */
const unitsMax = 250;
const bytesMax = 16 * 1024 * 1024;

export class Held {
  #units: Unit[] = [];
  #bytes = 0;
  #sinceMs = 0;

  get isEmpty(): boolean {
    return this.#units.length === 0;
  }

  /** More must not be kept. */
  get isFull(): boolean {
    return this.#units.length > unitsMax || this.#bytes > bytesMax;
  }

  add(unit: Unit, nowMs: number): void {
    if (this.isEmpty) this.#sinceMs = nowMs;
    this.#units.push(keep(unit));
    this.#bytes += unit.end - unit.from;
  }

  waitedMs(nowMs: number): number {
    return this.isEmpty ? 0 : nowMs - this.#sinceMs;
  }

  /** All of it; nothing is kept any more. */
  take(): Unit[] {
    const units = this.#units;
    this.#units = [];
    this.#bytes = 0;
    return units;
  }
}
