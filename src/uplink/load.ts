/** What the choice of the bitrate looks at, read from the bond. */
import type { BitrateInputs, LinkLoad } from './bitrate.ts';
import type { Bond } from './srtla/scheduler.ts';

function linkLoads(bond: Bond, nowMs: number): LinkLoad[] {
  return bond.carriers.map(({ good, capacity, terms }) => ({
    good,
    kbps: capacity.kbps,
    ceiling: capacity.ceilingKnown(nowMs),
    limited: capacity.limitSeen(nowMs),
    queued: capacity.queueMs(nowMs) > capacity.queueTargetMs,
    rttMs: capacity.rttMs ?? 100,
    capKbps: terms.capKbps,
  }));
}

/** What the bond knows of the networks. */
export function networkLoad(bond: Bond, nowMs: number): Pick<BitrateInputs, 'links' | 'excessMs' | 'congested' | 'hole' | 'arrivedKbps' | 'latencyMs'> {
  const { excessMs, congested, hole, improves, arrivedKbps } = bond.flow;
  return { links: linkLoads(bond, nowMs), excessMs, congested: congested && !improves, hole, arrivedKbps, latencyMs: bond.latencyMs };
}
