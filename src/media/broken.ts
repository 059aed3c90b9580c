/** What is broken on purpose now, and by when it is mended: whatever becomes of who broke it. Time is an argument. */
import type { RehearsalFault, RehearsalFaultKind } from '../model/rehearsal.ts';

/** Does a fault, and undoes it. A new fault does not compile until something does both. */
export type Hands = { [K in RehearsalFaultKind]: (fault: Extract<RehearsalFault, { kind: K }>, on: boolean) => void };

export class Broken {
  readonly #hands: Hands;
  readonly #until = new Map<RehearsalFault, number>();

  constructor(hands: Hands) {
    this.#hands = hands;
  }

  break(fault: RehearsalFault, byMs: number): void {
    this.#until.set(fault, byMs);
    this.#do(fault, true);
  }

  /** Once; what is whole is left alone. */
  mend(fault: RehearsalFault): void {
    if (this.#until.delete(fault)) this.#do(fault, false);
  }

  mendAll(): void {
    for (const fault of [...this.#until.keys()]) this.mend(fault);
  }

  /** To be called at each turn. */
  turn(nowMs: number): void {
    for (const [fault, byMs] of this.#until) if (nowMs > byMs) this.mend(fault);
  }

  #do(fault: RehearsalFault, on: boolean): void {
    (this.#hands[fault.kind] as (fault: RehearsalFault, on: boolean) => void)(fault, on);
  }
}
