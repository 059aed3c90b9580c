/** What QEMU boots: kernel, a hand-made initrd of busybox and a few modules, and a disk with two root slots and a data partition. */
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { exitCode, FatalError } from '../../model/exit.ts';
import type { Workshop } from '../tools.ts';

const mebibyte = 1024 * 1024;
/** Room for a root file system twice as large as today's. */
const slotMiB = 900;
const dataMiB = 256;

/** What is needed before the root file system is there. The watchdog, because Debian forbids these drivers to load by themselves. */
const early = ['virtio_blk', 'virtio_pci', 'squashfs', 'i6300esb'];

const init = `#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev
for module in $(/bin/busybox cat /modules/order); do /bin/busybox insmod /modules/$module; done
for word in $(/bin/busybox cat /proc/cmdline); do
  case $word in root=*) root=\${word#root=} ;; esac
done
tries=0
while [ ! -b "$root" ] && [ $tries -lt 50 ]; do /bin/busybox sleep 0.1; tries=$((tries + 1)); done
/bin/busybox mount -t squashfs -o ro "$root" /root || exec /bin/busybox sh
/bin/busybox umount /proc /sys
/bin/busybox mount --move /dev /root/dev
exec /bin/busybox switch_root /root /sbin/init
`;

/** @returns paths of kernel and initrd in `out`. */
export async function buildBoot(shop: Workshop, root: string, kernel: string, out: string): Promise<{ kernel: string; initrd: string }> {
  const tree = join(out, 'initrd');
  rmSync(tree, { recursive: true, force: true });
  for (const path of ['bin', 'dev', 'proc', 'sys', 'root', 'modules']) mkdirSync(join(tree, path), { recursive: true });
  const busybox = ['usr/bin/busybox', 'bin/busybox'].map((path) => join(root, path)).find(existsSync);
  if (busybox === undefined) throw new FatalError(exitCode.failure, 'the root file system has no busybox for the initrd');
  cpSync(busybox, join(tree, 'bin/busybox'));
  const order: string[] = [];
  for (const module of early) {
    const shown = await shop.run('modprobe', ['--dirname', root, '--set-version', kernel, '--show-depends', '--ignore-install', module]);
    for (const [, path] of shown.matchAll(/^insmod (\S+)/gm)) if (path !== undefined && !order.includes(path)) order.push(path);
  }
  const names: string[] = [];
  for (const path of order) {
    const name = basename(path).replace(/\.(xz|zst)$/, '');
    if (path.endsWith('.xz')) await shop.run('sh', ['-c', 'xz -dc "$1" >"$2"', 'sh', path, join(tree, 'modules', name)]);
    else if (path.endsWith('.zst')) await shop.run('sh', ['-c', 'zstd -dqc "$1" >"$2"', 'sh', path, join(tree, 'modules', name)]);
    else cpSync(path, join(tree, 'modules', name));
    names.push(name);
  }
  writeFileSync(join(tree, 'modules/order'), `${names.join('\n')}\n`);
  writeFileSync(join(tree, 'init'), init);
  chmodSync(join(tree, 'init'), 0o755);
  const initrd = join(out, 'initrd.img');
  await shop.run('sh', ['-c', 'find . | cpio --quiet -o -H newc | gzip -1 >"$1"', 'sh', initrd], { cwd: tree });
  rmSync(tree, { recursive: true });
  const image = join(out, 'vmlinuz');
  cpSync(join(root, `boot/vmlinuz-${kernel}`), image);
  return { kernel: image, initrd };
}

export async function buildSquashfs(shop: Workshop, root: string, file: string): Promise<void> {
  rmSync(file, { force: true });
  await shop.run('mksquashfs', [root, file, '-comp', 'zstd', '-Xcompression-level', '3', '-noappend', '-no-progress', '-quiet', '-e', 'boot']);
  if (statSync(file).size > slotMiB * mebibyte)
    throw new FatalError(exitCode.failure, `the root file system has ${Math.ceil(statSync(file).size / mebibyte)} MiB, more than a slot (${slotMiB} MiB)`);
}

/** @param data folder whose content, with its owners, is what the data partition starts with. */
export async function buildDisk(shop: Workshop, squashfs: string, data: string, file: string): Promise<void> {
  rmSync(file, { force: true });
  writeFileSync(file, '');
  truncateSync(file, (2 * slotMiB + dataMiB + 2) * mebibyte);
  const sizes = ['-n', `1:1MiB:+${slotMiB}MiB`, '-c', '1:slot-a', '-n', `2:0:+${slotMiB}MiB`, '-c', '2:slot-b', '-n', '3:0:0', '-c', '3:data'];
  await shop.run('sgdisk', ['--clear', ...sizes, file]);
  await shop.run('dd', [`if=${squashfs}`, `of=${file}`, 'bs=1M', 'seek=1', 'conv=notrunc', 'status=none']);
  const partition = `${file}.data`;
  rmSync(partition, { force: true });
  writeFileSync(partition, '');
  truncateSync(partition, (dataMiB - 1) * mebibyte);
  await shop.run('mkfs.ext4', ['-q', '-F', '-L', 'data', '-d', data, partition]);
  await shop.run('dd', [`if=${partition}`, `of=${file}`, 'bs=1M', `seek=${1 + 2 * slotMiB}`, 'conv=notrunc,sparse', 'status=none']);
  rmSync(partition);
}

/** Numeric id of a user or group in the box's own files. */
export function idIn(root: string, file: 'passwd' | 'group', name: string): number {
  const line = readFileSync(join(root, 'etc', file), 'utf8')
    .split('\n')
    .find((one) => one.startsWith(`${name}:`));
  const id = Number(line?.split(':')[2]);
  if (!Number.isInteger(id)) throw new FatalError(exitCode.failure, `the root file system has no ${name} in /etc/${file}`);
  return id;
}
