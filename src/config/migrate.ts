/** Brings a configuration of an older release up to this one, a version at a time, or says why it cannot be. Pure. */

export type Document = Record<string, unknown>;

/** `steps[n]` makes version n + 1 of version n. Version 1 is the first there was. */
export const migrations: Readonly<Record<number, (document: Document) => Document>> = {};
export const currentVersion = 1;

export type Migrated = { ok: true; document: Document; from: number } | { ok: false; text: string };

export function migrate(document: Document, steps = migrations, current = currentVersion): Migrated {
  const { version } = document;
  if (typeof version !== 'number' || !Number.isSafeInteger(version) || version < 1)
    return { ok: false, text: `version must be given: a whole number from 1 to ${current}` };
  if (version > current)
    return { ok: false, text: `this configuration is of version ${version}, and this release knows up to ${current}: update the box first` };
  let migrated = document;
  for (let step = version; step < current; step++) {
    const next = steps[step];
    if (next === undefined) return { ok: false, text: `configurations of version ${version} are not taken any more: write one of version ${current}` };
    migrated = { ...next(migrated), version: step + 1 };
  }
  return { ok: true, document: migrated, from: version };
}
