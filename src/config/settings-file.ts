/**
 * Settings that came over MQTT or the page, beside the configuration file that they stand in for: the last good ones, and those on trial.
 * One small file, replaced as a whole, read by both daemons at their start; control alone writes it.
 */
import { readFileSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import type { Reason } from '../model/reasons.ts';
import { backupPath, type Document, migrate, release, tooNew, versionOf } from './migrate.ts';

/** What a trial must reach before its deadline. page: a person who opens the page, or who says so. */
export type Need = 'media' | 'gateway' | 'broker' | 'page';

export interface Trial {
  rev: number;
  doc: Document;
  needs: Need[];
  confirmSeconds: number;
  /** The trial ends then, or with this boot. */
  bootId: string;
  deadlineMonoMs: number;
}

export type SettingsState = 'applied' | 'pending' | 'rolled-back' | 'rejected';

export interface SettingsOutcome {
  rev: number;
  state: SettingsState;
  reason: Reason;
  text: string;
  errors: { path: string; text: string }[];
  /** SHA-256 of what was wanted, so that the same message again is known from another one of the same number. */
  digest: string;
  by: string;
}

export interface SettingsFile {
  format: 1;
  /** The last good ones; null: the configuration file itself. */
  applied: { rev: number; doc: Document } | null;
  trial: Trial | null;
  /** Of the last change that was wanted. Numbers up to its `rev` are used. */
  last: SettingsOutcome | null;
}

export const noSettings: SettingsFile = { format: 1, applied: null, trial: null, last: null };

/** `/etc/tandem/tandem.yaml` → `/etc/tandem/settings/tandem.json`. */
export function settingsPath(configFile: string): string {
  return join(dirname(configFile), 'settings', `${basename(configFile, extname(configFile))}.json`);
}

/** @throws an error with an errno name, or one of code EBADMSG for a file that is damaged. */
export function readSettings(path: string): SettingsFile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return noSettings;
    throw error;
  }
  try {
    const file = JSON.parse(text) as SettingsFile;
    if (file.format === 1 && [file.applied, file.trial].every((one) => one === null || (typeof one.rev === 'number' && typeof one.doc === 'object')))
      return file;
  } catch {
    // Damaged, as is what follows.
  }
  throw Object.assign(new Error('damaged'), { code: 'EBADMSG' });
}

export interface ReadSettings {
  settings: SettingsFile;
  /** Why others than the newest are used, in a sentence; null: they are. */
  problem: string | null;
  /** Version of those that are too new for this release; null: they are not. */
  newer: number | null;
}

/**
 * The settings that this release can read: what lies there, or, where a newer release has brought it up and this one is back (the other system slot), what
 * that release has kept of before. @throws as `readSettings`.
 */
export function readUsableSettings(path: string, current = release.current): ReadSettings {
  const settings = readSettings(path);
  const version = versionOf(settings.applied?.doc);
  if (version === null || version <= current) return { settings, problem: null, newer: null };
  const text = `settings ${settings.applied?.rev}: ${tooNew(version, current)}`;
  try {
    const kept = readSettings(backupPath(path, current));
    if (kept.applied !== null)
      return { settings: { ...kept, trial: null }, problem: `${text}; settings ${kept.applied.rev} of before are in force`, newer: version };
  } catch {
    // As if there were none: whoever reads them says why they are of no use.
  }
  return { settings, problem: null, newer: version };
}

/** What an older release has kept, brought up to this one. Null: there is nothing to bring up, or it cannot be. */
export function bringUp(settings: SettingsFile, versions = release): { settings: SettingsFile; from: number; what: string[] } | null {
  const { applied, trial } = settings;
  const versionsThere = [applied?.doc, trial?.doc].flatMap((doc) => versionOf(doc) ?? []);
  if (versionsThere.length === 0 || Math.min(...versionsThere) >= versions.current) return null;
  const [newApplied, newTrial] = [applied, trial].map((one) => (one === null ? null : migrate(one.doc, versions)));
  if (newApplied?.ok === false || newTrial?.ok === false) return null;
  const from = Math.min(...versionsThere);
  return {
    settings: {
      ...settings,
      applied: applied === null || !newApplied ? applied : { ...applied, doc: newApplied.document },
      trial: trial === null || !newTrial ? trial : { ...trial, doc: newTrial.document },
    },
    from,
    what: (newApplied?.from === from ? newApplied : newTrial)?.what ?? [],
  };
}

/** Which of them are in force now, the best first; the configuration file comes after them. */
export function inForce(settings: SettingsFile, bootId: string, nowMonoMs: number): { rev: number; doc: Document }[] {
  const { trial, applied } = settings;
  const live = trial !== null && trial.bootId === bootId && nowMonoMs < trial.deadlineMonoMs;
  return [...(live ? [trial] : []), ...(applied === null ? [] : [applied])];
}
