/**
 * RAUC as a box has it, on a bus of its own: Debian's `rauc service`, the layer's configuration, boot loader back end, handlers and D-Bus
 * policy, with files for partitions. Two things are not as on a box. Bundles are of format plain, since few kernels outside a box have
 * dm-verity; and the policy's user is one that every machine has. Mounts live in a mount namespace of the service and end with it.
 */
import { type ChildProcess, execFileSync, type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { makeKeys } from '../../src/image/yocto/keys.ts';
import { until } from './control-world.ts';

const layer = join(import.meta.dirname, '../../yocto-layer/dynamic-layers/rauc');
const programs = join(layer, 'recipes-tandem/tandem-slots/files');
const settings = join(layer, 'recipes-core/rauc/files');
const slotBytes = 1 << 20;

const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'];
/** Where a program is; null: it is not installed. */
const find = (program: string): string | null => folders.map((folder) => join(folder, program)).find((path) => existsSync(path)) ?? null;
const realRauc = find('rauc') ?? 'rauc';
const busPolicies = '/usr/share/dbus-1/system.conf';

/** Why RAUC cannot be run here; null: it can. */
export function raucMissing(): string | null {
  for (const program of ['rauc', 'dbus-daemon', 'mksquashfs', 'openssl', 'setpriv', 'unshare'])
    if (find(program) === null) return `${program} is not installed`;
  if (!existsSync(busPolicies)) return 'dbus is not installed';
  if (process.getuid?.() !== 0) return 'needs hardware: loop devices and mounts, which only root can make';
  const squashfs = /\tsquashfs$/m.test(readFileSync('/proc/filesystems', 'utf8')) || spawnSync('modprobe', ['-q', 'squashfs']).status === 0;
  return squashfs && existsSync('/dev/loop-control') ? null : 'needs hardware: a kernel with squashfs and loop devices';
}

export interface Bundle {
  version: string;
  compatible?: string;
  /** Whose key signs it; both authorities are called alike. */
  signer?: 'ours' | 'stranger';
}

export class RaucWorld {
  readonly directory = mkdtempSync(join(tmpdir(), 'tandem-rauc-'));
  /** Stands for the user tandem-control. */
  readonly user = 'nobody';
  readonly busAddress = `unix:path=${this.inside('bus')}`;
  /** Folder with a `rauc` that is the real one, run as `user`. First in the PATH of what is not to be root. */
  readonly bin = this.inside('bin');
  /** Where the handler before an installation says why it refused one. */
  readonly refusedFile = this.inside('refused');
  #bus: ChildProcess | null = null;
  #service: ChildProcess | null = null;
  #server: Server | null = null;
  #port = 0;
  #gate: Promise<void> = Promise.resolve();
  log = '';

  /** Makes keys, slots, bus and the server of bundles. RAUC itself comes with `boot`. */
  async start(): Promise<void> {
    // Another user has to reach the bus.
    chmodSync(this.directory, 0o755);
    for (const folder of ['bin', 'slots', 'bundles', 'mnt', 'tmp', 'data', 'partitions']) mkdirSync(this.inside(folder));
    for (const signer of ['ours', 'stranger']) await makeKeys({ out: this.inside(signer), name: 'Example' });
    writeFileSync(join(this.bin, 'rauc'), `#!/bin/sh\nexec setpriv ${become(this.user).join(' ')} ${realRauc} "$@"\n`, {
      mode: 0o755,
    });
    for (const [from, to] of Object.entries({ 'backend-file': 'backend', 'after-install': 'after-install', 'before-install': 'before-install' })) {
      writeFileSync(this.inside('slots', to), this.#here(readFileSync(join(programs, from), 'utf8')), { mode: 0o755 });
    }
    writeFileSync(this.inside('system.conf'), this.#here(readFileSync(join(settings, 'system-qemuarm64.conf'), 'utf8')));
    for (const slot of ['slot-a', 'slot-b']) this.#emptySlot(slot);
    await this.#startBus();
    await this.#serve();
  }

  /** The layer's text with a box's places turned into ours. */
  #here(text: string): string {
    return text
      .replaceAll('@MACHINE@', 'qemuarm64')
      .replaceAll('/usr/lib/tandem/slots', this.inside('slots'))
      .replaceAll('/dev/disk/by-partlabel', this.inside('partitions'))
      .replaceAll('/data/', `${this.inside('data')}/`)
      .replaceAll('mountprefix=/run/rauc', `mountprefix=${this.inside('mnt')}`)
      .replaceAll('path=ca.cert.pem', `path=${this.inside('ours/ca.cert.pem')}`)
      .replaceAll('bundle-formats=verity', 'bundle-formats=plain');
  }

  #emptySlot(slot: string): void {
    writeFileSync(this.slot(slot), '');
    truncateSync(this.slot(slot), slotBytes);
  }

  async #startBus(): Promise<void> {
    const policies = readFileSync(busPolicies, 'utf8').match(/<policy[\s\S]*?<\/policy>/g) ?? [];
    const ours = readFileSync(join(settings, 'de.pengutronix.rauc.conf'), 'utf8').replaceAll('"tandem-control"', `"${this.user}"`);
    writeFileSync(this.inside('policy.conf'), ours);
    writeFileSync(
      this.inside('bus.conf'),
      `<busconfig><type>system</type><auth>EXTERNAL</auth><listen>${this.busAddress}</listen>${policies.join('')}<include>${this.inside('policy.conf')}</include></busconfig>`,
    );
    this.#bus = this.#spawn('dbus-daemon', [`--config-file=${this.inside('bus.conf')}`, '--nofork', '--nopidfile', '--nosyslog']);
    await until('the bus listens', () => existsSync(this.inside('bus')));
  }

  async #serve(): Promise<void> {
    const server = createServer(async (request, response) => {
      await this.#gate;
      const path = this.inside('bundles', basename(request.url ?? ''));
      if (existsSync(path)) response.end(readFileSync(path));
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.#port = (server.address() as { port: number }).port;
    this.#server = server;
  }

  /**
   * The board starts from that slot: RAUC's service anew, told so as the kernel's command line tells a box.
   * @param options.data false: its data partition is not there.
   */
  async boot(slot: 'A' | 'B', options: { data?: boolean } = {}): Promise<void> {
    await this.shutDown();
    const env = { TANDEM_SLOT_FILE: this.inside(options.data === false ? 'gone/slots' : 'data/slots') };
    writeFileSync(this.inside('cmdline'), `rauc.slot=${slot} quiet\n`);
    this.#service = this.#spawn(
      'unshare',
      [...['--mount', '--propagation', 'private', realRauc, `--conf=${this.inside('system.conf')}`, 'service', `--override-boot-slot=${slot}`]],
      env,
    );
    await until('RAUC is on the bus', () => this.rauc('root', 'status').status === 0);
  }

  async shutDown(): Promise<void> {
    await ended(this.#service);
    this.#service = null;
  }

  /** The real `rauc`, as a user of this machine. */
  rauc(user: string, ...args: string[]): SpawnSyncReturns<string> {
    return spawnSync('setpriv', [...become(user), realRauc, ...args], { encoding: 'utf8', env: this.#env() });
  }

  /** Makes a signed bundle and what is in it. @returns its address. */
  bundle(name: string, { version, compatible = 'tandem-qemuarm64', signer = 'ours' }: Bundle): string {
    const folder = this.inside('tmp', name);
    mkdirSync(folder);
    const image = this.image(name);
    writeFileSync(image, Buffer.alloc(256 * 1024, `${name} ${version} `));
    copyFileSync(image, join(folder, 'rootfs.img'));
    const manifest = ['[update]', `compatible=${compatible}`, `version=${version}`, '[bundle]', 'format=plain', '[image.rootfs]', 'filename=rootfs.img'];
    writeFileSync(join(folder, 'manifest.raucm'), `${manifest.join('\n')}\n`);
    const keys = [`--cert=${this.inside(signer, 'signing.cert.pem')}`, `--key=${this.inside(signer, 'signing.key.pem')}`];
    execFileSync('rauc', [...keys, 'bundle', folder, this.inside('bundles', `${name}.raucb`)], { stdio: 'pipe' });
    return this.address(name);
  }

  address(name: string): string {
    return `http://127.0.0.1:${this.#port}/${name}.raucb`;
  }

  /** The file whose bytes a bundle puts into a slot. */
  image(name: string): string {
    return this.inside('tmp', `${name}.img`);
  }

  slot(label: string): string {
    return this.inside('partitions', label);
  }

  /** Whether the slot begins with what the bundle brought. */
  holds(label: string, name: string): boolean {
    const image = readFileSync(this.image(name));
    return readFileSync(this.slot(label)).subarray(0, image.length).equals(image);
  }

  /** No bundle is answered for until what is returned is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate = promise;
    return resolve;
  }

  inside(...names: string[]): string {
    return join(this.directory, ...names);
  }

  async stop(): Promise<void> {
    await this.shutDown();
    await ended(this.#bus);
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve) ?? resolve(null));
    rmSync(this.directory, { recursive: true, force: true });
  }

  #env(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      DBUS_SYSTEM_BUS_ADDRESS: this.busAddress,
      TANDEM_COMMAND_LINE: this.inside('cmdline'),
      TANDEM_TRIAL_FILE: this.inside('data/trial'),
      TANDEM_REFUSED_FILE: this.refusedFile,
      TMPDIR: this.inside('tmp'),
    };
  }

  #spawn(program: string, args: string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...this.#env(), ...env } });
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (this.log += text));
    return child;
  }
}

/** Arguments of setpriv that make a process that user's: its own group, no other, no privilege. */
function become(user: string): string[] {
  const [, uid, gid] = new RegExp(`^${user}:[^:]*:(\\d+):(\\d+):`, 'm').exec(readFileSync('/etc/passwd', 'utf8')) ?? [];
  return [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--inh-caps=-all', '--'];
}

async function ended(child: ChildProcess | null): Promise<void> {
  if (child === null || child.exitCode !== null || child.signalCode !== null) return;
  await new Promise((resolve) => {
    child.once('exit', resolve);
    child.kill('SIGTERM');
  });
}
