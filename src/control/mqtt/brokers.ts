/** Which broker is used: the first in the list that can be reached, and the first of all again when it is back. */
import { backOffMs } from '../backoff.ts';
import { brokerAddress } from './connection.ts';
import { listens } from './listens.ts';

/** Back-off: a broker that restarts is back in seconds; one that is gone must not be hammered by a fleet. */
const firstRetryMs = 1000;
const mostRetryMs = 30_000;
const hopelessRetryMs = 15_000;
/** With several brokers: the next one is tried after this. */
const nextBrokerMs = 250;
/** While another than the first is used, the first is looked for. */
const firstProbeMs = 30_000;
const mostProbeMs = 3_600_000;

export class Brokers {
  readonly count: number;
  readonly #urls: readonly string[];
  #index = 0;
  #probeMs = Number.POSITIVE_INFINITY;
  #probeAfterMs = firstProbeMs;

  /** @param urls in order of preference. */
  constructor(urls: readonly string[]) {
    this.#urls = urls;
    this.count = urls.length;
  }

  get url(): string {
    return this.#urls[this.#index] ?? '';
  }

  /** host:port, without user and password. */
  get where(): string {
    return brokerAddress(this.url);
  }

  /** Goes on to the next: at once, with a pause after each round. Returns how long to wait. @param failures in a row, from 1. @param hopeless a person must change something. */
  nextAfterMs(failures: number, hopeless: boolean, random: number): number {
    this.#index = (this.#index + 1) % this.#urls.length;
    if (this.#index > 0) return nextBrokerMs;
    return backOffMs(Math.ceil(failures / this.#urls.length), hopeless ? hopelessRetryMs : firstRetryMs, mostRetryMs, random);
  }

  first(): void {
    this.#index = 0;
  }

  serves(nowMs: number): void {
    this.#probeMs = this.#index === 0 ? Number.POSITIVE_INFINITY : nowMs + this.#probeAfterMs;
    if (this.#index === 0) this.#probeAfterMs = firstProbeMs;
  }

  /** Calls back when the first one listens again, while another serves. It may listen and still refuse: it is asked less and less often. */
  look(nowMs: number, isBack: () => void): void {
    if (nowMs < this.#probeMs) return;
    this.#probeMs = nowMs + this.#probeAfterMs;
    listens(brokerAddress(this.#urls[0] ?? ''), () => {
      if (this.#index === 0) return;
      this.#probeAfterMs = Math.min(2 * this.#probeAfterMs, mostProbeMs);
      isBack();
    });
  }
}
