import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FailingDisk } from '../lab/failing-disk.ts';
import { cutPower } from '../lab/power-cuts.ts';
import { notice, type TandemEvent } from '../model/event.ts';
import { type Journal, openJournal } from './journal.ts';

let directory: string;
let troubles: string[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-journal-'));
  troubles = [];
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const open = (): Journal => openJournal(directory, (trouble) => troubles.push(trouble ?? 'well'));
const event = (seq: number, session = 'a'): TandemEvent => ({
  ...notice({ severity: 'info', subject: { kind: 'path', id: 'eth' }, what: 'path.state', reason: 'recovered', text: `event ${seq}` }),
  seq,
  session,
  bootId: 'b',
  monoMs: seq,
  wallMs: null,
});
const file = () => join(directory, 'events.jsonl');
const ids = (journal: Journal) => journal.recent(100_000).map(({ id }) => id);

test('numbers run on after a restart, and what the media daemon sends twice is kept once', async () => {
  const first = open();
  for (let seq = 1; seq <= 3; seq++) expect(first.append(event(seq), 'media')?.id).toBe(seq);
  expect(first.append(event(2), 'media')).toBeNull();
  await first.close();
  const second = open();
  expect(second.append(event(3), 'media')).toBeNull();
  expect(second.append(event(4), 'media')?.id).toBe(4);
  expect(second.append(event(1, 'b'), 'control')?.id).toBe(5);
  expect(second.lastOfMedia()).toEqual({ session: 'a', seq: 4 });
  await second.close();
  expect(ids(open())).toEqual([1, 2, 3, 4, 5]);
});

test('a file torn at any byte opens, keeps every whole line, and goes on', async () => {
  const first = open();
  for (let seq = 1; seq <= 4; seq++) first.append(event(seq), 'media');
  await first.close();
  const whole = readFileSync(file());
  const lineEnds = [...whole.entries()].filter(([, byte]) => byte === 0x0a).map(([at]) => at + 1);
  for (let length = 0; length <= whole.length; length += 7) {
    writeFileSync(file(), whole);
    truncateSync(file(), length);
    const journal = open();
    // A line without its end is whole when all of it is there.
    const kept = lineEnds.filter((end) => end - 1 <= length).length;
    expect(ids(journal)).toEqual(Array.from({ length: kept }, (_, index) => index + 1));
    expect(journal.append(event(100), 'media')?.id).toBe(kept + 1);
    await journal.close();
    expect(ids(open()).at(-1)).toBe(kept + 1);
  }
  expect(troubles).toEqual([]);
});

test('rubbish in the file is passed over', async () => {
  const first = open();
  first.append(event(1), 'media');
  await first.close();
  appendFileSync(file(), '\u0000\u0000\n{"id":"x"}\n[]\n{"id":1}\n');
  const second = open();
  expect(ids(second)).toEqual([1]);
  expect(second.append(event(2), 'media')?.id).toBe(2);
  await second.close();
});

test('a cursor is kept, never goes back, and never points past what there is', async () => {
  const first = open();
  for (let seq = 1; seq <= 5; seq++) first.append(event(seq), 'media');
  first.advance('mqtt', 4);
  first.advance('mqtt', 2);
  await first.close();
  expect(open().cursor('mqtt')).toBe(4);
  expect(
    open()
      .after(4, 10)
      .map(({ id }) => id),
  ).toEqual([5]);
});

test('a cursor file that is torn in one place gives what stood before, and one that is rubbish gives everything again', async () => {
  const path = join(directory, 'cursors');
  const first = open();
  for (let seq = 1; seq <= 5; seq++) first.append(event(seq), 'media');
  for (const id of [2, 3]) {
    first.advance('mqtt', id);
    await settled(() => existsSync(path) && readFileSync(path, 'latin1').includes(`"mqtt":${id}`));
  }
  await first.close();
  const whole = readFileSync(path, 'latin1');
  const newest = whole.indexOf('"mqtt":3') < 1024 ? 0 : 1024;
  writeFileSync(path, whole.slice(0, newest) + '\0'.repeat(300) + whole.slice(newest + 300), 'latin1');
  expect(open().cursor('mqtt')).toBe(2);
  writeFileSync(path, 'rubbish');
  expect(open().cursor('mqtt')).toBe(0);
});

test('200 power cuts at any operation of the disk, with torn writes: nothing acknowledged is missing', { timeout: 120_000 }, async () => {
  const figures = await cutPower(200, 1);
  expect(figures).toMatchObject({ cuts: 200, missing: 0, changed: 0, twice: 0, beyond: 0 });
  expect(figures.acknowledged).toBeGreaterThan(1000);
});

test('a full disk is said once, delays nobody, and takes what it missed when there is room', { timeout: 30_000 }, async () => {
  const disk = new FailingDisk(1);
  const journal = openJournal('/journal', (trouble) => troubles.push(trouble ?? 'well'), disk);
  journal.append(event(1), 'media');
  await settled(() => journal.readyId === 1);
  disk.refusal = 'ENOSPC';
  for (let seq = 2; seq <= 50; seq++) journal.append(event(seq), 'media');
  await settled(() => journal.readyId === 50);
  expect(troubles).toEqual(['ENOSPC']);
  disk.refusal = null;
  await settled(() => troubles.length === 2);
  expect(troubles).toEqual(['ENOSPC', 'well']);
  expect(ids(openJournal('/journal', () => undefined, disk)).at(-1)).toBe(50);
});

test('a disk that takes 4 s is said, delays an event by a second at most, and is well again by itself', { timeout: 30_000 }, async () => {
  const disk = new FailingDisk(1);
  const journal = openJournal('/journal', (trouble) => troubles.push(trouble ?? 'well'), disk);
  disk.syncMs = 4000;
  const sinceMs = performance.now();
  journal.append(event(1), 'media');
  await settled(() => journal.readyId === 1);
  expect(performance.now() - sinceMs).toBeLessThan(3500);
  await settled(() => troubles.length === 1);
  disk.syncMs = 0;
  await settled(() => troubles.length === 2);
  expect(troubles).toEqual(['slow', 'well']);
});

const settled = async (test: () => boolean): Promise<void> => {
  while (!test()) await new Promise((resolve) => setTimeout(resolve, 10));
};

test('an event may leave the box when it is on the disk', async () => {
  const journal = open();
  const ready: number[] = [];
  journal.subscribe((one) => one === null && ready.push(journal.readyId));
  journal.append(event(1), 'media');
  expect(journal.readyId).toBe(0);
  await journal.close();
  expect(ready).toEqual([1]);
});

test('without a disk it works from memory and says so once', async () => {
  rmSync(directory, { recursive: true });
  writeFileSync(directory, 'a file where the folder should be');
  const journal = open();
  for (let seq = 1; seq <= 3; seq++) journal.append(event(seq), 'media');
  await journal.close();
  expect(ids(journal)).toEqual([1, 2, 3]);
  expect(journal.readyId).toBe(3);
  expect(troubles).toHaveLength(1);
});

test('it does not grow without end', async () => {
  let journal = open();
  for (let seq = 1; seq <= 12_000; seq++) {
    journal.append({ ...event(seq), text: 'x'.repeat(300) }, 'media');
    if (seq % 1000 === 0) {
      await journal.close();
      journal = open();
    }
  }
  await journal.close();
  const bytes = readFileSync(file()).length + readFileSync(join(directory, 'events.1.jsonl')).length;
  expect(bytes).toBeLessThan(6 * 1024 * 1024);
  expect(journal.recent(100_000).length).toBeLessThanOrEqual(4000);
  expect(ids(open()).at(-1)).toBe(12_000);
});
