import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeLogger } from '../log.ts';
import { Strength } from './strength.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tandem-strength-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(folder: string, files: Record<string, string>): void {
  mkdirSync(join(root, folder), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, folder, name), text);
}

it('reads the hottest zone and the firmware of a Raspberry Pi', async () => {
  put('sys/class/thermal/thermal_zone0', { type: 'cpu-thermal\n', temp: '61200\n' });
  put('sys/class/thermal/thermal_zone1', { type: 'rp1\n', temp: '83400\n' });
  put('sys/devices/platform/soc/soc:firmware', { get_throttled: '4\n' });
  expect(await new Strength(makeLogger('media'), root).read()).toEqual({ temperatureC: 83.4, throttled: true });
});

it('a Jetson is throttled while its over-current events increase', async () => {
  put('sys/class/hwmon/hwmon3', { name: 'soctherm_oc\n', oc1_event_cnt: '2\n' });
  const strength = new Strength(makeLogger('media'), root);
  expect((await strength.read()).throttled).toBe(false);
  put('sys/class/hwmon/hwmon3', { oc1_event_cnt: '3\n' });
  expect((await strength.read()).throttled).toBe(true);
  expect((await strength.read()).throttled).toBe(false);
});

it('a machine that tells nothing is not strained', async () => {
  expect(await new Strength(makeLogger('media'), root).read()).toEqual({ temperatureC: null, throttled: null });
});
