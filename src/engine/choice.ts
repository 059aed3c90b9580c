/**
 * One out of several, by the same rules for all: the input on air, the path that carries a session, the destination. Pure: state
 * and observations in, state and at most one change out. How hold-down, trust and score work, with the numbers: docs/decisions.md.
 *
 * Quick to drop, slow to rejoin: a candidate that stops being usable is left at once; a better one is returned to only after it has
 * been usable for its hold-down, which doubles each time it fails again soon, so that what comes and goes does not take the
 * program with it. The last one that delivers anything is never given up; when none does, nothing is chosen: for the input that
 * means the slate, which is no candidate and cannot fail.
 */
import type { Reason } from '../model/reasons.ts';
import { checkChoice } from './invariants.ts';

export interface ChoiceConfig {
  /** standby: the first usable one in order of preference. active: the one with the best score. */
  mode: 'standby' | 'active';
  /** A better candidate must have been usable for this long before it is gone over to, and so long must the last change be ago. */
  holdDownMs: number;
  holdDownMsMax: number;
  /** In active mode another candidate must be better by more than this many points, for its hold-down. */
  marginPoints: number;
  /** What becomes of a pin on a candidate that is not usable: override it until it is, or obey it. */
  deadPin: 'override' | 'obey';
}

export interface Candidate {
  id: string;
  /** Does what it is for. */
  usable: boolean;
  /** Does something, if only badly (a frozen picture, a lossy path): better than nothing, worse than any usable one. */
  delivers: boolean;
  /** Was not asked for anything yet, or is only just starting: that it is not usable says nothing against it. */
  idle: boolean;
  /** Why not usable, or why again. */
  reason: Reason;
  /** 0 to 100. */
  score: number;
}

export interface CandidateRecord {
  /** Since when it has been usable without a break; null while it is not. */
  usableSinceMs: number | null;
  /** How often it failed lately: less by one after each calm time. */
  failures: number;
  /** When it failed last, or was last forgiven a failure. */
  countedMs: number;
  /** Since when it has been better than the chosen one by more than the margin; null while it is not. */
  betterSinceMs: number | null;
}

export interface Pin {
  id: string;
  sinceMs: number;
  /** null: until it is taken away. */
  untilMs: number | null;
}

export interface ChoiceState {
  /** null: nothing yet, or nothing that delivers. */
  chosen: string | null;
  changedMs: number;
  pin: Pin | null;
  records: Readonly<Record<string, CandidateRecord>>;
}

export interface Change {
  from: string | null;
  to: string | null;
  reason: Reason;
}

export const initialChoice: ChoiceState = { chosen: null, changedMs: Number.NEGATIVE_INFINITY, pin: null, records: {} };

/** One failure is forgiven after this long without another, and no sooner than the hold-down is over: who waits is not yet calm. */
const calmMsMin = 60_000;
const failuresMax = 20;
const unknown: CandidateRecord = { usableSinceMs: null, failures: 0, countedMs: Number.NEGATIVE_INFINITY, betterSinceMs: null };

type HoldDown = Pick<ChoiceConfig, 'holdDownMs' | 'holdDownMsMax'>;

/** How long a candidate has to be usable before it is gone over to: H, H, 2 H, 4 H … after 0, 1, 2, 3 … failures. */
export function holdDownMs({ failures }: Pick<CandidateRecord, 'failures'>, config: HoldDown): number {
  return Math.min(config.holdDownMsMax, config.holdDownMs * 2 ** Math.max(0, failures - 1));
}

/** `candidates` are in order of preference. `change` is null while the choice stands. @throws BrokenInvariant (docs/adr/0022). */
export function choose(
  state: ChoiceState,
  candidates: readonly Candidate[],
  nowMs: number,
  config: ChoiceConfig,
): { state: ChoiceState; change: Change | null } {
  const current = candidates.find(({ id }) => id === state.chosen);
  const records: Record<string, CandidateRecord> = {};
  for (const one of candidates) records[one.id] = follow(state.records[one.id] ?? unknown, one, current, nowMs, config);
  const followed = { ...state, records };
  const { to, reason } = wanted(followed, current, candidates, nowMs, config);
  const next = to === state.chosen ? { state: followed, change: null } : go(followed, { from: state.chosen, to, reason }, nowMs, config);
  checkChoice(state, next.state, next.change, candidates, nowMs, config);
  return next;
}

function go(state: ChoiceState, change: Change, nowMs: number, config: HoldDown): { state: ChoiceState; change: Change } {
  const records: Record<string, CandidateRecord> = {};
  for (const [id, record] of Object.entries(state.records)) {
    // To be left for a better one counts as a failure: of two that are better by turns neither is gone back to for long.
    const left = id === change.from && change.reason === 'better-score';
    records[id] = { ...record, betterSinceMs: null, ...(left ? { failures: oneMore(record, config), countedMs: nowMs } : {}) };
  }
  return { state: { ...state, records, chosen: change.to, changedMs: nowMs }, change };
}

function follow(record: CandidateRecord, seen: Candidate, current: Candidate | undefined, nowMs: number, config: ChoiceConfig): CandidateRecord {
  if (!seen.usable) {
    // A failure is the end of having been usable: what has never worked has not failed, nor what was stopped on purpose.
    if (record.usableSinceMs === null) return record;
    if (seen.idle) return { ...record, usableSinceMs: null, betterSinceMs: null };
    return { usableSinceMs: null, failures: oneMore(record, config), countedMs: nowMs, betterSinceMs: null };
  }
  const usableSinceMs = record.usableSinceMs ?? nowMs;
  const better = current !== undefined && current !== seen && seen.score - current.score > config.marginPoints;
  const betterSinceMs = better ? (record.betterSinceMs ?? nowMs) : null;
  const calmMs = nowMs - Math.max(usableSinceMs, record.countedMs);
  const forgiven = record.failures > 0 && calmMs >= Math.max(calmMsMin, holdDownMs(record, config));
  const { failures, countedMs } = forgiven ? { failures: record.failures - 1, countedMs: nowMs } : record;
  return { usableSinceMs, failures, countedMs, betterSinceMs };
}

/** Counts no further than the hold-down grows, so that trust comes back as slowly as it went and not slower. */
function oneMore(record: CandidateRecord, config: HoldDown): number {
  const isLongest = record.failures > 0 && holdDownMs(record, config) >= config.holdDownMsMax;
  return isLongest ? record.failures : Math.min(failuresMax, record.failures + 1);
}

interface Wanted {
  to: string | null;
  reason: Reason;
}

function wanted(state: ChoiceState, current: Candidate | undefined, candidates: readonly Candidate[], nowMs: number, config: ChoiceConfig): Wanted {
  const pinned = byPin(state, candidates, nowMs, config);
  if (pinned !== null) return pinned;
  if (current?.usable) return { to: current.id, reason: 'preferred', ...voluntary(state, current, candidates, nowMs, config) };
  // What fails again and again is not gone to while there is one that has kept its hold-down, nor is a poor picture left for one that has just come back.
  const steadyMs = current?.delivers ? config.holdDownMs : 0;
  const isSteady = ({ failures, usableSinceMs }: CandidateRecord) => failures === 0 || (usableSinceMs !== null && nowMs - usableSinceMs >= steadyMs);
  const usable = candidates.filter((one) => one.usable && isSteady(state.records[one.id] ?? unknown));
  const trusted = usable.filter(({ id }) => isTrusted(state.records[id], nowMs, config));
  const best = bestOf(trusted, config) ?? bestOf(usable, config) ?? (current?.delivers ? current : candidates.find(({ delivers }) => delivers));
  return { to: best?.id ?? null, reason: current?.reason ?? (best === undefined ? 'no-input' : 'preferred') };
}

/** What a pin demands; null where it demands nothing, or is overridden. */
function byPin({ pin, chosen, records }: ChoiceState, candidates: readonly Candidate[], nowMs: number, config: ChoiceConfig): Wanted | null {
  const pinned = pin === null ? undefined : candidates.find(({ id }) => id === pin.id);
  if (pin === null || pinned === undefined) return null;
  if (config.deadPin === 'obey' && pinned.delivers) return { to: pinned.id, reason: 'pinned' };
  if (config.deadPin === 'obey' && !pinned.idle) return { to: null, reason: 'pinned-dead' };
  if (!pinned.usable) return null;
  const record = records[pinned.id];
  // A person saw that it works; what breaks later has to keep its hold-down like any other.
  const asSeen = record?.usableSinceMs != null && record.usableSinceMs <= pin.sinceMs;
  return chosen === pinned.id || asSeen || isTrusted(record, nowMs, config) ? { to: pinned.id, reason: 'pinned' } : null;
}

/** The chosen one works, but another would be better. */
function voluntary(state: ChoiceState, current: Candidate, candidates: readonly Candidate[], nowMs: number, config: ChoiceConfig): Wanted | null {
  if (nowMs - state.changedMs < config.holdDownMs) return null;
  if (config.mode === 'standby') {
    const preferred = candidates.find((one) => one === current || (one.usable && isStable(state.records[one.id], nowMs, config))) as Candidate;
    return preferred === current ? null : { to: preferred.id, reason: 'preferred' };
  }
  const better = candidates.filter(({ id }) => {
    const record = state.records[id];
    return record?.betterSinceMs != null && nowMs - record.betterSinceMs >= holdDownMs(record, config) && isStable(record, nowMs, config);
  });
  const best = bestOf(better, config);
  return best === undefined ? null : { to: best.id, reason: 'better-score' };
}

/** In active mode the first of the best: of equals the preferred one. */
function bestOf(candidates: readonly Candidate[], { mode }: ChoiceConfig): Candidate | undefined {
  if (mode === 'standby') return candidates[0];
  return candidates.reduce<Candidate | undefined>((best, one) => (best === undefined || one.score > best.score ? one : best), undefined);
}

function isStable(record: CandidateRecord | undefined, nowMs: number, config: HoldDown): boolean {
  return record !== undefined && record.usableSinceMs !== null && nowMs - record.usableSinceMs >= holdDownMs(record, config);
}

const isTrusted = (record: CandidateRecord | undefined, nowMs: number, config: HoldDown): boolean => record?.failures === 0 || isStable(record, nowMs, config);
