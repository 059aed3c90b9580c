import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Telemetry } from '../model/telemetry.ts';
import { realDisk } from './disk.ts';
import { TelemetryStore } from './telemetry-store.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-telemetry-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const sample = (mono: number): Telemetry => ({ t: null, mono, air: true, in: 'cam1', kbps: 4000, target: 4000, paths: {}, cpu: 1, temp: 40 });
async function missed(store: TelemetryStore, after: number): Promise<number[]> {
  const found: number[] = [];
  for await (const { n } of store.missed(after)) found.push(n);
  return found;
}

test('what did not reach the broker is found again, in order, over a restart and a torn write', async () => {
  const first = new TelemetryStore(directory, realDisk);
  for (let mono = 1; mono <= 30; mono++) first.record(sample(mono), mono <= 5 || mono > 20);
  await first.close();
  expect(await missed(first, 0)).toEqual([6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
  truncateSync(join(directory, 'telemetry.jsonl'), statSync(join(directory, 'telemetry.jsonl')).size - 40);
  const second = new TelemetryStore(directory, realDisk);
  second.record(sample(31), false);
  await second.close();
  expect(await missed(second, 18)).toEqual([19, 20, 30]);
});

test('it does not grow without end', async () => {
  const store = new TelemetryStore(directory, realDisk);
  const large = { ...sample(1), in: 'x'.repeat(60_000) };
  for (let index = 0; index < 300; index++) {
    store.record(large, false);
    if (index % 10 === 9) await store.flush();
  }
  await store.close();
  const bytes = readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
  expect(bytes).toBeLessThan(11_000_000);
});
