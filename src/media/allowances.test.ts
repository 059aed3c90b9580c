import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { pathSchema } from '../config/schema.ts';
import { makeLogger } from '../log.ts';
import type { Notice } from '../model/event.ts';
import type { PathStatus } from '../model/status.ts';
import { Allowances } from './allowances.ts';

let directory: string;
const made: Allowances[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-allowances-'));
});
afterEach(async () => {
  // What a turn has begun to write is written: not into a directory that is being removed.
  await Promise.all(made.splice(0).map((one) => one.save()));
  rmSync(directory, { recursive: true, force: true });
});

const november = Date.UTC(2026, 10, 28);
const paths = [pathSchema.parse({ id: 'eth', interface: 'eth0' }), pathSchema.parse({ id: 'lte', interface: 'wwan0', allowanceMb: 100 })];
const sent = (megabytes: number) => [{ id: 'lte', sentBytes: megabytes * 900_000, receivedBytes: megabytes * 100_000 } as PathStatus];

function make(): { allowances: Allowances; told: Notice[]; allowed: Map<string, boolean> } {
  const told: Notice[] = [];
  const allowed = new Map<string, boolean>();
  const options = {
    paths,
    file: join(directory, 'a.json'),
    onAllow: (id: string, yes: boolean) => void allowed.set(id, yes),
    onNotice: (one: Notice) => void told.push(one),
  };
  const allowances = new Allowances({ ...options, log: makeLogger('test') });
  made.push(allowances);
  return { allowances, told, allowed };
}

test('the use of a month is told and shown against what is allowed: low, used, and free again with the next month', async () => {
  const { allowances, told, allowed } = make();
  allowances.turn(sent(50), november, 0);
  expect(allowances.usage('lte')).toEqual({ month: '2026-11', usedBytes: 50e6, allowedBytes: 100e6, state: 'ok' });
  expect(allowances.usage('eth')).toBeNull();
  allowances.turn(sent(85), november, 1000);
  allowances.turn(sent(100), november, 2000);
  expect(allowances.usage('lte')).toMatchObject({ usedBytes: 100e6, state: 'used' });
  expect(allowed.get('lte')).toBe(false);
  allowances.turn(sent(100), Date.UTC(2026, 11, 1), 3000);
  expect(told.map(({ severity, reason, to }) => [severity, reason, to])).toEqual([
    ['warning', 'allowance-low', 'low'],
    ['warning', 'allowance-used', 'used'],
    ['clear', 'recovered', 'ok'],
  ]);
  expect(allowed.get('lte')).toBe(true);
});

test('a restart goes on where the last run stood', async () => {
  const first = make();
  first.allowances.turn(sent(30), november, 0);
  first.allowances.turn(sent(32), november, 1000);
  await first.allowances.save();
  const second = make();
  second.allowances.turn(sent(5), november, 0);
  expect(second.allowances.usage('lte')).toMatchObject({ usedBytes: 37e6 });
});
