/** Makes a whole, checked configuration of what is in force and of what is wanted, or says every mistake. Changes nothing. */
import { FatalError } from '../model/exit.ts';
import { parseConfig } from './load.ts';
import { type Document, migrate } from './migrate.ts';
import type { Config } from './schema.ts';
import { schemaAt } from './schema-tree.ts';
import { mask, maskUser, resolveSecrets } from './secrets.ts';
import type { Applies } from './setting.ts';

export interface PrepareRequest {
  /** Text of the configuration file. */
  file: string;
  /** What is in force now; null: the file. */
  current: Document | null;
  /** One of the two: a whole configuration, or a JSON merge patch (RFC 7396). */
  doc?: Document | undefined;
  patch?: Document | undefined;
}

export interface Change {
  /** `destinations[0].port` */
  path: string;
  applies: Applies;
}

export type Prepared = { ok: true; doc: Document; config: Config; changes: Change[] } | { ok: false; mistakes: { path: string; text: string }[] };

/** Where the box keeps its own: a change there from afar would cut the parts of the box off from each other. */
const fixed = ['control.stateDirectory', 'media.socket', 'media.stateDirectory', 'gateway'];

export function prepare({ file, current, doc, patch }: PrepareRequest): Prepared {
  const fileLoaded = parseConfig(file);
  const fileDocument = fileLoaded.ok && isMap(fileLoaded.written) ? fileLoaded.written : { version: 1 };
  const now = current ?? fileDocument;
  const nowLoaded = current === null ? fileLoaded : parseConfig(JSON.stringify(now));
  const wanted = doc === undefined ? mergePatch(now, patch) : withFixed(doc, fileDocument);
  const migrated = migrate(unmasked(wanted, now) as Document);
  if (!migrated.ok) return refused('version', migrated.text);
  const loaded = parseConfig(JSON.stringify(migrated.document));
  if (!loaded.ok) return { ok: false, mistakes: loaded.mistakes.map(({ path, text }) => ({ path, text })) };
  const changes = nowLoaded.ok ? changesBetween(nowLoaded.config, loaded.config) : [];
  const forbidden = changes.filter(({ path }) => fixed.some((one) => path === one || path.startsWith(`${one}.`)));
  if (forbidden.length > 0)
    return { ok: false, mistakes: forbidden.map(({ path }) => ({ path, text: 'is fixed on the box: only its configuration file may change it' })) };
  try {
    resolveSecrets(loaded.config);
  } catch (error) {
    if (error instanceof FatalError) return refused('', error.message);
    throw error;
  }
  return { ok: true, doc: migrated.document, config: loaded.config, changes };
}

const refused = (path: string, text: string): Prepared => ({ ok: false, mistakes: [{ path, text }] });
const isMap = (value: unknown): value is Document => typeof value === 'object' && value !== null && !Array.isArray(value);

/** RFC 7396, section 2. Builds without assignment, so that a key `__proto__` stays a key. */
export function mergePatch(target: unknown, patch: unknown): Document {
  const merged = new Map(Object.entries(isMap(target) ? target : {}));
  for (const [key, value] of Object.entries(isMap(patch) ? patch : {})) {
    if (value === null) merged.delete(key);
    else merged.set(key, isMap(value) ? mergePatch(merged.get(key), value) : value);
  }
  return Object.fromEntries(merged);
}

/** A whole configuration need not repeat what is fixed on the box. */
function withFixed(doc: Document, file: Document): Document {
  const filled = { ...doc };
  for (const path of fixed) {
    const [section = '', key] = path.split('.');
    const there = file[section];
    if (key === undefined) {
      if (there !== undefined && filled[section] === undefined) filled[section] = there;
    } else if (isMap(there) && there[key] !== undefined && (filled[section] === undefined || isMap(filled[section])))
      filled[section] = { [key]: there[key], ...(filled[section] as Document | undefined) };
  }
  return filled;
}

/** Where a secret stands masked, as it was reported, the one of now is meant. Entries of lists are the same by their id. */
function unmasked(wanted: unknown, now: unknown): unknown {
  if (wanted === mask || (typeof wanted === 'string' && wanted.includes(mask) && maskUser(now) === wanted)) return now;
  if (Array.isArray(wanted))
    return wanted.map((one, index) => {
      const old = Array.isArray(now) ? (isMap(one) && one.id !== undefined ? now.find((other) => isMap(other) && other.id === one.id) : now[index]) : undefined;
      return unmasked(one, old);
    });
  if (!isMap(wanted)) return wanted;
  return Object.fromEntries(Object.entries(wanted).map(([key, value]) => [key, unmasked(value, isMap(now) && Object.hasOwn(now, key) ? now[key] : undefined)]));
}

/** Which settings differ, defaults included, and what it takes for them to be in force. */
export function changesBetween(before: Config, after: Config): Change[] {
  const changes: Change[] = [];
  const walk = (old: unknown, now: unknown, path: (string | number)[]): void => {
    if (JSON.stringify(old) === JSON.stringify(now)) return;
    const bothMaps = isMap(old) && isMap(now);
    if (bothMaps || (Array.isArray(old) && Array.isArray(now) && old.length === now.length)) {
      const keys = bothMaps ? [...new Set([...Object.keys(old), ...Object.keys(now)])] : (old as unknown[]).keys();
      for (const key of keys) walk((old as Document)[key as string], (now as Document)[key as string], [...path, key]);
      return;
    }
    const applies = schemaAt(path, now === undefined ? before : after)?.meta?.()?.applies ?? 'daemon';
    const text = path.map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`)).join('');
    changes.push({ path: text, applies });
  };
  walk(before, after, []);
  return changes;
}
