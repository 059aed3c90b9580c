/** A machine that has other work: its processes stand still now and then. What they should have done meanwhile comes at once, late. Seeded. */
import { seededRandom } from '../lab/random.ts';

export const processes = ['sender', 'links', 'receiver'] as const;
export type Process = (typeof processes)[number];

export interface Standstill {
  /** `machine`: all of them at the same time. */
  what: Process | 'machine';
  /** From one to the next: exactly so, or in the mean where `random`. */
  everyMs: number;
  ms: number;
  random?: boolean;
}

/** Nothing stands still before the session is made. */
const firstMs = 3000;
/** Of random ones, in means. */
const longest = 5;

export class Standstills {
  readonly #plan: readonly Standstill[];
  readonly #random: () => number;
  readonly #nextMs: number[];
  readonly #untilMs: Record<Process, number> = { sender: 0, links: 0, receiver: 0 };

  constructor(plan: readonly Standstill[], seed: number) {
    this.#plan = plan;
    this.#random = seededRandom(seed ^ 0x2545f491);
    this.#nextMs = plan.map((one) => firstMs + this.#draw(one.everyMs, one.random));
  }

  /** To be called for each millisecond. */
  at(nowMs: number): void {
    for (const [index, { what, everyMs, ms, random }] of this.#plan.entries()) {
      if (nowMs < (this.#nextMs[index] as number)) continue;
      this.#nextMs[index] = nowMs + this.#draw(everyMs, random);
      const untilMs = nowMs + this.#draw(ms, random);
      for (const one of what === 'machine' ? processes : [what]) this.#untilMs[one] = Math.max(this.#untilMs[one], untilMs);
    }
  }

  still(what: Process, nowMs: number): boolean {
    return nowMs < this.#untilMs[what];
  }

  #draw(meanMs: number, random = false): number {
    return random ? Math.min(longest * meanMs, -meanMs * Math.log(1 - this.#random())) : meanMs;
  }
}
