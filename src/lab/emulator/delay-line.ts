/** Packets under way: a binary heap by departure time over slots that are allocated once and grow only when a link holds more than ever before. */
const slotBytes = 2048;

export class DelayLine {
  #data: Buffer[] = [];
  #lengths: number[] = [];
  #leaveMs: number[] = [];
  #order: number[] = [];
  #owners: unknown[] = [];
  #free: number[] = [];
  /** Slot numbers, the earliest departure first. */
  readonly #heap: number[] = [];
  #entered = 0;

  /** Copies the packet. */
  put(source: Buffer, offset: number, length: number, leaveMs: number, owner: unknown): void {
    const slot = this.#free.pop() ?? this.#grow();
    source.copy(this.#data[slot] as Buffer, 0, offset, offset + length);
    this.#lengths[slot] = length;
    this.#leaveMs[slot] = leaveMs;
    this.#order[slot] = this.#entered++;
    this.#owners[slot] = owner;
    this.#heap.push(slot);
    this.#up(this.#heap.length - 1);
  }

  /** Hands out what is due, in order of departure. */
  release(nowMs: number, send: (data: Buffer, offset: number, length: number, owner: unknown) => void): void {
    while (this.#heap.length > 0) {
      const slot = this.#heap[0] as number;
      if ((this.#leaveMs[slot] as number) > nowMs) return;
      send(this.#data[slot] as Buffer, 0, this.#lengths[slot] as number, this.#owners[slot]);
      this.#owners[slot] = null;
      this.#free.push(slot);
      const last = this.#heap.pop() as number;
      if (this.#heap.length > 0) {
        this.#heap[0] = last;
        this.#down(0);
      }
    }
  }

  get held(): number {
    return this.#heap.length;
  }

  #grow(): number {
    this.#data.push(Buffer.alloc(slotBytes));
    return this.#data.length - 1;
  }

  #before(a: number, b: number): boolean {
    const difference = (this.#leaveMs[a] as number) - (this.#leaveMs[b] as number);
    return difference < 0 || (difference === 0 && (this.#order[a] as number) < (this.#order[b] as number));
  }

  #up(from: number): void {
    const heap = this.#heap;
    for (let at = from; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!this.#before(heap[at] as number, heap[parent] as number)) return;
      [heap[at], heap[parent]] = [heap[parent] as number, heap[at] as number];
      at = parent;
    }
  }

  #down(from: number): void {
    const heap = this.#heap;
    for (let at = from; ; ) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) if (child < heap.length && this.#before(heap[child] as number, heap[least] as number)) least = child;
      if (least === at) return;
      [heap[at], heap[least]] = [heap[least] as number, heap[at] as number];
      at = least;
    }
  }
}
