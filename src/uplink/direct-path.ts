/** The paths of a destination in `standby` mode: one SRT session over the one that the engine chooses. */
import { BrokenInvariant } from '../engine/invariants.ts';
import { decidePath, initialPath, type PathSeen, type PathState } from '../engine/path.ts';
import { type Notice, notice } from '../model/event.ts';
import type { Reason } from '../model/reasons.ts';
import type { PathStatus } from '../model/status.ts';
import type { SrtStats } from './srt/stats.ts';
import type { LinkPath } from './srtla/link.ts';

export class DirectPath {
  readonly #destination: string;
  readonly #paths: LinkPath[];
  readonly #onNotice: (one: Notice) => void;
  #choice: PathState = initialPath;
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
    const carries = this.next().id;
    this.#decide(nowMs, (id) => ({ id, state: id === carries ? 'carries' : this.#rests(id, nowMs) ? 'failed' : 'unknown', reason: 'connected' }));
    this.#become(true, 'connected', nowMs);
  }

  /** It could not be made, or broke: the engine says which path is tried next. */
  failed(reason: Reason, nowMs: number): void {
    this.#become(false, reason, nowMs);
    const failed = this.next().id;
    this.#decide(nowMs, (id) =>
      id === failed ? { id, state: 'failed', reason } : { id, state: this.#rests(id, nowMs) ? 'failed' : 'unknown', reason: 'stopped' },
    );
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

  /** It failed a moment ago. */
  #rests(id: string, nowMs: number): boolean {
    return nowMs < (this.#choice.retryAtMs[id] ?? Number.NEGATIVE_INFINITY);
  }

  #decide(nowMs: number, see: (id: string) => PathSeen): void {
    const seen = this.#paths.map(({ id }) => see(id));
    try {
      const { state, path } = decidePath(this.#choice, seen, nowMs);
      this.#choice = state;
      this.#index = this.#paths.findIndex(({ id }) => id === path);
    } catch (error) {
      if (!(error instanceof BrokenInvariant)) throw error;
      // A mistake in the engine (docs/adr/0022): in order, from here on.
      this.#choice = initialPath;
      if (seen[this.#index]?.state === 'failed') this.#index = (this.#index + 1) % this.#paths.length;
    }
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
