/** `tandem config`: check, show and document the configuration. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { z } from 'zod';
import { configurationDocs } from '../config/docs.ts';
import { loadConfig } from '../config/load.ts';
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
