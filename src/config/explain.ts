/** What is wrong with one setting, in a sentence that says what to write instead; never the value of a secret. */
import type { z } from 'zod';
import { type AnySchema, keysAt, schemaAt, unwrap } from './schema-tree.ts';
import type { SettingMeta } from './setting.ts';
import { closest } from './spelling.ts';

type Issue = z.core.$ZodIssue;

const givenCharactersMax = 60;

export interface Explained {
  path: PropertyKey[];
  text: string;
}

/** One issue may be about several unknown keys. `value`: the whole file. */
export function explainIssue(issue: Issue, value: unknown): Explained[] {
  if (issue.code !== 'unrecognized_keys') return [{ path: [...issue.path], text: `${issue.message}${given(issue, value)}` }];
  const known = keysAt(issue.path, value);
  return issue.keys.map((key) => {
    const suggestion = closest(key, known);
    const what = `there is no setting ${key.slice(0, givenCharactersMax)} here`;
    return { path: [...issue.path, key], text: suggestion === null ? `${what}: remove it` : `${what}: did you mean ${suggestion}?` };
  });
}

const typeTexts: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'text',
  boolean: 'true or false',
  array: 'a list (lines that begin with -)',
  object: 'a map of settings',
};

/** For settings whose schema has no sentence of its own. Handed to zod as its error map, which knows the full path. */
export function sentence(issue: z.core.$ZodRawIssue, value: unknown): string | undefined {
  const schema = schemaAt(issue.path ?? [], value);
  const unit = unitOf(schema);
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'must be given' : `must be ${typeTexts[issue.expected] ?? issue.expected}`;
    case 'too_big':
      return size(issue.origin, `at most ${issue.maximum}`, unit);
    case 'too_small':
      return size(issue.origin, `at least ${issue.minimum}`, unit);
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'invalid_value':
      return oneOf(issue.values, issue.input);
    case 'invalid_union':
      return oneOf(choices(schema, issue.path ?? [], value), issue.discriminator === undefined ? issue.input : foundAt(issue, value));
    case 'invalid_format':
      return 'has characters that are not allowed here';
    default:
      return undefined;
  }
}

function size(origin: string, bound: string, unit: string): string {
  if (origin === 'string') return `must have ${bound} characters`;
  if (origin === 'array') return `must have ${bound} ${bound.endsWith(' 1') ? 'entry' : 'entries'}`;
  return `must be ${bound}${unit}`;
}

function oneOf(values: readonly unknown[], found: unknown): string {
  const words = values.map(String);
  if (found === undefined) return `must be given: ${words.join(', ')}`;
  const suggestion = typeof found === 'string' ? closest(found, words) : null;
  return `must be ${words.length > 1 ? 'one of ' : ''}${words.join(', ')}${suggestion === null ? '' : `: did you mean ${suggestion}?`}`;
}

/** The values of a union: of its literals, or, by kind, of what tells its kinds apart (zod's path ends there). */
function choices(schema: AnySchema | null, path: readonly PropertyKey[], value: unknown): unknown[] {
  const literals = schema === null ? [] : (unwrap(schema).inner.def.options ?? []).flatMap(({ def }) => def.values ?? []);
  if (literals.length > 0) return literals;
  const parent = schemaAt(path.slice(0, -1), value);
  const { discriminator, options } = parent === null ? { discriminator: undefined, options: [] } : unwrap(parent).inner.def;
  return discriminator === undefined ? [] : (options ?? []).flatMap(({ def }) => def.shape?.[discriminator]?.def.values ?? []);
}

function foundAt(issue: z.core.$ZodRawIssue, value: unknown): unknown {
  return (issue.path ?? []).reduce<unknown>((here, part) => (here as Record<PropertyKey, unknown> | undefined)?.[part], value);
}

function unitOf(schema: AnySchema | null): string {
  const unit = schema?.meta?.()?.unit;
  return unit === undefined ? '' : ` ${unit}`;
}

/** A secret may also stand under a name that was misspelt or misplaced. */
const secretNames = /pass|secret|token|stream-?_?id/i;

/** What stands in the file, where it helps. */
function given(issue: Issue, value: unknown): string {
  const { input } = issue as { input?: unknown };
  const meta: Partial<SettingMeta> = schemaAt(issue.path, value)?.meta?.() ?? {};
  if (meta.secret === true || issue.path.some((part) => secretNames.test(String(part)))) return '';
  if (input === null) return ' (it is empty)';
  if (input === undefined || typeof input === 'object') return '';
  const shown = typeof input === 'string' ? JSON.stringify(withoutUser(input)) : String(input);
  return ` (it is ${shown.length > givenCharactersMax ? `${shown.slice(0, givenCharactersMax)}…` : shown})`;
}

/** User and password of a URL. */
const withoutUser = (text: string): string => text.replace(/\/\/.*@/, '//…@');
