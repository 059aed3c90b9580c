/**
 * Settings that came over MQTT or the page, beside the configuration file that they stand in for: the last good ones, and those on trial.
 * One small file, replaced as a whole, read by both daemons at their start; control alone writes it.
 */
import { readFileSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import type { Reason } from '../model/reasons.ts';
import type { Document } from './migrate.ts';

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

/** Which of them are in force now, the best first; the configuration file comes after them. */
export function inForce(settings: SettingsFile, bootId: string, nowMonoMs: number): { rev: number; doc: Document }[] {
  const { trial, applied } = settings;
  const live = trial !== null && trial.bootId === bootId && nowMonoMs < trial.deadlineMonoMs;
  return [...(live ? [trial] : []), ...(applied === null ? [] : [applied])];
}
