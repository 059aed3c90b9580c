/**
 * The Debian package on a clean Debian root file system of this machine's architecture: installed from nothing but Debian, checked,
 * removed, purged, and compared with what was there before. Takes minutes and a mirror, therefore a verb and not a test of every run.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { monoMs } from '../clock.ts';
import { freeTcpPort } from '../demo/free-port.ts';
import { exitCode, FatalError } from '../model/exit.ts';
import { manifestPath, systemFiles } from './bundle.ts';
import { debianSources } from './sysroot.ts';
import type { Workshop } from './tools.ts';

/** What apt, dpkg and the log keep of anything that was ever installed, and what does not outlive a boot. */
const bookkeeping =
  /^\.\/(var\/lib\/(apt|dpkg|systemd\/deb-systemd-helper-enabled)|var\/cache\/(apt|ldconfig|debconf|man)|var\/log|tmp|run)(\/|$)|^\.\/etc\/(passwd|group|shadow|gshadow|subuid|subgid)-$/;

/** Nothing of the launcher's: its cache of compiled code would be made inside. */
const cleanEnvironment = ['/usr/bin/env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'DEBIAN_FRONTEND=noninteractive', 'LC_ALL=C', 'HOME=/tmp'];

interface Traces {
  files: Set<string>;
  accounts: Record<string, string>;
}

/** @param suite release to install on; default: this machine's. @throws FatalError naming what is wrong. */
export async function checkInstall(shop: Workshop, deb: string, suite?: string): Promise<void> {
  if (process.getuid?.() !== 0) throw new FatalError(exitCode.usage, 'only root can make a root file system and change into it');
  await shop.need({ mmdebstrap: 'mmdebstrap', chroot: 'coreutils' });
  const root = mkdtempSync(join(tmpdir(), 'tandem-root-'));
  try {
    await shop.step('clean root file system', () => debootstrap(shop, root, suite));
    const depends = (await shop.run('dpkg-deb', ['-f', deb, 'Depends'])).trim();
    const inside = (...command: string[]): Promise<string> => shop.run('chroot', [root, ...cleanEnvironment, ...command]);
    // What Debian itself brings comes first, so that only Tandem's own traces are compared.
    await shop.step('what it depends on, from Debian', async () => {
      await shop.run('cp', ['--dereference', '/etc/resolv.conf', join(root, 'etc/resolv.conf')]);
      await inside('apt-get', '-q', 'satisfy', '-y', '--no-install-recommends', depends);
    });
    const before = await traces(shop, root);
    await shop.run('cp', [deb, join(root, 'tmp')]);
    const startedMs = monoMs();
    // Without a network: what Debian has is there, everything else must be on board.
    await inside('dpkg', '-i', `/tmp/${basename(deb)}`);
    shop.say(`installed without a network in ${((monoMs() - startedMs) / 1000).toFixed(1)} s`);
    await shop.step('installed: configuration, modules, units, owners', () => checkInstalled(root, inside));
    await shop.step('started: an RTMP input listens', () => checkRtmp(root));
    // As if it had run: state, cache, and a secret that a person put beside the configuration.
    await inside(
      'sh',
      '-c',
      'mkdir -p /var/lib/tandem/journal /var/cache/tandem-media; echo x | tee /var/lib/tandem/journal/1 /var/cache/tandem-media/x /etc/tandem/passphrase',
    );
    await inside('apt-get', '-q', 'remove', '-y', 'tandem');
    demand(existsSync(join(root, 'etc/tandem/tandem.yaml')), 'removing takes the configuration away; only purging may');
    demand(!existsSync(join(root, 'usr/lib/tandem')), 'removing leaves /usr/lib/tandem');
    await inside('apt-get', '-q', 'purge', '-y', 'tandem');
    compare(before, await traces(shop, root));
    shop.say('purged: nothing is left behind');
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function debootstrap(shop: Workshop, root: string, suite?: string): Promise<string> {
  const input = Object.values(debianSources(suite)).join('\n\n');
  return shop.run('mmdebstrap', ['--quiet', '--variant=apt', '--skip=cleanup/apt/lists', '--include=systemd,systemd-sysv,udev', '', root, '-'], { input });
}

async function checkInstalled(root: string, inside: (...command: string[]) => Promise<string>): Promise<void> {
  demand((await inside('tandem', 'config', 'check', '/etc/tandem/tandem.yaml')).includes('is right'), 'the example configuration is refused');
  await inside('sh', '-c', `cd / && sha256sum --quiet --check ${manifestPath}`);
  for (const module of ['koffi', 'gstreamer-superficial', 'epoll', 'onoff'])
    await inside('env', '--chdir=/usr/lib/tandem', 'bin/node', '--input-type=module', '-e', `await import('${module}')`);
  const units = systemFiles.flatMap((file) => /\/system\/([^/]+\.(?:service|path))$/.exec(file.to)?.[1] ?? []);
  // Exits with 1 when one is not.
  await inside('systemctl', 'is-enabled', ...units);
  const verified = await inside(
    'sh',
    '-c',
    `systemd-analyze verify --man=no ${units.map((unit) => `/usr/lib/systemd/system/${unit}`).join(' ')} 2>&1 | grep tandem || true`,
  );
  demand(verified === '', `systemd complains: ${verified.trim()}`);
  demand((statSync(join(root, 'etc/tandem/tandem.yaml')).mode & 0o777) === 0o640, 'the configuration can be read by everybody');
  const owners = (await inside('stat', '-c', '%U:%G', '/etc/tandem', '/etc/tandem/tandem.yaml')).trim();
  demand(owners === 'root:tandem\nroot:tandem', `the configuration belongs to ${owners.replace('\n', ' and ')}, not to root:tandem`);
  demand((await inside('id', '-nG', 'tandem-media')).includes('tandem-media'), 'there is no user tandem-media');
}

/** The media daemon and the worker of an rtmp input, run from what was installed: whoever pushes there gets the answer of the protocol. */
async function checkRtmp(root: string): Promise<void> {
  const port = await freeTcpPort();
  const configuration = {
    version: 1,
    inputs: [{ id: 'push', kind: 'rtmp', host: '127.0.0.1', port, key: 'of-the-check' }],
    media: { socket: '/tmp/media.sock' },
  };
  writeFileSync(join(root, 'tmp/rtmp.yaml'), JSON.stringify(configuration));
  // In a namespace of its own, so that with it everything ends that was started or mounted.
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child'];
  const script = 'mount -t proc proc /proc && exec tandem media --config /tmp/rtmp.yaml >/tmp/media.log 2>&1';
  const daemon = spawn('unshare', [...namespaces, 'chroot', root, ...cleanEnvironment, '/bin/sh', '-c', script], { stdio: 'ignore' });
  const gone = new Promise((resolve) => daemon.once('close', resolve));
  try {
    const startedMs = monoMs();
    let answer = -1;
    while (answer !== rtmpVersion && monoMs() - startedMs < 60_000) {
      await delay(500);
      answer = await rtmpAnswer(port).catch(() => -1);
    }
    const log = (): string => readFileSync(join(root, 'tmp/media.log'), 'utf8').trim().split('\n').at(-1) ?? '';
    demand(answer === rtmpVersion, `its RTMP input does not answer: ${answer === -1 ? log() : answer}`);
  } finally {
    daemon.kill('SIGKILL');
    await gone;
  }
}

/** RTMP 1.0, section 5.2: C0 and C1 are answered by S0, the version. Rejects when nobody listens. */
const rtmpVersion = 3;

function rtmpAnswer(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(Buffer.concat([Buffer.of(rtmpVersion), Buffer.alloc(1536)])));
    socket.setTimeout(5000, () => socket.destroy(new Error('silent')));
    socket.once('data', (bytes) => {
      resolve(bytes[0] ?? -1);
      socket.destroy();
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed')));
  });
}

async function traces(shop: Workshop, root: string): Promise<Traces> {
  const list = await shop.run('sh', ['-c', 'find . -xdev ! -path "./proc/*" ! -path "./dev/*" ! -path "./sys/*"'], { cwd: root });
  const accounts = Object.fromEntries(
    ['passwd', 'group', 'shadow', 'gshadow'].map((name) => [
      name,
      readFileSync(join(root, 'etc', name), 'utf8')
        .split('\n')
        .sort()
        .join('\n'),
    ]),
  );
  return { files: new Set(list.split('\n').filter((name) => name !== '' && !bookkeeping.test(name))), accounts };
}

function compare(before: Traces, after: Traces): void {
  const left = [...after.files].filter((name) => !before.files.has(name));
  const lost = [...before.files].filter((name) => !after.files.has(name));
  demand(left.length === 0, `purging leaves behind: ${left.slice(0, 20).join(' ')}`);
  demand(lost.length === 0, `purging takes away what was not ours: ${lost.slice(0, 20).join(' ')}`);
  for (const [name, text] of Object.entries(before.accounts)) {
    const more = (after.accounts[name] ?? '').split('\n').filter((line) => !text.split('\n').includes(line));
    demand(after.accounts[name] === text, `purging leaves /etc/${name} changed: ${more.join(' ')}`);
  }
}

function demand(holds: boolean, otherwise: string): void {
  if (!holds) throw new FatalError(exitCode.failure, `the package is not right: ${otherwise}`);
}
