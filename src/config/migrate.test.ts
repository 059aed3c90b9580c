import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseConfig } from './load.ts';
import { type Document, migrate, release, type Versions } from './migrate.ts';
import { bringUp, noSettings } from './settings-file.ts';

const older = new URL('./older/', import.meta.url);

describe('every older version that there was', () => {
  it('has its step and its example, and the example is brought up to one that loads', () => {
    for (let version = 1; version < release.current; version++) {
      expect(release.steps[version], `the step from version ${version}`).toBeDefined();
      const loaded = parseConfig(readFileSync(new URL(`v${version}.yaml`, older), 'utf8'));
      expect(loaded, `the example of version ${version}`).toMatchObject({ ok: true, from: version });
    }
    const there = existsSync(older) ? readdirSync(older).filter((name) => name.endsWith('.yaml')) : [];
    expect(there).toHaveLength(release.current - 1);
    expect(Object.keys(release.steps)).toHaveLength(release.current - 1);
  });

  it('and a newer one is refused, with what to do', () => {
    const loaded = parseConfig(`box: { name: a }\nversion: ${release.current + 1}\nsomething: new\n`);
    expect(loaded).toEqual({
      ok: false,
      mistakes: [
        {
          path: 'version',
          line: 2,
          column: 1,
          text: `this configuration is of version ${release.current + 1}, and this release knows up to ${release.current}: update the box first`,
        },
      ],
    });
  });
});

/** Releases that might have been, which end in the schema of now. */
const made: Versions = {
  current: 4,
  steps: {
    1: { what: 'name is box.name', step: ({ name, ...rest }) => ({ ...rest, box: { name } }) },
    2: {
      what: 'cameras are inputs',
      step: (document) => {
        document.inputs = (document.cameras as { id: string }[]).map(({ id }) => ({ id, kind: 'test' }));
        delete document.cameras;
        return document;
      },
    },
    3: { what: 'nothing but the number', step: (document) => document },
  },
};
const examples: [number, Document][] = [
  [1, { version: 1, name: 'box7', cameras: [{ id: 'cam1' }] }],
  [2, { version: 2, box: { name: 'box7' }, cameras: [{ id: 'cam1' }] }],
  [3, { version: 3, box: { name: 'box7' }, inputs: [{ id: 'cam1', kind: 'test' }] }],
];
const newest = { version: 4, box: { name: 'box7' }, inputs: [{ id: 'cam1', kind: 'test' }] };

describe('migrations, with releases that might have been', () => {
  it.each(examples)('a configuration of version %i is brought up, step by step', (version, document) => {
    const before = structuredClone(document);
    const migrated = migrate(document, made);
    expect(migrated).toMatchObject({ ok: true, document: newest, from: version });
    expect(migrated.ok && migrated.what).toEqual(['name is box.name', 'cameras are inputs', 'nothing but the number'].slice(version - 1));
    // The old one is as it was.
    expect(document).toEqual(before);
    const { version: _, ...rest } = (migrated as { document: Document }).document;
    expect(parseConfig(JSON.stringify({ ...rest, version: release.current })).ok).toBe(true);
  });

  it('the newest is taken as it is', () => {
    expect(migrate(newest, made)).toEqual({ ok: true, document: newest, from: 4, what: [] });
  });

  it.each([
    [{ version: 5 }, /is of version 5, and this release knows up to 4: update the box first/],
    [{}, /version must be given/],
    [{ version: '1' }, /version must be given/],
    [{ version: 0 }, /version must be given/],
    [{ version: 1.5 }, /version must be given/],
    [{ version: 2, cameras: 'none' }, /no configuration of version 2/],
  ])('%j is refused with its reason', (document, text) => {
    const migrated = migrate(document, made);
    expect(migrated.ok ? '' : migrated.text).toMatch(text);
  });

  it('a version without its step is said to be not taken any more', () => {
    const migrated = migrate({ version: 1 }, { ...made, steps: { 2: made.steps[2] as (typeof made.steps)[number] } });
    expect(migrated.ok ? '' : migrated.text).toMatch(/version 1 are not taken any more/);
  });

  it('kept settings are brought up, those on trial as well, and what cannot be is left alone', () => {
    const [, old] = examples[0] as [number, Document];
    const trial = { rev: 9, doc: { ...newest, version: 3 }, needs: [], confirmSeconds: 60, bootId: 'b', deadlineMonoMs: 1 };
    const brought = bringUp({ ...noSettings, applied: { rev: 8, doc: old }, trial }, made);
    expect(brought).toMatchObject({ from: 1, settings: { applied: { rev: 8, doc: newest }, trial: { rev: 9, doc: newest } } });
    expect(brought?.what).toHaveLength(3);
    expect(bringUp({ ...noSettings, applied: { rev: 8, doc: newest } }, made)).toBeNull();
    expect(bringUp({ ...noSettings, applied: { rev: 8, doc: { version: 7 } } }, made)).toBeNull();
    expect(bringUp(noSettings, made)).toBeNull();
  });
});
