/**
 * The bundle: everything of Tandem that a box gets, as one tree with its checksums. The `.deb`, the virtual box and the
 * Yocto recipe all take this same tree, so that what was tested in one is what runs in the others.
 */
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Architecture } from './architecture.ts';
import { stripFolder } from './javascript.ts';
import type { Workshop } from './tools.ts';

/** Where the application lives on a box. Not below a folder called node_modules: Node strips no types there. */
export const home = 'usr/lib/tandem';
export const manifestPath = `${home}/MANIFEST.sha256`;

/** Files of `systemd/` and where a box has them. Vendor folders, so that what stands in /etc wins. */
export const systemFiles: readonly { from: string; to: string; mode?: number }[] = [
  ...['tandem-media.service', 'tandem-control.service', 'tandem-firewall.service', 'tandem-firewall-open.service', 'tandem-firewall-open.path'].map((name) => ({
    from: name,
    to: `usr/lib/systemd/system/${name}`,
  })),
  { from: 'tandem.sysusers', to: 'usr/lib/sysusers.d/tandem.conf' },
  { from: 'tandem.tmpfiles', to: 'usr/lib/tmpfiles.d/tandem.conf' },
  { from: '60-tandem.rules', to: 'usr/lib/udev/rules.d/60-tandem.rules' },
  { from: 'journald.conf', to: 'usr/lib/systemd/journald.conf.d/50-tandem.conf' },
  { from: 'watchdog.conf', to: 'usr/lib/systemd/system.conf.d/50-tandem.conf' },
  { from: 'timesyncd.conf', to: 'usr/lib/systemd/timesyncd.conf.d/50-tandem.conf' },
  { from: 'networkd/80-tandem-modem.network', to: 'usr/lib/systemd/network/80-tandem-modem.network' },
  { from: 'networkd/81-tandem-ethernet.network', to: 'usr/lib/systemd/network/81-tandem-ethernet.network' },
  { from: 'networkmanager/50-tandem.conf', to: 'usr/lib/NetworkManager/conf.d/50-tandem.conf' },
  { from: 'networkmanager/tandem-modem.nmconnection', to: 'usr/lib/NetworkManager/system-connections/tandem-modem.nmconnection', mode: 0o600 },
  { from: 'tandem.polkit.rules', to: 'usr/share/polkit-1/rules.d/50-tandem.rules' },
  { from: 'firewall.nft', to: `${home}/systemd/firewall.nft` },
  { from: 'jetson/50-jetson.conf', to: `${home}/systemd/50-jetson.conf` },
  { from: 'tandem.yaml', to: 'etc/tandem/tandem.yaml', mode: 0o640 },
];

/** Parts of `src/` that only build or check, and never run on a box. */
const workshopOnly = /^src\/(image|checks)(\/|$)|\.test\.ts$/;

/** A daemon holds little and lives long: V8 is to keep its heap small. Control waits for people and brokers: it does without compiled code (docs/adr/0016-memory.md). */
export const daemonFlags = {
  media: '--max-semi-space-size=1 --optimize-for-size --no-maglev',
  control: '--max-semi-space-size=1 --lite-mode',
} as const;

/**
 * libsrt's waiting calls sit in libuv's pool, whose default of 4 threads would leave none for files and names. glibc would give each thread memory
 * of its own to allocate in.
 */
export const daemonEnvironment = { UV_THREADPOOL_SIZE: '8', MALLOC_ARENA_MAX: '1' } as const;

const wrapper = `#!/bin/sh
# Any verb of Tandem, with the Node that came along.
${Object.entries(daemonEnvironment)
  .map(([name, value]) => `export ${name}="\${${name}:-${value}}"`)
  .join('\n')}
case "$1" in
media) flags='${daemonFlags.media}' program=daemon.js ;;
control) flags='${daemonFlags.control}' program=daemon.js ;;
*) flags= program=main.js ;;
esac
exec /${home}/bin/node $flags "/${home}/src/$program" "$@"
`;

export interface TreePlan {
  root: string;
  /** Unpacked Node of the box's architecture. */
  runtime: string;
  modules: string;
  folder: string;
}

/** Lays the tree out in `folder` (emptied first). */
export function layTree(plan: TreePlan): void {
  const { root, folder } = plan;
  rmSync(folder, { recursive: true, force: true });
  const to = (path: string): string => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    return join(folder, path);
  };
  cpSync(join(plan.runtime, 'bin/node'), to(`${home}/bin/node`));
  cpSync(join(plan.runtime, 'LICENSE'), to('usr/share/doc/tandem/LICENSE.node'));
  cpSync(plan.modules, to(`${home}/node_modules`), { recursive: true });
  cpSync(join(root, 'package.json'), to(`${home}/package.json`));
  for (const part of ['src', 'gst-pipelines', 'hardware-tests']) {
    if (!existsSync(join(root, part))) continue;
    cpSync(join(root, part), to(`${home}/${part}`), { recursive: true, filter: (path) => !workshopOnly.test(relative(root, path)) });
    stripFolder(to(`${home}/${part}`));
  }
  for (const file of systemFiles) {
    cpSync(join(root, 'systemd', file.from), to(file.to));
    chmodSync(to(file.to), file.mode ?? 0o644);
  }
  writeFileSync(to('usr/bin/tandem'), wrapper);
  chmodSync(to('usr/bin/tandem'), 0o755);
  for (const name of ['README.md', 'docs/configuration.md', 'docs/mqtt.md', 'docs/page.md'])
    if (existsSync(join(root, name))) cpSync(join(root, name), to(`usr/share/doc/tandem/${name.replace('docs/', '')}`));
  evenModes(folder, new Set(systemFiles.flatMap((file) => (file.mode === undefined ? [] : [join(folder, file.to)]))));
  writeFileSync(to(manifestPath), manifest(folder));
}

/** The builder's umask must not show: folders and programs 0755, all else 0644. */
function evenModes(folder: string, except: ReadonlySet<string>): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isSymbolicLink() || except.has(path)) continue;
    const program = (lstatSync(path).mode & 0o100) !== 0 && !entry.name.endsWith('.node');
    chmodSync(path, entry.isDirectory() || program ? 0o755 : 0o644);
  }
}

/** Lines for `sha256sum --check`, sorted by path, without the manifest itself. Symbolic links are listed as comments. */
export function manifest(folder: string): string {
  const lines: [string, string][] = [];
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(folder, path);
    if (name === manifestPath || entry.isDirectory()) continue;
    if (entry.isSymbolicLink()) lines.push([name, `# ${name} -> ${readlinkSync(path)}`]);
    else lines.push([name, `${createHash('sha256').update(readFileSync(path)).digest('hex')}  ${name}`]);
  }
  return `${lines
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, line]) => line)
    .join('\n')}\n`;
}

export function treeBytes(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) bytes += lstatSync(join(entry.parentPath, entry.name)).size;
  return bytes;
}

/**
 * Writes `tandem-<version>-<arch>.tar.zst` and its `.sha256` beside it. The same tree gives the same bytes.
 * @param epochS time stamp of every file, seconds since 1970.
 */
export async function packTree(shop: Workshop, folder: string, file: string, epochS: number): Promise<void> {
  const args = ['--sort=name', `--mtime=@${epochS}`, '--owner=0', '--group=0', '--numeric-owner', '--format=gnu'];
  await shop.run('tar', [...args, '--use-compress-program=zstd -10 -T0 --quiet', '-cf', file, '-C', folder, '.']);
  writeFileSync(`${file}.sha256`, await shop.run('sha256sum', [file.slice(dirname(file).length + 1)], { cwd: dirname(file) }));
}

export function architectureOfTree(folder: string, known: readonly Architecture[]): Architecture | undefined {
  // e_machine of the ELF header: offset 18, little-endian; 62 is x86-64, 183 AArch64 (elf.h).
  const machine = readFileSync(join(folder, home, 'bin/node')).readUInt16LE(18);
  return known.find((one) => one.node === (machine === 62 ? 'x64' : machine === 183 ? 'arm64' : ''));
}
