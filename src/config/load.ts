/** Reads a configuration file: every mistake in it at once, by path and line, with what to do. */
import { readFileSync, statSync } from 'node:fs';
import { type Document, isMap, LineCounter, parseDocument } from 'yaml';
import { exitCode, FatalError } from '../model/exit.ts';
import { explainIssue, sentence } from './explain.ts';
import { migrate, release, type Document as Settings, versionOf } from './migrate.ts';
import { type Config, configSchema } from './schema.ts';

/** A configuration is a few kilobytes; what is far larger is another file. */
const fileBytesMax = 1024 * 1024;

export interface Mistake {
  /** `inputs[1].port`, or empty for the file as a whole. */
  path: string;
  line: number;
  column: number;
  /** What is wrong and what to do; never the value of a secret. */
  text: string;
}

/** `written`: what the text says, in the newest version, without the defaults. `from`: the version that it was written in, and what has changed since. */
export type Loaded = { ok: true; config: Config; written: unknown; from: number; what: string[] } | { ok: false; mistakes: Mistake[] };

/** Reads and checks a file. @throws FatalError (exit code 78) that lists every mistake. */
export function loadConfig(file: string): Config {
  const loaded = parseConfig(readConfigFile(file));
  if (loaded.ok) return loaded.config;
  throw new FatalError(exitCode.config, describeMistakes(file, loaded.mistakes));
}

/** @throws FatalError when the file cannot be read. */
export function readConfigFile(file: string): string {
  try {
    if (statSync(file).size > fileBytesMax) throw new FatalError(exitCode.config, `${file} is larger than 1 MiB: this is no configuration`);
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof FatalError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    const what =
      code === 'ENOENT'
        ? 'does not exist: name another with --config, or begin with an example from docs/examples'
        : code === 'EACCES'
          ? 'may not be read by this user'
          : code === 'EISDIR'
            ? 'is a folder: name a file'
            : `cannot be read: ${code}`;
    throw new FatalError(exitCode.config, `the configuration ${file} ${what}`);
  }
}

/** Never throws: any text is either a configuration, of this version or an older one, or a list of mistakes. */
export function parseConfig(text: string, versions = release): Loaded {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  if (document.errors.length > 0)
    return { ok: false, mistakes: document.errors.map((error) => ({ path: '', ...at(error.pos[0]), text: `not valid YAML: ${error.message}` })) };
  let value: unknown;
  try {
    // Aliases have no use here and can blow a small file up to gigabytes.
    value = document.toJS({ maxAliasCount: 0 });
  } catch {
    return { ok: false, mistakes: [{ path: '', line: 1, column: 1, text: 'YAML aliases (*name) are not accepted: write the value out' }] };
  }
  if (!isMap(document.contents))
    return { ok: false, mistakes: [{ path: '', line: 1, column: 1, text: 'a configuration is a map of settings; it begins with version: 1' }] };
  // Without a version, the schema says what is missing, with everything else.
  const migrated = versionOf(value) === null ? null : migrate(value as Settings, versions);
  if (migrated?.ok === false) return { ok: false, mistakes: [{ path: 'version', ...at(offsetOf(document, ['version'])), text: migrated.text }] };
  if (migrated !== null) value = migrated.document;
  const parsed = configSchema.safeParse(value, { reportInput: true, error: (issue) => sentence(issue, value) });
  if (parsed.success)
    return { ok: true, config: deepFreeze(parsed.data), written: value, from: migrated?.from ?? versions.current, what: migrated?.what ?? [] };
  const mistakes = parsed.error.issues
    .flatMap((issue) => explainIssue(issue, value))
    .map(({ path, text }) => ({ path: pathText(path), ...at(offsetOf(document, path)), text }));
  return { ok: false, mistakes: mistakes.sort((a, b) => a.line - b.line || a.column - b.column) };
}

export function describeMistakes(file: string, mistakes: readonly Mistake[]): string {
  const list = mistakes.map(({ path, line, column, text }) => `  ${file}:${line}:${column}${path === '' ? '' : ` ${path}`}: ${text}`);
  return `the configuration has ${mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`}:\n${list.join('\n')}`;
}

function pathText(path: readonly PropertyKey[]): string {
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${String(part)}`)).join('');
}

/** Where the setting stands in the text, or the nearest thing around it that is there. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const key = path[length - 1];
    if (isMap(parent)) {
      const pair = parent.items.find((one) => String((one.key as { value?: unknown } | null)?.value ?? one.key) === String(key));
      const range = (pair?.key as { range?: [number, number, number] } | undefined)?.range;
      if (range !== undefined) return range[0];
    }
    const node = document.getIn(path.slice(0, length), true) as { range?: [number, number, number] } | undefined;
    if (node?.range !== undefined) return node.range[0];
  }
  return 0;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
