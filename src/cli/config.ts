/** `tandem config`: check, show and document the configuration. */
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { z } from 'zod';
import { configurationDocs } from '../config/docs.ts';
import { describeMistakes, loadConfig, parseConfig, readConfigFile } from '../config/load.ts';
import { backupPath, release } from '../config/migrate.ts';
import { configSchema } from '../config/schema.ts';
import { resolveSecrets, withoutSecrets } from '../config/secrets.ts';
import { exitCode, FatalError } from '../model/exit.ts';

const docsFile = fileURLToPath(new URL('../../docs/configuration.md', import.meta.url));

/** @throws FatalError that lists every mistake, those in files of secrets included. */
export function checkConfig(file: string): number {
  const config = resolveSecrets(loadConfig(file));
  process.stdout.write(
    `${file} is right: ${config.inputs.length} inputs, ${config.paths.length} paths, ${config.destinations.length} destinations${config.gateway === undefined ? '' : ', a gateway'}\n`,
  );
  return exitCode.ok;
}

/** With all defaults, without secrets. */
export function showConfig(file: string): number {
  process.stdout.write(`# ${file}, with defaults, without secrets\n${stringify(withoutSecrets(loadConfig(file)), { aliasDuplicateObjects: false })}`);
  return exitCode.ok;
}

/** Writes a file of an older version anew; as it was it is kept beside it. @throws FatalError when it has mistakes, or cannot be written. */
export function migrateConfig(file: string): number {
  const text = readConfigFile(file);
  const loaded = parseConfig(text);
  if (!loaded.ok) throw new FatalError(exitCode.config, describeMistakes(file, loaded.mistakes));
  if (loaded.from === release.current) {
    process.stdout.write(`${file} is of version ${release.current}, the newest: nothing was changed\n`);
    return exitCode.ok;
  }
  const backup = writeMigrated(file, text, loaded);
  process.stdout.write(
    `${file} was brought from version ${loaded.from} to ${release.current} (${loaded.what.join(', ')}); as it was, comments included, it is ${backup}\n`,
  );
  return exitCode.ok;
}

/** Returns where the old one is. @throws FatalError; the file is then as it was. */
export function writeMigrated(file: string, text: string, { written, from }: { written: unknown; from: number }): string {
  const backup = backupPath(file, from);
  try {
    const { mode } = statSync(file);
    // Not over one that is there: the first one is that of before.
    writeFileSync(backup, text, { mode: mode & 0o777, flag: 'wx', flush: true });
    writeFileSync(`${file}.new`, stringify(written, { aliasDuplicateObjects: false }), { mode: mode & 0o777, flush: true });
    renameSync(`${file}.new`, file);
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    throw new FatalError(exitCode.system, `${file} was not changed: ${path ?? backup}: ${code}${code === 'EEXIST' ? ': move that backup away first' : ''}`);
  }
  return backup;
}

export function documentConfig({ write, check }: { write?: boolean; check?: boolean }): number {
  const text = configurationDocs();
  if (write) writeFileSync(docsFile, text);
  else if (!check) process.stdout.write(text);
  else if (readFileSync(docsFile, 'utf8') !== text)
    throw new FatalError(exitCode.failure, 'docs/configuration.md does not say what the schema says: make it anew with ./tandem config docs --write');
  return exitCode.ok;
}

/** JSON Schema of the file, for editors and settings pages. */
export function printSchema(): number {
  process.stdout.write(`${JSON.stringify(z.toJSONSchema(configSchema, { io: 'input' }), null, 2)}\n`);
  return exitCode.ok;
}
