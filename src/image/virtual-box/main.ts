/** `tandem virtual-box build|run|test`: a whole box for developers without hardware. */
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sshReach } from '../../../hardware-tests/box.ts';
import { testBox } from '../../../hardware-tests/main.ts';
import { freeTcpPort } from '../../demo/free-port.ts';
import { exitCode, FatalError } from '../../model/exit.ts';
import { untilSignal } from '../../signals.ts';
import { architectures } from '../architecture.ts';
import { buildTree, checkout, workFolder } from '../package.ts';
import { Workshop } from '../tools.ts';
import { boxConfiguration, type Desk, setUpDesk } from './desk.ts';
import { buildBoot, buildDisk, buildSquashfs, idIn } from './disk.ts';
import { Machine } from './machine.ts';
import { patience } from './patience.ts';
import { buildRoot, suite } from './rootfs.ts';

export interface VirtualBoxOptions {
  action: 'build' | 'run' | 'test';
  /** Take the image as it was built last. */
  asBuilt: boolean;
  /** Of the tests only those whose name contains this. */
  only?: string;
  /** JSON report of `test`. */
  report?: string;
}

const folder = join(workFolder, 'virtual-box');
const squashfs = join(folder, 'root.squashfs');
const root = join(folder, 'root');
const key = join(folder, 'key');

/** @returns 0, or what the hardware tests return. @throws FatalError with one sentence. */
export async function runVirtualBox(options: VirtualBoxOptions): Promise<number> {
  if (process.getuid?.() !== 0) throw new FatalError(exitCode.usage, 'only root can make a root file system with files of other users: run it as root');
  const shop = new Workshop(join(workFolder, 'virtual-box.log'));
  try {
    await shop.need({
      mmdebstrap: 'mmdebstrap',
      mksquashfs: 'squashfs-tools',
      sgdisk: 'gdisk',
      'mkfs.ext4': 'e2fsprogs',
      depmod: 'kmod',
      cpio: 'cpio',
      'ssh-keygen': 'openssh-client',
      'systemd-sysusers': 'systemd',
      'qemu-system-aarch64': 'qemu-system-arm',
    });
    if (!options.asBuilt || !existsSync(squashfs)) await build(shop);
    if (options.action === 'build') return exitCode.ok;
    return await withMachine(shop, (machine, desk, ports) => (options.action === 'test' ? test(machine, desk, ports, options) : stay(shop, machine, ports)));
  } finally {
    await shop.close();
  }
}

async function build(shop: Workshop): Promise<void> {
  mkdirSync(folder, { recursive: true });
  if (!existsSync(key)) await shop.run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'virtual-box', '-f', key]);
  const plan = {
    // What the .deb holds, without the minutes of packing it.
    tree: await buildTree(shop, architectures.arm64),
    image: join(checkout, 'systemd/image'),
    packages: readFileSync(join(checkout, 'debian-packages.txt'), 'utf8'),
    publicKey: readFileSync(`${key}.pub`, 'utf8'),
    base: join(workFolder, `debian-${suite}-arm64`),
    folder: root,
  };
  const kernel = await shop.step('root file system', () => buildRoot(shop, plan));
  await shop.step('kernel and initrd', () => buildBoot(shop, root, kernel, folder));
  await shop.step('squashfs', () => buildSquashfs(shop, root, squashfs));
}

interface Ports {
  ssh: number;
  page: number;
}

/** A disk of its own for each run, so that runs do not see each other's data. */
async function withMachine(shop: Workshop, use: (machine: Machine, desk: Desk, ports: Ports) => Promise<number>): Promise<number> {
  const scratch = mkdtempSync(join(tmpdir(), 'tandem-virtual-box-'));
  const desk = await setUpDesk(checkout, scratch);
  const disk = join(scratch, 'disk.img');
  const data = join(scratch, 'data');
  for (const part of ['config', 'tandem', 'cache']) mkdirSync(join(data, part), { recursive: true });
  writeFileSync(join(data, 'config/tandem.yaml'), boxConfiguration(desk), { mode: 0o640 });
  for (const path of ['config', 'config/tandem.yaml']) chownSync(join(data, path), 0, idIn(root, 'group', 'tandem'));
  const ports = { ssh: await freeTcpPort(), page: await freeTcpPort() };
  const machine = new Machine({
    kernel: join(folder, 'vmlinuz'),
    initrd: join(folder, 'initrd.img'),
    disk,
    folder: scratch,
    sshPort: ports.ssh,
    pagePort: ports.page,
  });
  let kept = false;
  try {
    await shop.step('disk', () => buildDisk(shop, squashfs, data, disk));
    await machine.powerOn();
    shop.say(`the virtual box starts: console in ${machine.consolePath}`);
    // Whoever ends this verb must not leave a machine running.
    const code = await Promise.race([use(machine, desk, ports), untilSignal().then(() => exitCode.ok)]);
    kept = code !== exitCode.ok;
    return code;
  } catch (error) {
    kept = true;
    throw error;
  } finally {
    await machine.powerOff();
    await desk.stop();
    rmSync(disk, { force: true });
    if (kept) shop.say(`logs are kept in ${scratch}`);
    else rmSync(scratch, { recursive: true, force: true });
  }
}

async function test(machine: Machine, desk: Desk, ports: Ports, options: VirtualBoxOptions): Promise<number> {
  const reach = sshReach(
    {
      destination: 'root@127.0.0.1',
      port: ports.ssh,
      identity: key,
      anyHostKey: true,
      patience,
      page: `http://127.0.0.1:${ports.page}/`,
      broker: `mqtt://127.0.0.1:${desk.brokerPort}`,
    },
    {
      cutPower: async () => {
        await machine.cutPower();
        await machine.powerOn();
      },
      setLine: (line, high) => machine.setLine(line, high),
      setCable: (plugged) => machine.setCable(plugged),
    },
  );
  try {
    return await testBox(reach, {
      disruptive: true,
      firstAnswerMsMax: 120_000 * patience,
      ...(options.only === undefined ? {} : { only: options.only }),
      ...(options.report === undefined ? {} : { report: options.report }),
    });
  } finally {
    reach.close();
  }
}

async function stay(shop: Workshop, machine: Machine, ports: Ports): Promise<number> {
  shop.say(`page: http://127.0.0.1:${ports.page}/ (in about a minute)`);
  shop.say(`login: ssh -i ${key} -p ${ports.ssh} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null root@127.0.0.1`);
  shop.say('Ctrl-C shuts it down');
  await machine.ended();
  return exitCode.ok;
}
