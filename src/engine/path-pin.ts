/**
 * A person's pin on a path: whether it may be followed now, when it is a bad idea, and when it ends. Pure. The same rules as the pin on an input
 * (choice.ts): it is followed while the path works, overridden while it does not, and one that broke has to keep its hold-down. Nothing is ever given
 * up for it: a dead path is never obeyed.
 */
import type { Notice } from '../model/event.ts';
import { type Reason, reasonTexts } from '../model/reasons.ts';
import type { PathPinStatus } from '../model/status.ts';
import { type Candidate, type ChoiceState, choose, initialChoice, type Pin } from './choice.ts';
import { pinEndNotice, pinNotice } from './notices.ts';
import type { HoldDown, PathSeen } from './path.ts';
import { isOver, noPin, type PinRecord } from './pin.ts';

/** How the pin does at one destination that has the program. */
export interface PathPinSeen {
  destination: string;
  /** cannot: the mode does not let anybody choose among its paths. follows: the program keeps to the path. others: it does not. */
  does: 'cannot' | 'follows' | 'others';
  /** The pinned path there; null: it is none of its paths. */
  path: PathSeen | null;
}

export interface PathPinState {
  pin: Pin | null;
  record: PinRecord;
}

export const noPathPin: PathPinState = { pin: null, record: noPin };

/** For modes that use several paths at once: the path that the program is to keep to now; null: all of them. `seen` in order of preference. @throws BrokenInvariant */
export function followPin(
  before: ChoiceState,
  pin: Pin | null,
  seen: readonly PathSeen[],
  nowMs: number,
  { holdDownMs, holdDownMsMax }: HoldDown,
): { state: ChoiceState; only: string | null } {
  if (pin === null || !seen.some(({ id }) => id === pin.id)) return { state: initialChoice, only: null };
  const candidates = seen.map(({ id, state, reason }): Candidate => {
    const usable = state === 'carries' || state === 'works';
    return { id, usable, delivers: usable, idle: state === 'unknown', reason, score: 100 };
  });
  const config = { mode: 'standby', holdDownMs, holdDownMsMax, marginPoints: 0, deadPin: 'override' } as const;
  const { state } = choose({ ...before, pin }, candidates, nowMs, config);
  return { state, only: state.chosen === pin.id && candidates.some(({ id, usable }) => id === pin.id && usable) ? pin.id : null };
}

/** One turn: the end of the pin, and what there is to tell. `seen`: the destinations that have the program. */
export function decidePathPin(
  before: PathPinState,
  seen: readonly PathPinSeen[],
  nowMs: number,
  deadPinMs: number,
): { state: PathPinState; notices: Notice[] } {
  const { pin, record } = before;
  const bad = pin === null ? null : judge(seen);
  if (pin !== null) {
    const followed: PinRecord = { ...record, deadSinceMs: bad?.reason === 'pinned-dead' ? (record.deadSinceMs ?? nowMs) : null };
    if (isOver(pin, followed, nowMs, deadPinMs))
      return { state: noPathPin, notices: [pinEndNotice(pin.id, bad?.reason !== 'pinned-dead', record.told !== null, what)] };
    const reason = bad?.reason ?? null;
    if (reason === (record.told?.reason ?? null) && (reason === null || record.told?.id === pin.id)) return { state: { pin, record: followed }, notices: [] };
    const told = reason === null ? null : { id: pin.id, reason };
    return { state: { pin, record: { ...followed, told } }, notices: [pinNotice(record.told?.reason ?? null, reason, sentence(pin, seen), what)] };
  }
  if (record.told === null) return { state: before, notices: [] };
  return { state: noPathPin, notices: [pinNotice(record.told.reason, null, 'the pin on the path was taken back: all paths are used again', what)] };
}

/** One sentence for the event, the reply, the page; null without a pin. */
export function pathPinStatus({ pin }: PathPinState, seen: readonly PathPinSeen[], nowMs: number): PathPinStatus | null {
  if (pin === null) return null;
  const expiresInMs = pin.untilMs === null ? null : Math.max(0, Math.round(pin.untilMs - nowMs));
  return { path: pin.id, reason: judge(seen)?.reason ?? 'pinned', text: sentence(pin, seen), expiresInMs };
}

const what = 'path.pin';

/** What is worst among the destinations; null: the pin is followed wherever the program goes. */
function judge(seen: readonly PathPinSeen[]): { reason: Reason; at: PathPinSeen } | null {
  const found = seen.flatMap((at) => {
    const reason = judgeOne(at);
    return reason === null ? [] : [{ reason, at }];
  });
  return found.toSorted((a, b) => order.indexOf(a.reason) - order.indexOf(b.reason))[0] ?? null;
}

const order: readonly Reason[] = ['unsupported', 'pinned-dead', 'starting', 'unsteady'];

function judgeOne({ does, path }: PathPinSeen): Reason | null {
  if (does === 'cannot') return 'unsupported';
  if (does === 'follows') return null;
  if (path === null || path.state === 'failed') return 'pinned-dead';
  return path.state === 'unknown' ? 'starting' : 'unsteady';
}

function sentence({ id }: Pin, seen: readonly PathPinSeen[]): string {
  const bad = judge(seen);
  if (bad === null) return seen.length === 0 ? `path ${id} is pinned` : `path ${id} is pinned and carries the program`;
  const { destination, path } = bad.at;
  const texts: Partial<Record<Reason, string>> = {
    unsupported: `path ${id} is pinned, but the mode of ${destination} chooses among its paths by itself`,
    'pinned-dead':
      path === null
        ? `path ${id} is pinned, but ${destination} is not reached over it: its other paths carry the program`
        : `path ${id} is pinned, but ${reasonTexts[path.reason]}: the other paths carry the program until it works`,
    starting: `path ${id} is pinned and being connected: the other paths carry the program until it works`,
    unsteady: `path ${id} is pinned, but failed lately: the other paths carry the program until it has worked for its hold-down`,
  };
  return texts[bad.reason] ?? reasonTexts[bad.reason];
}
