/** What is told of a link: its event, and how it is, for a person's pin. Pure. */
import type { PathSeen } from '../../engine/path.ts';
import { type Notice, notice } from '../../model/event.ts';
import { reasonTexts } from '../../model/reasons.ts';
import type { PathState } from '../../model/status.ts';
import type { Link } from './link.ts';

export interface LinkChange {
  destination: string;
  from: PathState;
  tookMs: number | null;
  inFlight: number;
}

/** That its state has changed. */
export function linkNotice({ path, state, reason, carrier }: Link, { destination, from, tookMs, inFlight }: LinkChange, nowMs: number): Notice {
  const over = path.interface === null ? '' : ` over ${path.interface}`;
  return notice({
    severity: state === 'up' ? (from === 'registering' ? 'info' : 'clear') : state === 'registering' ? 'info' : 'warning',
    subject: { kind: 'path', id: path.id },
    what: 'path.state',
    from,
    to: state,
    reason,
    text: `path ${path.id}${over} to ${destination}: ${state === 'up' ? 'is up' : reasonTexts[reason]}`,
    measured: {
      rttMs: carrier.capacity.rttMs === null ? null : Math.round(carrier.capacity.rttMs),
      silentMs: Math.round(nowMs - carrier.pulse.provedMs),
      inFlight,
    },
    tookMs,
  });
}

/**
 * As people are told: a hiccup, for which the other links help out, is no failure that a hold-down would follow. One that registers for the first time
 * has not failed.
 */
export function linkSeen({ path, state, reason }: Link): PathSeen {
  return { id: path.id, state: state === 'up' ? 'works' : state === 'registering' ? 'unknown' : 'failed', reason };
}
