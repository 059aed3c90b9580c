/**
 * How worn the flash memory is that a directory lies on, from the kernel's own files (sysfs; below `root`, so that tests give it a tree of their own).
 * eMMC tells it (JESD84-B51, EXT_CSD: DEVICE_LIFE_TIME_EST_TYP_A and _B, PRE_EOL_INFO). SD cards tell nothing; NVMe and disks tell root alone.
 */
import { readdir, readFile, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

export interface FlashFacts {
  /** As the kernel calls it: mmcblk0. */
  device: string;
  kind: 'emmc' | 'sd' | 'nvme' | 'other';
  /** Of its life, in steps of ten: the upper end of the tenth that it tells. Null: it does not tell. */
  usedPct: number | null;
  /** What is left of the spare blocks. warning: 80 % used; urgent: 90 %. Null: it does not tell. */
  reserve: 'normal' | 'warning' | 'urgent' | null;
}

/** Device mapper over device mapper: encrypted and verified. */
const layersMax = 4;

/** `device`: `st_dev` of stat(2). Null: it is no block device (an overlay, memory, a network), or the kernel does not say. */
export async function readFlash(root: string, device: number): Promise<FlashFacts | null> {
  // gnu_dev_major and gnu_dev_minor of glibc.
  const [major, minor] = [(device >>> 8) & 0xfff, (device & 0xff) | ((device >>> 12) & 0xfff00)];
  const disk = await diskOf(join(root, 'sys/dev/block', `${major}:${minor}`), layersMax);
  if (disk === null) return null;
  const name = basename(disk);
  if (name.startsWith('nvme')) return { device: name, kind: 'nvme', usedPct: null, reserve: null };
  if (!name.startsWith('mmcblk')) return { device: name, kind: 'other', usedPct: null, reserve: null };
  if ((await text(join(disk, 'device/type'))) !== 'MMC') return { device: name, kind: 'sd', usedPct: null, reserve: null };
  return {
    device: name,
    kind: 'emmc',
    usedPct: lifeTime((await text(join(disk, 'device/life_time'))) ?? ''),
    reserve: preEol((await text(join(disk, 'device/pre_eol_info'))) ?? ''),
  };
}

/** `0x01 0x03`, for the two kinds of cells: 1 is up to 10 % of the life, 10 up to 100 %, 11 more than that; 0 not told. The worse one counts. */
export function lifeTime(line: string): number | null {
  const tenths = line
    .trim()
    .split(/\s+/)
    .map((one) => (/^0x[0-9a-f]{1,2}$/i.test(one) ? Number.parseInt(one, 16) : 0))
    .filter((tenth) => tenth >= 1 && tenth <= 11);
  return tenths.length === 0 ? null : Math.min(100, 10 * Math.max(...tenths));
}

function preEol(line: string): FlashFacts['reserve'] {
  const kinds = { 1: 'normal', 2: 'warning', 3: 'urgent' } as const;
  const kind = Number.parseInt(line.trim(), 16);
  return kind === 1 || kind === 2 || kind === 3 ? kinds[kind] : null;
}

/** The disk that a block device is, is a partition of, or is made from. */
async function diskOf(link: string, layers: number): Promise<string | null> {
  let folder: string;
  try {
    folder = await realpath(link);
  } catch {
    return null;
  }
  if ((await text(join(folder, 'partition'))) !== null) folder = dirname(folder);
  const below = await readdir(join(folder, 'slaves')).catch(() => []);
  const first = below.sort()[0];
  return first === undefined || layers === 0 ? folder : diskOf(join(folder, 'slaves', first), layers - 1);
}

async function text(path: string): Promise<string | null> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch {
    return null;
  }
}
