/**
 * Which destination the program is sent to, and which are called. Pure. The same choice as the input's (choice.ts): left when it has been dark for its
 * grace and another stands, returned to after its hold-down, over a connection that stands already.
 */
import type { Reason } from '../model/reasons.ts';
import { type Candidate, type ChoiceConfig, type ChoiceState, choose, initialChoice } from './choice.ts';

export interface DestinationSeen {
  id: string;
  connected: boolean;
  /** Why not. */
  reason: Reason;
}

interface CallRecord {
  called: boolean;
  /** Since when it has been without a connection; NaN while it has one. */
  darkSinceMs: number;
  /** It has had a connection since it was called. */
  connectedOnce: boolean;
}

export interface DestinationState {
  choice: ChoiceState;
  calls: Readonly<Record<string, CallRecord>>;
  /** Where the program is sent, connected or not. */
  used: string | null;
  usedSinceMs: number;
}

export type DestinationCommand =
  | { kind: 'call'; id: string }
  | { kind: 'hang-up'; id: string }
  | { kind: 'use'; id: string; from: string | null; reason: Reason };

export const initialDestination: DestinationState = { choice: initialChoice, calls: {}, used: null, usedSinceMs: 0 };

/** A gateway that is started anew, or a session that broke, is back within two round trips and its own start. */
const brokenGraceMs = 2000;
/** A first call over a slow network: two tries. */
const callGraceMs = 4000;
/** Standing by costs keepalives on every path: no longer than until the one before has proved itself. */
const provenMs = 10_000;
const config: ChoiceConfig = { mode: 'standby', holdDownMs: 10_000, holdDownMsMax: 300_000, marginPoints: 0, deadPin: 'override' };
const uncalled: CallRecord = { called: false, darkSinceMs: Number.NaN, connectedOnce: false };

/** `seen` in order of preference. @throws BrokenInvariant */
export function decideDestination(
  before: DestinationState,
  seen: readonly DestinationSeen[],
  nowMs: number,
): { state: DestinationState; commands: DestinationCommand[] } {
  const commands: DestinationCommand[] = [];
  const calls: Record<string, CallRecord> = {};
  for (const one of seen) calls[one.id] = follow(before.calls[one.id] ?? uncalled, one, nowMs);
  const candidates = seen.map((one): Candidate => {
    const record = calls[one.id] as CallRecord;
    const usable = one.connected || (one.id === before.used && record.connectedOnce && darkMs(record, nowMs) <= brokenGraceMs);
    return { id: one.id, usable, delivers: usable, idle: !record.called, reason: one.connected ? 'connected' : one.reason, score: 100 };
  });
  const { state: choice, change } = choose(before.choice, candidates, nowMs, config);
  let { used, usedSinceMs } = before;
  const target = choice.chosen ?? used ?? seen[0]?.id ?? null;
  if (target !== null && target !== used) {
    const left = seen.find(({ id }) => id === used);
    const reason = left === undefined ? 'requested' : change?.reason === 'preferred' && !left.connected ? left.reason : (change?.reason ?? 'preferred');
    commands.push({ kind: 'use', id: target, from: used, reason });
    used = target;
    usedSinceMs = nowMs;
  }
  for (const [index, want] of wanted(seen, calls, used, usedSinceMs, nowMs).entries()) {
    const { id } = seen[index] as DestinationSeen;
    const record = calls[id] as CallRecord;
    if (want === null || want === record.called) continue;
    commands.push({ kind: want ? 'call' : 'hang-up', id });
    calls[id] = { called: want, darkSinceMs: nowMs, connectedOnce: false };
  }
  return { state: { choice, calls, used, usedSinceMs }, commands };
}

/** Called: all before the one in use and itself; of those after it one more whenever the last call has not been answered for half its grace. Null: as it is. */
function wanted(
  seen: readonly DestinationSeen[],
  calls: Readonly<Record<string, CallRecord>>,
  used: string | null,
  usedSinceMs: number,
  nowMs: number,
): (boolean | null)[] {
  const at = seen.findIndex(({ id }) => id === used);
  const proven = seen[at]?.connected === true && nowMs - usedSinceMs >= provenMs;
  let unanswered = true;
  return seen.map(({ id }, index) => {
    const record = calls[id] as CallRecord;
    const want = index <= at ? true : proven ? false : unanswered ? true : record.called || null;
    unanswered = want === true && record.called && darkMs(record, nowMs) > (record.connectedOnce ? brokenGraceMs : callGraceMs) / 2;
    return want;
  });
}

function follow(record: CallRecord, { connected }: DestinationSeen, nowMs: number): CallRecord {
  if (!record.called) return record;
  if (connected) return { called: true, darkSinceMs: Number.NaN, connectedOnce: true };
  return Number.isNaN(record.darkSinceMs) ? { ...record, darkSinceMs: nowMs } : record;
}

const darkMs = ({ darkSinceMs }: CallRecord, nowMs: number): number => (Number.isNaN(darkSinceMs) ? 0 : nowMs - darkSinceMs);
