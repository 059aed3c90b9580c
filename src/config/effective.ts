/** The configuration that is in force: settings that were taken over MQTT or the page, or else the file itself. */
import { readFileSync } from 'node:fs';
import { monoMs } from '../clock.ts';
import { exitCode, FatalError } from '../model/exit.ts';
import { describeMistakes, parseConfig, readConfigFile } from './load.ts';
import type { Config } from './schema.ts';
import { inForce, readUsableSettings, type SettingsFile, settingsPath } from './settings-file.ts';

/** Where a configuration came from. */
export interface Origin {
  file: string;
  /** Number of the settings; 0: the file itself. */
  rev: number;
  /** Why better settings were passed over, in a sentence; null: they were not. */
  problem: string | null;
  /** The version that it is written in; an older one is brought up each time that it is read. */
  from: number;
}

export type EffectiveConfig = Config & { origin?: Origin };

/** @throws FatalError (exit code 78) when nothing of it is usable, with the mistakes of the file. */
export function loadEffective(file: string): EffectiveConfig {
  let settings: SettingsFile | null = null;
  let problem: string | null = null;
  try {
    ({ settings, problem } = readUsableSettings(settingsPath(file)));
  } catch (error) {
    problem = `the settings in ${settingsPath(file)} cannot be read (${(error as NodeJS.ErrnoException).code}): the configuration file is in force`;
  }
  for (const { rev, doc } of settings === null ? [] : inForce(settings, bootId(), monoMs())) {
    const loaded = parseConfig(JSON.stringify(doc));
    if (loaded.ok) return { ...loaded.config, origin: { file, rev, problem, from: loaded.from } };
    const why = `${loaded.mistakes[0]?.path}: ${loaded.mistakes[0]?.text}`;
    problem ??= `settings ${rev} are not of this release and are passed over: ${why}`;
  }
  const loaded = parseConfig(readConfigFile(file));
  if (!loaded.ok) throw new FatalError(exitCode.config, describeMistakes(file, loaded.mistakes));
  return { ...loaded.config, origin: { file, rev: 0, problem, from: loaded.from } };
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}
