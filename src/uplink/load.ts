/** What the choice of the bitrate looks at, read from the bond. */
import type { LinkLoad } from './bitrate.ts';
import type { Bond } from './srtla/scheduler.ts';

export function linkLoads(bond: Bond, nowMs: number): LinkLoad[] {
  return bond.carriers.map(({ good, capacity, terms }) => ({
    good,
    recentKbps: capacity.recentKbps(nowMs),
    kbps: capacity.kbps,
    ceiling: capacity.ceilingKnown(nowMs),
    congested: capacity.queueMs(nowMs) > capacity.queueTargetMs,
    rttMs: capacity.rttMs ?? 100,
    capKbps: terms.capKbps,
  }));
}
