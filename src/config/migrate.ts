/** Brings a configuration of an older release up to this one, a version at a time, or says why it cannot be. Pure. */

export type Document = Record<string, unknown>;

export interface Migration {
  /** What is different, as part of a sentence: `uplink is called paths`. */
  what: string;
  /** Gets a copy that it may change. */
  step(document: Document): Document;
}

/** What a release can read. */
export interface Versions {
  /** `steps[n]` makes version n + 1 of version n. */
  steps: Readonly<Record<number, Migration>>;
  current: number;
}

/** Version 1 is the first there was. Each older one has an example in src/config/older, which a test brings up to the newest. */
export const release: Versions = { steps: {}, current: 1 };

export type Migrated = { ok: true; document: Document; from: number; what: string[] } | { ok: false; text: string };

export function migrate(document: Document, { steps, current } = release): Migrated {
  const version = versionOf(document);
  if (version === null) return { ok: false, text: `version must be given: a whole number from 1 to ${current}` };
  if (version > current) return { ok: false, text: tooNew(version, current) };
  let migrated = structuredClone(document);
  const what: string[] = [];
  for (let from = version; from < current; from++) {
    const migration = steps[from];
    if (migration === undefined) return { ok: false, text: `configurations of version ${from} are not taken any more: write one of version ${current}` };
    try {
      migrated = { ...migration.step(migrated), version: from + 1 };
    } catch {
      // A document of any shape may come: what no configuration of that version looks like.
      return { ok: false, text: `this is no configuration of version ${from}: write one of version ${current}` };
    }
    what.push(migration.what);
  }
  return { ok: true, document: migrated, from: version, what };
}

/** Null: none is given, or no version at all. */
export function versionOf(document: unknown): number | null {
  const version = typeof document === 'object' && document !== null ? (document as Document).version : undefined;
  return typeof version === 'number' && Number.isSafeInteger(version) && version >= 1 ? version : null;
}

export const tooNew = (version: number, current = release.current): string =>
  `this configuration is of version ${version}, and this release knows up to ${current}: update the box first`;

/** Where what was there before a migration is kept: `tandem.json` → `tandem.json.v1`. */
export const backupPath = (file: string, version: number): string => `${file}.v${version}`;
