/** The figures of a bonded session: libsrt's, with what the bond has done that libsrt is not told of; and what its links are allowed. */
import type { PathConfig } from '../config/schema.ts';
import type { DestinationStatus } from '../model/status.ts';
import type { SrtStats } from './srt/stats.ts';
import type { Carrier, LinkTerms } from './srtla/carrier.ts';
import type { Bond } from './srtla/scheduler.ts';

export function termsOf(path: PathConfig): LinkTerms {
  return { priority: path.priority, capKbps: path.maxKbps ?? 0, metered: path.allowanceMb !== undefined };
}

export function sessionFigures(stats: SrtStats, latencyMs: number, dropped: number, bond: Bond | null): NonNullable<DestinationStatus['srt']> {
  return {
    rttMs: stats.rttMs,
    latencyMs: stats.sendLatencyMs || latencyMs,
    sendBufferMs: stats.sendBufferMs,
    sendBufferPackets: stats.sendBufferPackets,
    sentPackets: stats.sentPackets,
    // libsrt is not told of what the bond makes good by itself.
    lostPackets: stats.sendLostPackets + sum(bond, ({ lostPackets }) => lostPackets),
    retransmittedPackets: bond === null ? stats.retransmittedPackets : sum(bond, ({ rescuedPackets }) => rescuedPackets),
    droppedPackets: stats.sendDroppedPackets + dropped + (bond?.droppedPackets ?? 0),
    sendKbps: stats.ageMs > 0 ? Math.round((stats.sentBytes * 8) / stats.ageMs) : 0,
  };
}

const sum = (bond: Bond | null, pick: (one: Carrier) => number): number => bond?.carriers.reduce((total, one) => total + pick(one), 0) ?? 0;
