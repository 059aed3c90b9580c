/** The status of a path in the modes that use plain SRT connections, one a path. */
import type { PathStatus } from '../../model/status.ts';
import type { LivePath } from '../paths/watch.ts';
import type { SrtStats } from '../srt/stats.ts';

export function srtPathStatus(
  path: LivePath,
  destination: string,
  { state, reason, sinceMs }: { state: PathStatus['state']; reason: PathStatus['reason']; sinceMs: number },
  stats: SrtStats | null,
  kbps: number,
): PathStatus {
  return {
    id: path.id,
    destination,
    interface: path.interface,
    state: path.usable ? state : 'down',
    reason: path.usable ? reason : path.reason,
    rttMs: stats?.rttMs ?? null,
    rttMinMs: null,
    jitterMs: null,
    queueMs: null,
    lossPct: stats === null || stats.sentPackets === 0 ? 0 : Math.round((stats.sendLostPackets / stats.sentPackets) * 1000) / 10,
    capacityKbps: null,
    capacityReached: false,
    sentKbps: kbps,
    sentBytes: stats?.sentBytes ?? 0,
    sentPackets: stats?.sentPackets ?? 0,
    receivedBytes: stats?.receivedBytes ?? 0,
    receivedPackets: stats?.receivedPackets ?? 0,
    ackedPackets: stats === null ? 0 : Math.max(0, stats.sentUniquePackets - stats.sendBufferPackets),
    nakedPackets: stats?.sendLostPackets ?? 0,
    retransmittedPackets: stats?.retransmittedPackets ?? 0,
    duplicatedPackets: 0,
    sendErrors: 0,
    inFlight: stats?.inFlightPackets ?? 0,
    window: stats?.flowWindowPackets ?? 0,
    sinceMonoMs: sinceMs,
  };
}

/** The figures of a destination, out of those of its connections. */
export function srtDestinationFigures(all: readonly SrtStats[], latencyMs: number, droppedPackets: number, kbps: number) {
  const [first] = all;
  if (first === undefined) return null;
  const sum = (read: (stats: SrtStats) => number) => all.reduce((total, one) => total + read(one), 0);
  const most = (read: (stats: SrtStats) => number) => Math.max(...all.map(read));
  return {
    rttMs: Math.min(...all.map(({ rttMs }) => rttMs)),
    latencyMs: first.sendLatencyMs || latencyMs,
    sendBufferMs: most(({ sendBufferMs }) => sendBufferMs),
    sendBufferPackets: most(({ sendBufferPackets }) => sendBufferPackets),
    sentPackets: sum(({ sentPackets }) => sentPackets),
    lostPackets: sum(({ sendLostPackets }) => sendLostPackets),
    retransmittedPackets: sum(({ retransmittedPackets }) => retransmittedPackets),
    droppedPackets: droppedPackets + sum(({ sendDroppedPackets }) => sendDroppedPackets),
    sendKbps: kbps,
  };
}

/** The rate of a growing count, over the last whole second. */
export class CountedRate {
  kbps = 0;
  #bytes = 0;
  #atMs = Number.NaN;

  observe(bytes: number, nowMs: number): void {
    const elapsedMs = nowMs - this.#atMs;
    if (elapsedMs < 1000) return;
    // A smaller count than before is another connection's.
    this.kbps = Number.isNaN(elapsedMs) || bytes < this.#bytes ? 0 : Math.round(((bytes - this.#bytes) * 8) / elapsedMs);
    this.#bytes = bytes;
    this.#atMs = nowMs;
  }
}
