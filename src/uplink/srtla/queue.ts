/** Sequence numbers that wait, in a ring of fixed size. A walk may take any of them out and leave the rest in order. */
export class WaitingQueue {
  readonly #ring: Int32Array;
  readonly #left: Int32Array;
  #head = 0;
  #length = 0;

  /** `slots`: a power of two. */
  constructor(slots: number) {
    this.#ring = new Int32Array(slots);
    this.#left = new Int32Array(slots);
  }

  get length(): number {
    return this.#length;
  }

  /** False when there is no room. */
  push(sequence: number): boolean {
    if (this.#length === this.#ring.length) return false;
    this.#ring[(this.#head + this.#length) & (this.#ring.length - 1)] = sequence;
    this.#length++;
    return true;
  }

  clear(): void {
    this.#length = 0;
  }

  /** Visits from the front: `taken` removes, `left` keeps in its place, `stop` ends the walk before this one. */
  walk(visit: (sequence: number) => 'taken' | 'left' | 'stop'): void {
    const mask = this.#ring.length - 1;
    let visited = 0;
    let left = 0;
    for (; visited < this.#length; visited++) {
      const sequence = this.#ring[(this.#head + visited) & mask] as number;
      const verdict = visit(sequence);
      if (verdict === 'stop') break;
      if (verdict === 'left') this.#left[left++] = sequence;
    }
    this.#head = (this.#head + visited - left) & mask;
    this.#length -= visited - left;
    for (let i = 0; i < left; i++) this.#ring[(this.#head + i) & mask] = this.#left[i] as number;
  }
}
