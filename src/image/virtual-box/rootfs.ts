/**
 * A Debian root file system for arm64, made on a machine of another architecture without running any of it: mmdebstrap unpacks the
 * packages, and host tools do what the packages' own scripts would have done, as far as a box needs it. About 100 s and 1.2 GB.
 */
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dependencies } from '../deb.ts';
import { debianSources } from '../sysroot.ts';
import type { Workshop } from '../tools.ts';
import { patience } from './patience.ts';

/** Debian 13: GStreamer 1.26, libsrt 1.5.4, Linux 6.12. The checkout is developed on Debian 12, so that both are tried. */
export const suite = 'trixie';

/** A box beside what Tandem depends on: kernel, services of the system, a way in. */
const system = [
  'linux-image-arm64',
  'systemd-sysv',
  'systemd-timesyncd',
  'systemd-resolved',
  'dbus',
  'openssh-server',
  'openssh-sftp-server',
  'kmod',
  'e2fsprogs',
  'iputils-ping',
  'busybox-static',
  'libpam-modules',
  'netbase',
];

/** Never read on a box without a screen and a person in front of it. */
const superfluous = [
  'usr/share/doc',
  'usr/share/man',
  'usr/share/locale',
  'usr/share/info',
  'usr/share/lintian',
  'usr/share/icons',
  'usr/share/bug',
  'usr/lib/gcc',
  'usr/include',
];
/** Drivers of real hardware: the virtual box has none of it. */
const superfluousModules = [
  'drivers/gpu',
  'drivers/net/wireless',
  'drivers/net/ethernet',
  'drivers/infiniband',
  'drivers/scsi',
  'drivers/iio',
  'drivers/hid',
  'drivers/staging',
  'drivers/ata',
  'drivers/mtd',
  'drivers/mmc',
  'drivers/media/dvb-frontends',
  'drivers/media/pci',
  'drivers/media/tuners',
  'sound/soc',
  'sound/pci',
  'fs/btrfs',
  'fs/xfs',
  'fs/ocfs2',
  'fs/bcachefs',
  'fs/ceph',
  'fs/nfs',
  'fs/nfsd',
  'fs/smb',
  'fs/f2fs',
  'fs/gfs2',
];

export interface RootPlan {
  /** The laid-out tree of the package (bundle.ts). */
  tree: string;
  /** Text of debian-packages.txt. */
  packages: string;
  /** Files that only an image with a read-only root has (systemd/image). */
  image: string;
  /** Line for authorized_keys of root. */
  publicKey: string;
  /** Unpacked Debian without Tandem; kept between builds, since it changes seldom. */
  base: string;
  /** Result, emptied first. */
  folder: string;
}

/** @returns the version of the kernel, for its files below `boot/`. Needs root. */
export async function buildRoot(shop: Workshop, plan: RootPlan): Promise<string> {
  const kept = join(plan.base, packageStamp);
  if (!existsSync(kept) || readFileSync(kept, 'utf8') !== packageNames(plan.packages).join(' '))
    await shop.step(`Debian ${suite} for arm64, unpacked`, () => unpackDebian(shop, plan));
  const { folder } = plan;
  rmSync(folder, { recursive: true, force: true });
  await shop.run('cp', ['-a', '--reflink=auto', plan.base, folder]);
  await shop.run('cp', ['-a', '--no-preserve=ownership', `${plan.tree}/.`, folder]);
  const { image } = plan;
  cpSync(join(image, 'tandem-data.service'), join(folder, 'usr/lib/systemd/system/tandem-data.service'));
  cpSync(join(image, 'mount-data'), join(folder, 'usr/lib/tandem/systemd/mount-data'));
  await accounts(shop, folder);
  login(folder, plan.publicKey);
  await shop.run('ssh-keygen', ['-A', '-f', folder]);
  files(folder);
  await shop
    .run('systemd-tmpfiles', [`--root=${folder}`, '--create', 'tandem.conf'])
    .catch(() => shop.say('systemd-tmpfiles could not set the owner of the configuration; the box does it at start'));
  await shop.run('systemctl', [`--root=${folder}`, 'set-default', 'multi-user.target']);
  await shop.run('systemctl', [`--root=${folder}`, 'enable', ...enabled], { env: { SYSTEMCTL_SKIP_SYSV: '1' } });
  await shop.run('systemctl', [
    `--root=${folder}`,
    'mask',
    'e2scrub_reap.service',
    'ldconfig.service',
    'systemd-firstboot.service',
    'apt-daily.timer',
    'apt-daily-upgrade.timer',
    'dpkg-db-backup.timer',
  ]);
  const kernel = readdirSync(join(folder, 'usr/lib/modules'))[0] ?? '';
  await shop.run('depmod', ['-b', folder, kernel]);
  return kernel;
}

const enabled = [
  'tandem-data.service',
  'ssh.service',
  'systemd-networkd.service',
  'systemd-resolved.service',
  'systemd-timesyncd.service',
  'tandem-media.service',
  'tandem-control.service',
  'tandem-firewall.service',
  'tandem-firewall-open.service',
  'tandem-firewall-open.path',
];

async function unpackDebian(shop: Workshop, plan: RootPlan): Promise<void> {
  const staging = `${plan.base}.staging`;
  rmSync(staging, { recursive: true, force: true });
  const args = [
    '--architectures=arm64',
    '--variant=extract',
    '--include=?essential',
    `--include=${packageNames(plan.packages).join(',')}`,
    '--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr',
    suite,
    staging,
    '-',
  ];
  await shop.run('mmdebstrap', args, { input: Object.values(debianSources(suite)).join('\n\n') });
  for (const path of superfluous) rmSync(join(staging, path), { recursive: true, force: true });
  const modules = join(staging, 'usr/lib/modules');
  for (const kernel of readdirSync(modules))
    for (const path of superfluousModules) rmSync(join(modules, kernel, 'kernel', path), { recursive: true, force: true });
  writeFileSync(join(staging, packageStamp), packageNames(plan.packages).join(' '));
  rmSync(plan.base, { recursive: true, force: true });
  await shop.run('mv', [staging, plan.base]);
}

/** Which packages the kept base was made of. */
const packageStamp = 'usr/share/tandem-packages';

/** Where a dependency names alternatives, the one that this release has. */
function packageNames(packages: string): string[] {
  return [...dependencies(packages).map((one) => (one.includes('t64') ? 'libglib2.0-0t64' : (one.split('|')[0] ?? one).trim().replace(/ .*/, ''))), ...system];
}

/** passwd and group from base-passwd's masters, then everything that packages declare for systemd-sysusers. */
async function accounts(shop: Workshop, folder: string): Promise<void> {
  for (const name of ['passwd', 'group']) cpSync(join(folder, `usr/share/base-passwd/${name}.master`), join(folder, 'etc', name));
  const shadow = readFileSync(join(folder, 'etc/passwd'), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => `${line.split(':')[0]}:*:20000:0:99999:7:::`);
  writeFileSync(join(folder, 'etc/shadow'), `${shadow.join('\n')}\n`, { mode: 0o640 });
  // Debian 12's systemd-sysusers does not know the fully locked users (`u!`) of newer packages.
  const declared = join(folder, 'usr/lib/sysusers.d');
  for (const name of readdirSync(declared)) writeFileSync(join(declared, name), readFileSync(join(declared, name), 'utf8').replaceAll(/^u!/gm, 'u'));
  writeFileSync(join(declared, 'openssh-virtual-box.conf'), 'u sshd - "sshd" /run/sshd /usr/sbin/nologin\n');
  await shop.run('systemd-sysusers', [`--root=${folder}`]);
}

function login(folder: string, publicKey: string): void {
  const pam: Record<string, string> = {
    'common-auth': 'auth required pam_unix.so\n',
    'common-account': 'account required pam_unix.so\n',
    'common-password': 'password required pam_unix.so\n',
    'common-session': 'session required pam_unix.so\n',
    'common-session-noninteractive': 'session required pam_unix.so\n',
  };
  for (const [name, text] of Object.entries(pam)) writeFileSync(join(folder, 'etc/pam.d', name), text);
  mkdirSync(join(folder, 'etc/ssh/sshd_config.d'), { recursive: true });
  if (!existsSync(join(folder, 'etc/ssh/sshd_config'))) cpSync(join(folder, 'usr/share/openssh/sshd_config'), join(folder, 'etc/ssh/sshd_config'));
  writeFileSync(join(folder, 'etc/ssh/sshd_config.d/virtual-box.conf'), 'PermitRootLogin prohibit-password\nPasswordAuthentication no\nUseDNS no\n');
  mkdirSync(join(folder, 'root/.ssh'), { recursive: true, mode: 0o700 });
  chmodSync(join(folder, 'root'), 0o700);
  writeFileSync(join(folder, 'root/.ssh/authorized_keys'), `${publicKey.trim()}\n`, { mode: 0o600 });
}

/** Read-only root: what must last lives on the data partition, by named path; without that partition the box still comes up. */
function files(folder: string): void {
  const write = (path: string, text: string): void => {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  mkdirSync(join(folder, 'data'), { recursive: true });
  write('etc/fstab', '');
  write('etc/machine-id', '');
  write('etc/hostname', 'tandem\n');
  write('etc/hosts', '127.0.0.1 localhost tandem\n::1 localhost\n');
  rmSync(join(folder, 'etc/resolv.conf'), { force: true });
  symlinkSync('../run/systemd/resolve/stub-resolv.conf', join(folder, 'etc/resolv.conf'));
  // What update-alternatives would have chosen: FFmpeg's plugin is linked with both.
  const libraries = 'usr/lib/aarch64-linux-gnu';
  for (const name of ['blas', 'lapack']) {
    const real = `${name}/lib${name}.so.3`;
    if (existsSync(join(folder, libraries, real)) && !existsSync(join(folder, libraries, `lib${name}.so.3`)))
      symlinkSync(real, join(folder, libraries, `lib${name}.so.3`));
  }
  // A camera whose picture is drawn by the kernel.
  write('etc/modules-load.d/virtual-box.conf', 'vivid\n');
  write('etc/modprobe.d/virtual-box.conf', 'options vivid n_devs=1 node_types=0x1 num_inputs=1 input_types=0\n');
  // What is slow here is the processor, not the daemon: a start that takes minutes is none that failed.
  for (const [unit, startSeconds, watchdogSeconds] of [
    ['tandem-media', 90, 10],
    ['tandem-control', 60, 30],
  ] as const)
    write(
      `etc/systemd/system/${unit}.service.d/virtual-box.conf`,
      `[Service]\nTimeoutStartSec=${startSeconds * patience}\nWatchdogSec=${watchdogSeconds * patience}\n`,
    );
  // A board that hangs must hang, so that the watchdog is what starts it again.
  write('etc/sysctl.d/virtual-box.conf', 'kernel.panic=0\nkernel.sysrq=1\n');
}
