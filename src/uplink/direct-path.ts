/** The choice of a path in `standby` mode: one SRT session over the most preferred path, the next one when it fails. */
import { type Notice, notice } from '../model/event.ts';
import type { Reason } from '../model/reasons.ts';
import type { PathStatus } from '../model/status.ts';
import type { SrtStats } from './srt/stats.ts';
import type { LinkPath } from './srtla/link.ts';

export class DirectPath {
  readonly #destination: string;
  readonly #paths: LinkPath[];
  readonly #onNotice: (one: Notice) => void;
  #index = 0;
  #up = false;
  #sinceMs = 0;

  constructor(destination: string, paths: LinkPath[], onNotice: (one: Notice) => void) {
    this.#destination = destination;
    this.#paths = [...paths].sort((a, b) => a.terms.priority - b.terms.priority);
    this.#onNotice = onNotice;
  }

  /** The path to call over now. */
  next(): LinkPath {
    return this.#paths[this.#index] as LinkPath;
  }

  /** The session over the current path stands. */
  carried(nowMs: number): void {
    this.#become(true, 'connected', nowMs);
  }

  /** It could not be made, or broke: the next path in order is tried, the first again after the last. */
  failed(reason: Reason, nowMs: number): void {
    this.#become(false, reason, nowMs);
    this.#index = (this.#index + 1) % this.#paths.length;
  }

  status(_nowMs: number, stats: SrtStats | null): PathStatus[] {
    return this.#paths.map((path, index) => {
      const current = index === this.#index ? stats : null;
      return {
        id: path.id,
        destination: this.#destination,
        interface: path.interface,
        state: index !== this.#index ? 'down' : this.#up ? 'up' : 'registering',
        reason: index !== this.#index ? 'stopped' : this.#up ? 'connected' : 'connecting',
        rttMs: current?.rttMs ?? null,
        rttMinMs: null,
        jitterMs: null,
        queueMs: null,
        lossPct: current === null || current.sentPackets === 0 ? 0 : Math.round((current.sendLostPackets / current.sentPackets) * 1000) / 10,
        capacityKbps: null,
        capacityReached: false,
        sentKbps: current === null || current.ageMs === 0 ? 0 : Math.round((current.sentBytes * 8) / current.ageMs),
        sentBytes: current?.sentBytes ?? 0,
        sentPackets: current?.sentPackets ?? 0,
        receivedBytes: current?.receivedBytes ?? 0,
        receivedPackets: current?.receivedPackets ?? 0,
        ackedPackets: current === null ? 0 : current.sentPackets - current.sendBufferPackets,
        nakedPackets: current?.sendLostPackets ?? 0,
        retransmittedPackets: current?.retransmittedPackets ?? 0,
        duplicatedPackets: 0,
        sendErrors: 0,
        inFlight: current?.inFlightPackets ?? 0,
        window: current?.flowWindowPackets ?? 0,
        sinceMonoMs: this.#sinceMs,
      };
    });
  }

  #become(up: boolean, reason: Reason, nowMs: number): void {
    if (up === this.#up) return;
    this.#up = up;
    this.#sinceMs = nowMs;
    const { id } = this.next();
    const text = `path ${id} to ${this.#destination}: ${up ? 'carries the program' : 'is left'}`;
    this.#onNotice(
      notice({
        severity: up ? 'info' : 'warning',
        subject: { kind: 'path', id },
        what: 'path.state',
        from: up ? 'registering' : 'up',
        to: up ? 'up' : 'down',
        reason,
        text,
      }),
    );
  }
}
