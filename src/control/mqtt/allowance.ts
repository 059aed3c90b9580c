/** How much MQTT may take of the network (a token bucket), and how often telemetry is worth it. Pure. */
import type { BoxSnapshot } from '../../model/box.ts';

/** So much may go at once after a rest: the states after a connect. */
const burstMs = 4000;

export class Allowance {
  readonly #bytesPerMs: number;
  #tokens: number;
  #atMs: number;

  constructor(kbps: number, nowMs: number) {
    this.#bytesPerMs = kbps / 8;
    this.#tokens = this.#bytesPerMs * burstMs;
    this.#atMs = nowMs;
  }

  /** What goes is counted, also what may not wait. */
  spend(bytes: number, nowMs: number): void {
    this.#fill(nowMs);
    this.#tokens -= bytes;
  }

  /** @param share of the burst that must be left: 0 for what is important, more for what gives way to it. */
  has(share: number, nowMs: number): boolean {
    this.#fill(nowMs);
    return this.#tokens > share * this.#bytesPerMs * burstMs;
  }

  /** Whether `bytes` may go and `share` of the burst would still be left. */
  hasFor(bytes: number, share: number, nowMs: number): boolean {
    this.#fill(nowMs);
    return this.#tokens - bytes > share * this.#bytesPerMs * burstMs;
  }

  #fill(nowMs: number): void {
    this.#tokens = Math.min(this.#bytesPerMs * burstMs, this.#tokens + (nowMs - this.#atMs) * this.#bytesPerMs);
    this.#atMs = nowMs;
  }
}

/** Bytes that wait in our own socket: the network takes less than we give. */
const backlogBytesMax = 8 * 1024;

/** Over a network whose data is counted. */
const meteredEveryMs = 10_000;

/** How often telemetry is worth it: each second; rarely over a metered network, or while the program itself has to wait for the network. */
export function telemetryEveryMs(box: BoxSnapshot, backlogBytes: number, metered: boolean): number {
  return Math.max(metered ? meteredEveryMs : 1000, thinEveryMs(box, backlogBytes));
}

/** Whether the network takes less than is given, or the program has to wait for it. */
export function isThin(box: BoxSnapshot, backlogBytes: number): boolean {
  return thinEveryMs(box, backlogBytes) > 0;
}

function thinEveryMs(box: BoxSnapshot, backlogBytes: number): number {
  if (backlogBytes > backlogBytesMax) return 10_000;
  const srt = box.status?.destinations.find(({ active }) => active)?.srt ?? null;
  const waits = srt !== null && srt.sendBufferMs > Math.max(200, 0.5 * srt.latencyMs);
  return waits ? 5000 : 0;
}
