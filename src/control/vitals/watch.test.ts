import { expect, test } from 'vitest';
import { vitalsSchema } from '../../config/schema.ts';
import type { VitalsStatus } from '../../model/vitals.ts';
import { boxWatches, WatchBoard } from './watch.ts';

const watches = boxWatches(vitalsSchema.parse({}));
const healthy: VitalsStatus = {
  monoMs: 0,
  uptimeS: 100,
  model: null,
  cpuPct: 30,
  load1: 0.5,
  memoryTotalBytes: 4e9,
  memoryAvailableBytes: 3e9,
  diskTotalBytes: 3e10,
  diskUsedPct: 20,
  diskWritable: true,
  temperatureC: 55,
  zones: {},
  underVoltage: false,
  throttled: false,
  throttledSinceBoot: false,
  powerW: null,
  flash: { device: 'mmcblk0', kind: 'emmc', usedPct: 20, reserve: 'normal' },
  clockSynchronised: true,
};

/** Feeds `of(seconds)` every 5 s; returns what was said, with its second. */
function run(seconds: number, of: (second: number) => Partial<VitalsStatus>): string[] {
  const board = new WatchBoard();
  const said: string[] = [];
  for (let second = 0; second <= seconds; second += 5)
    for (const one of board.judge(watches, { ...healthy, ...of(second) }, second * 1000)) said.push(`${second} ${one.severity} ${one.reason}`);
  return said;
}

test('a healthy box says nothing', () => {
  expect(run(600, () => ({}))).toEqual([]);
});

test('heat is raised after its time and cleared well below, not at the mark', () => {
  expect(run(200, (second) => ({ temperatureC: second < 50 ? 81 : second < 100 ? 79 : 70 }))).toEqual(['10 warning temperature-high', '130 clear recovered']);
});

test('a figure that dances around its mark does not flap', () => {
  expect(run(600, (second) => ({ temperatureC: second % 10 === 0 ? 81 : 79 }))).toEqual([]);
  expect(run(600, (second) => ({ temperatureC: second < 20 || second % 10 === 0 ? 81 : 77 }))).toEqual(['10 warning temperature-high']);
});

test('a weak power supply is said at once', () => {
  expect(run(100, (second) => ({ underVoltage: second === 20 }))).toEqual(['20 warning under-voltage', '85 clear recovered']);
});

test('short memory, a full disk, a disk that cannot be written and a clock that is not set are each raised', () => {
  expect(run(130, () => ({ memoryAvailableBytes: 5e7, diskUsedPct: 95, diskWritable: false, clockSynchronised: false }))).toEqual([
    '0 warning disk-full',
    '0 warning disk-error',
    '10 warning memory-low',
    '120 warning clock-unset',
  ]);
});

test('flash that is worn, or short of spare blocks, is said at once; a card that tells nothing is not', () => {
  const flash = (usedPct: number | null, reserve: 'normal' | 'warning' | 'urgent' | null) => ({
    flash: { device: 'mmcblk0', kind: 'emmc' as const, usedPct, reserve },
  });
  expect(run(20, (second) => flash(second < 10 ? 70 : 80, 'normal'))).toEqual(['10 warning flash-worn']);
  expect(run(20, (second) => flash(20, second < 10 ? 'normal' : 'urgent'))).toEqual(['10 warning flash-worn']);
  expect(run(20, () => ({ flash: { device: 'mmcblk0', kind: 'sd' as const, usedPct: null, reserve: null } }))).toEqual([]);
  // Another eMMC was put in.
  expect(run(20, (second) => flash(second < 10 ? 90 : 10, 'normal'))).toEqual(['0 warning flash-worn', '10 clear recovered']);
});

test('what a machine cannot tell is no reason for anything', () => {
  expect(
    run(600, () => ({
      temperatureC: null,
      cpuPct: null,
      diskUsedPct: null,
      diskWritable: null,
      underVoltage: null,
      throttled: null,
      clockSynchronised: null,
      flash: null,
    })),
  ).toEqual([]);
});
