/**
 * Which destination the program is sent to, and which are called. Pure. The same choice as the input's (choice.ts): left as soon as it is out of use
 * and another stands, returned to after its hold-down, over a connection that stands already.
 */
import type { Reason } from '../model/reasons.ts';
import { type Candidate, type ChoiceConfig, type ChoiceState, choose, initialChoice } from './choice.ts';

export interface DestinationSeen {
  id: string;
  /** broken: no connection. silent: there is one, and whoever judges it has found that nothing gets through. */
  state: 'works' | 'silent' | 'broken';
  /** Why it does not work. */
  reason: Reason;
  /** 0 to 100; of weight in active mode. */
  score: number;
}

export interface DestinationChoiceConfig extends Omit<ChoiceConfig, 'deadPin'> {
  /** Whether those that do not have the program are connected all the same. */
  spare: 'cold' | 'connected';
}

interface CallRecord {
  called: boolean;
  /** Since when it has not worked; NaN while it does. */
  darkSinceMs: number;
  /** It has worked since it was called. */
  workedOnce: boolean;
  /** Judged to be silent since it worked last: a verdict that has had its grace. */
  silent: boolean;
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

/** A session that broke over a network that works is back within its first back-off and two round trips. */
const brokenGraceMs = 500;
/** A handover of a mobile network is over by then, as a rule: the next one is not called for it. */
const brokenCallMs = 200;
/** A first call over a slow network: one try. Then the next one is called beside it. */
const unansweredMs = 2000;
/** Standing by costs keepalives on every path: no longer than until the one before has proved itself. */
const provenMs = 10_000;
export const defaultDestinationChoice: DestinationChoiceConfig = {
  mode: 'standby',
  holdDownMs: 10_000,
  holdDownMsMax: 300_000,
  marginPoints: 0,
  spare: 'cold',
};
const uncalled: CallRecord = { called: false, darkSinceMs: Number.NaN, workedOnce: false, silent: false };

/** `seen` in order of preference. @throws BrokenInvariant */
export function decideDestination(
  before: DestinationState,
  seen: readonly DestinationSeen[],
  nowMs: number,
  config: DestinationChoiceConfig = defaultDestinationChoice,
): { state: DestinationState; commands: DestinationCommand[] } {
  const commands: DestinationCommand[] = [];
  const calls: Record<string, CallRecord> = {};
  for (const one of seen) calls[one.id] = follow(before.calls[one.id] ?? uncalled, one, nowMs);
  const candidates = seen.map((one): Candidate => {
    const record = calls[one.id] as CallRecord;
    const works = one.state === 'works';
    const graceMs = record.workedOnce ? brokenGraceMs : config.mode === 'standby' ? unansweredMs : 0;
    // Where all are called at once, which of them answers first says nothing of which one is wanted.
    const usable = works || (one.id === before.used && record.called && !record.silent && graceMs > 0 && darkMs(record, nowMs) <= graceMs);
    const idle = !record.called || !record.workedOnce;
    return { id: one.id, usable, delivers: usable, idle, reason: works ? 'connected' : one.reason, score: usable ? one.score : 0 };
  });
  const { state: choice, change } = choose(before.choice, candidates, nowMs, { ...config, deadPin: 'override' });
  let { used, usedSinceMs } = before;
  const target = choice.chosen ?? used ?? seen[0]?.id ?? null;
  if (target !== null && target !== used) {
    const left = seen.find(({ id }) => id === used);
    const reason = left === undefined ? 'requested' : change?.reason === 'preferred' && left.state !== 'works' ? left.reason : (change?.reason ?? 'preferred');
    commands.push({ kind: 'use', id: target, from: used, reason });
    used = target;
    usedSinceMs = nowMs;
  }
  for (const [index, want] of wanted(seen, calls, used, usedSinceMs, nowMs, config).entries()) {
    const { id } = seen[index] as DestinationSeen;
    const record = calls[id] as CallRecord;
    if (want === null || want === record.called) continue;
    commands.push({ kind: want ? 'call' : 'hang-up', id });
    calls[id] = { ...uncalled, called: want, darkSinceMs: nowMs };
  }
  return { state: { choice, calls, used, usedSinceMs }, commands };
}

/**
 * Called: all before the one in use and itself; of those after it one more whenever the last call has not been answered in time, or what was
 * answered does not work any more. All of them where they are kept connected, and by score, since there is nothing to compare otherwise.
 * Null: as it is.
 */
function wanted(
  seen: readonly DestinationSeen[],
  calls: Readonly<Record<string, CallRecord>>,
  used: string | null,
  usedSinceMs: number,
  nowMs: number,
  { mode, spare }: DestinationChoiceConfig,
): (boolean | null)[] {
  if (spare === 'connected' || mode === 'active') return seen.map(() => true);
  const at = seen.findIndex(({ id }) => id === used);
  const proven = seen[at]?.state === 'works' && nowMs - usedSinceMs >= provenMs;
  let unanswered = true;
  return seen.map(({ id }, index) => {
    const record = calls[id] as CallRecord;
    const want = index <= at ? true : proven ? false : unanswered ? true : record.called || null;
    const patienceMs = record.silent ? 0 : record.workedOnce ? brokenCallMs : unansweredMs;
    unanswered = want === true && record.called && darkMs(record, nowMs) > patienceMs;
    return want;
  });
}

function follow(record: CallRecord, { state }: DestinationSeen, nowMs: number): CallRecord {
  if (!record.called) return record;
  if (state === 'works') return { called: true, darkSinceMs: Number.NaN, workedOnce: true, silent: false };
  const silent = record.silent || state === 'silent';
  return { ...record, silent, darkSinceMs: Number.isNaN(record.darkSinceMs) ? nowMs : record.darkSinceMs };
}

const darkMs = ({ darkSinceMs }: CallRecord, nowMs: number): number => (Number.isNaN(darkSinceMs) ? 0 : nowMs - darkSinceMs);
