import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lifeTime, readFlash } from './flash.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tandem-flash-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function tree(files: Record<string, string>, links: Record<string, string>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), `${content}\n`);
  }
  for (const [path, target] of Object.entries(links)) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    symlinkSync(join(root, target), join(root, path));
  }
}

/** st_dev of 179:3. */
const partition = (179 << 8) | 3;
const disk = 'sys/devices/soc/mmc0/block/mmcblk0';

test('an eMMC tells how much of its life is used, the worse of its two kinds of cells, and what is left of its spare blocks', async () => {
  tree(
    {
      [`${disk}/mmcblk0p3/partition`]: '3',
      [`${disk}/device/type`]: 'MMC',
      [`${disk}/device/life_time`]: '0x02 0x09',
      [`${disk}/device/pre_eol_info`]: '0x02',
    },
    { 'sys/dev/block/179:3': `${disk}/mmcblk0p3` },
  );
  expect(await readFlash(root, partition)).toEqual({ device: 'mmcblk0', kind: 'emmc', usedPct: 90, reserve: 'warning' });
});

test('an SD card tells nothing, and is called one', async () => {
  tree({ [`${disk}/mmcblk0p3/partition`]: '3', [`${disk}/device/type`]: 'SD' }, { 'sys/dev/block/179:3': `${disk}/mmcblk0p3` });
  expect(await readFlash(root, partition)).toEqual({ device: 'mmcblk0', kind: 'sd', usedPct: null, reserve: null });
});

test('an encrypted partition is followed down to its disk', async () => {
  const nvme = 'sys/devices/pci/nvme/nvme0n1';
  tree(
    { [`${nvme}/nvme0n1p2/partition`]: '2', 'sys/devices/virtual/block/dm-0/size': '1' },
    { 'sys/dev/block/253:0': 'sys/devices/virtual/block/dm-0', 'sys/devices/virtual/block/dm-0/slaves/nvme0n1p2': `${nvme}/nvme0n1p2` },
  );
  expect(await readFlash(root, 253 << 8)).toEqual({ device: 'nvme0n1', kind: 'nvme', usedPct: null, reserve: null });
});

test('an overlay or memory is no flash', async () => {
  expect(await readFlash(root, 0x2a)).toBeNull();
});

test.each([
  ['0x00 0x00', null],
  ['0x01 0x01', 10],
  ['0x0a 0x01', 100],
  ['0x0b 0x0b', 100],
  ['', null],
  ['rubbish', null],
])('a life time of “%s” is %s', (line, pct) => {
  expect(lifeTime(line)).toBe(pct);
});
