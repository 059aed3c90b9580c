/** Units that are kept: a unit's own memory serves the next one at once. */
import type { Unit } from './feed.ts';

export function keep(unit: Unit): Unit {
  return { ...unit, bytes: Buffer.from(unit.bytes.subarray(0, unit.length)) };
}

/** The latest pieces of sound of a source that is not on air, for the moment when it is: sound and picture begin together. */
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
      if (unit !== undefined && unit.length > 0) yield unit;
    }
  }

  clear(): void {
    for (const unit of this.#kept) unit.length = 0;
  }
}

/** Memory is taken anew only when it does not fit. */
function overwrite(old: Unit, unit: Unit): void {
  const { bytes } = old;
  Object.assign(old, unit);
  old.bytes = bytes.length >= unit.length ? bytes : Buffer.alloc(unit.length * 2);
  unit.bytes.copy(old.bytes, 0, 0, unit.length);
}
