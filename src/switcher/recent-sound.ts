/** The latest pieces of sound of a source that is not on air, for the moment when it is: sound and picture begin together. */
import { keep, overwrite, type Unit } from './unit.ts';

export class RecentSound {
  readonly #kept: Unit[] = [];
  #next = 0;
  static readonly capacity = 32;

  add(unit: Unit): void {
    const old = this.#kept[this.#next];
    if (old === undefined) this.#kept[this.#next] = keep(unit);
    else overwrite(old, unit);
    this.#next = (this.#next + 1) % RecentSound.capacity;
  }

  /** In the order in which they came. */
  *units(): Generator<Unit> {
    for (let i = 0; i < RecentSound.capacity; i++) {
      const unit = this.#kept[(this.#next + i) % RecentSound.capacity];
      if (unit !== undefined && unit.end > unit.from) yield unit;
    }
  }

  clear(): void {
    for (const unit of this.#kept) unit.end = unit.from;
  }
}
