/** Decides about settings: whether a change is newer, what it has to reach before it counts, and when it is taken back. Pure. */
import type { Change } from '../../config/prepare.ts';
import type { Config } from '../../config/schema.ts';
import type { Need, SettingsFile, SettingsOutcome, Trial } from '../../config/settings-file.ts';

/** What the box reached just before a change. */
export interface Reached {
  media: boolean;
  gateway: boolean;
  broker: boolean;
  /** A person took the program off air: media will not call anybody. */
  stopped: boolean;
}

const under = (changes: readonly Change[], ...sections: string[]): boolean =>
  changes.some(({ path }) => sections.some((section) => path === section || path.startsWith(`${section}.`) || path.startsWith(`${section}[`)));

/** Whether the media daemon has to read its configuration again. */
export function concernsMedia(changes: readonly Change[]): boolean {
  return changes.some(({ path }) => !path.startsWith('control.') || path === 'control.vitals.temperatureMaxC');
}

/**
 * What must be reached before a change counts: what it could cut off. A gateway that was not reached before, and that nothing was changed about, is
 * not asked for: otherwise nothing could be set on a box without a network.
 */
export function needsOf(changes: readonly Change[], after: Config, reached: Reached): Need[] {
  const needs: Need[] = [];
  const network = under(changes, 'paths', 'destinations', 'failover');
  if (concernsMedia(changes) && reached.media && !reached.stopped) {
    needs.push('media');
    if (after.destinations.some(({ enabled }) => enabled) && (network || reached.gateway)) needs.push('gateway');
  }
  const brokerChanged = under(changes, 'control.mqtt', 'box');
  if (after.control.mqtt.url !== undefined && (brokerChanged || (network && reached.broker))) needs.push('broker');
  // Who moved the page must find it again; a broker that is reached is another way in.
  if (under(changes, 'control.web') && !needs.includes('broker')) needs.push('page');
  return needs;
}

export type Novelty = 'new' | 'same' | 'old' | 'used';

/** Desired versions only move forward. */
export function novelty(last: SettingsOutcome | null, rev: number, digest: string): Novelty {
  if (last === null || rev > last.rev) return 'new';
  if (rev < last.rev) return 'old';
  return digest === last.digest ? 'same' : 'used';
}

export type Verdict = { kind: 'confirmed' } | { kind: 'waiting' } | { kind: 'late'; missing: Need[] };

export function judgeTrial(trial: Trial, reached: ReadonlySet<Need>, bootId: string, nowMs: number): Verdict {
  const missing = trial.needs.filter((need) => !reached.has(need));
  if (trial.bootId !== bootId) return { kind: 'late', missing };
  if (missing.length === 0) return { kind: 'confirmed' };
  return nowMs >= trial.deadlineMonoMs ? { kind: 'late', missing } : { kind: 'waiting' };
}

export function confirmed(file: SettingsFile, trial: Trial): SettingsFile {
  const last: SettingsOutcome = { ...(file.last as SettingsOutcome), state: 'applied', reason: 'connected', text: `settings ${trial.rev} are in force` };
  return { format: 1, applied: { rev: trial.rev, doc: trial.doc }, trial: null, last };
}

/** @param why a sentence. */
export function takenBack(file: SettingsFile, why: string): SettingsFile {
  return { ...file, trial: null, last: { ...(file.last as SettingsOutcome), state: 'rolled-back', reason: 'not-confirmed', text: why } };
}
