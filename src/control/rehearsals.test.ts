import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeLogger } from '../log.ts';
import type { RehearsalReport } from '../model/rehearsal.ts';
import { RehearsalStore, reportsKept } from './rehearsals.ts';

const report = (id: string): RehearsalReport => ({
  id,
  box: 'box7',
  by: 'page',
  forced: false,
  monoMs: 1,
  wallMs: null,
  tookMs: 1,
  verdict: 'passed',
  reason: 'requested',
  text: 'no viewer noticed',
  steps: [],
  leftOut: [],
});

test('the last reports are kept, the newest first, each once, over a restart', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-reports-'));
  try {
    const store = new RehearsalStore(join(directory, 'rehearsals'), makeLogger('test'));
    for (let n = 0; n < reportsKept + 5; n++) store.keep(report(n.toString(16)));
    store.keep(report((reportsKept + 4).toString(16)));
    const ids = (await store.list()).map(({ id }) => id);
    expect(ids.length).toBe(reportsKept);
    expect(ids[0]).toBe((reportsKept + 4).toString(16));
    expect(readdirSync(join(directory, 'rehearsals')).length).toBe(reportsKept);
    writeFileSync(join(directory, 'rehearsals', '999999-ff.json'), '{ torn');
    const again = new RehearsalStore(join(directory, 'rehearsals'), makeLogger('test'));
    expect((await again.list()).map(({ id }) => id)).toEqual(ids);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('without a disk the last report is there all the same', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-reports-'));
  try {
    writeFileSync(join(directory, 'file'), '');
    const store = new RehearsalStore(join(directory, 'file', 'rehearsals'), makeLogger('test'));
    store.keep(report('aa'));
    expect((await store.list()).map(({ id }) => id)).toEqual(['aa']);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
