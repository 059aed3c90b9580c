/** Goes through the ways to a broker, one round at a time, and looks for the system's own route while another way serves. */
import type { Way } from './ways.ts';

/** Not sooner: a network that comes and goes must not take the connection with it. */
const firstProbeMs = 30_000;
const mostProbeMs = 3_600_000;
const ownRoute: Way = { path: null, device: null, metered: false };

export class WayChoice {
  readonly #look: () => Way[];
  #ways: Way[] = [];
  #index = 0;
  #probeMs = Number.POSITIVE_INFINITY;
  #probeAfterMs = firstProbeMs;
  #probing = false;

  /** @param look the ways as they are now, in order. */
  constructor(look: () => Way[]) {
    this.#look = look;
  }

  get way(): Way {
    return this.#ways[this.#index] ?? ownRoute;
  }

  /** A new round, if none is under way. */
  begin(): void {
    if (this.#ways.length > 0) return;
    this.#ways = this.#look();
    this.#index = 0;
  }

  /** The next one of this round. False: there is none, and the round is over. */
  next(): boolean {
    this.#index++;
    if (this.#index < this.#ways.length) return true;
    this.end();
    return false;
  }

  end(): void {
    this.#ways = [];
    this.#index = 0;
    this.#probeMs = Number.POSITIVE_INFINITY;
  }

  /** Whether there is more than one. */
  get several(): boolean {
    return this.#look().length > 1;
  }

  serves(nowMs: number): void {
    if (this.way.path === null) this.#probeAfterMs = firstProbeMs;
    this.#probeMs = this.way.path === null ? Number.POSITIVE_INFINITY : nowMs + this.#probeAfterMs;
  }

  /** Calls back when the system's own route reaches the broker again. It may and still not serve: it is asked less and less often. */
  lookHome(nowMs: number, reaches: () => Promise<void>, isBack: () => void): void {
    if (nowMs < this.#probeMs || this.#probing) return;
    this.#probing = true;
    this.#probeMs = nowMs + this.#probeAfterMs;
    reaches().then(
      () => {
        this.#probing = false;
        if (this.way.path === null) return;
        this.#probeAfterMs = Math.min(2 * this.#probeAfterMs, mostProbeMs);
        isBack();
      },
      () => {
        this.#probing = false;
      },
    );
  }
}
