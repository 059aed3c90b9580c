/** How a leg is, for the choice of the path. */
import type { PathSeen } from '../../engine/path.ts';
import type { Reason } from '../../model/reasons.ts';
import type { Leg } from './leg.ts';

export const isSilent = (leg: Leg, nowMs: number): boolean => leg.connected && leg.silentMs(nowMs) > leg.silenceMsMax;

export function reasonOf(leg: Leg, nowMs: number): Reason {
  if (!leg.path.usable) return leg.path.reason;
  return isSilent(leg, nowMs) ? 'path-silent' : leg.reason;
}

export function seenOf(leg: Leg, carries: boolean, nowMs: number): PathSeen {
  const reason = reasonOf(leg, nowMs);
  const seen = (state: PathSeen['state']): PathSeen => ({ id: leg.id, state, reason });
  if (!leg.path.usable) return seen('failed');
  if (leg.connected) return seen(isSilent(leg, nowMs) ? 'failed' : carries ? 'carries' : 'works');
  // Off, or called for the first time: that it does not stand yet says nothing against it.
  return seen(leg.state === 'off' || leg.reason === 'connecting' ? 'unknown' : 'failed');
}
