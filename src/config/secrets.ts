/** Secrets: taken from the files that the configuration names, and masked wherever a configuration is shown. */
import { readFileSync } from 'node:fs';
import { exitCode, FatalError } from '../model/exit.ts';
import type { Config } from './schema.ts';

export const mask = '(secret)';
const secretNames = new Set(['passphrase', 'password', 'streamId', 'key', 'secret']);
/** A setting that names a file, and the secret that the file's first line is. */
const fileNames: Readonly<Record<string, string>> = { passphraseFile: 'passphrase', passwordFile: 'password', streamIdFile: 'streamId', secretFile: 'secret' };
/** The same of inputs alone: elsewhere a keyFile is a key of TLS, which stays in its file. */
const inputFileNames: Readonly<Record<string, string>> = { ...fileNames, keyFile: 'key' };

/** A copy of the configuration with the secrets of the named files in place. @throws FatalError when a file cannot be read. */
export function resolveSecrets<T extends Config>(config: T): T {
  return walk(config, '', (object, path) => {
    const resolved = { ...object };
    for (const [fileName, name] of Object.entries(path.startsWith('inputs[') ? inputFileNames : fileNames)) {
      const file = object[fileName];
      if (typeof file === 'string' && resolved[name] === undefined) resolved[name] = readSecret(file, `${path}.${fileName}`);
    }
    return resolved;
  }) as T;
}

/** A copy that may be shown: secrets are masked, files named. */
export function withoutSecrets<T>(config: T): T {
  return walk(config, '', (object) =>
    Object.fromEntries(Object.entries(object).map(([name, value]) => [name, secretNames.has(name) && value !== undefined ? mask : maskUser(value)])),
  ) as T;
}

/** User and password of an address. */
export const maskUser = (value: unknown): unknown =>
  typeof value === 'string' ? value.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/]*@/, `$1${mask}@`) : Array.isArray(value) ? value.map(maskUser) : value;

function walk(value: unknown, path: string, change: (object: Record<string, unknown>, path: string) => Record<string, unknown>): unknown {
  if (Array.isArray(value)) return value.map((one, index) => walk(one, `${path}[${index}]`, change));
  if (typeof value !== 'object' || value === null) return value;
  const inner = Object.entries(value).map(([name, one]) => [name, walk(one, path === '' ? name : `${path}.${name}`, change)]);
  return change(Object.fromEntries(inner) as Record<string, unknown>, path);
}

function readSecret(file: string, path: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new FatalError(exitCode.config, `${path}: ${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
  const secret = (text.split('\n')[0] ?? '').trim();
  if (secret === '') throw new FatalError(exitCode.config, `${path}: the first line of ${file} is empty; it must be the secret`);
  if (path.endsWith('passphraseFile') && (secret.length < 10 || secret.length > 79))
    throw new FatalError(exitCode.config, `${path}: the first line of ${file} has ${secret.length} characters; an SRT passphrase has 10 to 79`);
  return secret;
}
