/**
 * Headers and libraries of another architecture, unpacked from Debian's own packages: enough to compile and link against,
 * nothing of it is ever run. apt works in a folder of its own, so that this machine's package state is not touched.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exitCode, FatalError } from '../model/exit.ts';
import type { Architecture } from './architecture.ts';
import type { Workshop } from './tools.ts';

/** What gstreamer-superficial is compiled against; epoll needs nothing but libc, which the cross compiler brings. */
const wanted = ['libgstreamer1.0-dev', 'libgstreamer-plugins-base1.0-dev'];

/** @returns the folder to give to the compiler as its place for Debian's headers and libraries. Made once, then kept in `cache`. */
export async function fetchSysroot(shop: Workshop, architecture: Architecture, cache: string): Promise<string> {
  const folder = join(cache, `sysroot-${architecture.debian}`);
  if (existsSync(folder)) return folder;
  const apt = await privateApt(shop, join(cache, `apt-${architecture.debian}`), architecture);
  const names = libraryClosure(
    await shop.run(
      'apt-cache',
      ['depends', '--recurse', '--no-recommends', '--no-suggests', '--no-enhances', '--no-breaks', '--no-conflicts', '--no-replaces', ...wanted],
      apt,
    ),
  );
  const downloads = join(cache, `debs-${architecture.debian}`);
  rmSync(downloads, { recursive: true, force: true });
  mkdirSync(downloads, { recursive: true });
  // `download` leaves the machine alone; unsandboxed only because the folder is ours.
  await shop.run('apt-get', ['-q', '-o', 'APT::Sandbox::User=root', 'download', ...names], { ...apt, cwd: downloads });
  const staging = `${folder}.staging`;
  rmSync(staging, { recursive: true, force: true });
  for (const file of readdirSync(downloads)) await shop.run('dpkg', ['-x', join(downloads, file), staging]);
  rmSync(downloads, { recursive: true, force: true });
  renameSync(staging, folder);
  return folder;
}

/**
 * Package lists of `architecture` from the sources that this machine has.
 * @param suite another release than this machine's; default: the same.
 */
export async function privateApt(shop: Workshop, folder: string, architecture: Architecture, suite?: string): Promise<{ env: Record<string, string> }> {
  const configuration = join(folder, 'apt.conf');
  for (const part of ['state/lists/partial', 'cache/archives/partial', 'sources']) mkdirSync(join(folder, part), { recursive: true });
  writeFileSync(join(folder, 'status'), '');
  for (const [name, text] of Object.entries(debianSources(suite))) writeFileSync(join(folder, 'sources', name), text);
  writeFileSync(
    configuration,
    [
      `APT::Architecture "${architecture.debian}";`,
      `APT::Architectures { "${architecture.debian}"; };`,
      `Dir::State "${folder}/state";`,
      `Dir::State::status "${folder}/status";`,
      `Dir::Cache "${folder}/cache";`,
      'Dir::Etc::sourcelist "/dev/null";',
      `Dir::Etc::sourceparts "${folder}/sources";`,
      'Acquire::Retries "2";',
      '',
    ].join('\n'),
  );
  const env = { APT_CONFIG: configuration };
  await shop.run('apt-get', ['-q', 'update'], { env });
  return { env };
}

/** This machine's Debian sources by file name, rewritten to `suite` where one is given. */
export function debianSources(suite?: string): Record<string, string> {
  const codename = /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? '';
  const texts: Record<string, string> = {};
  for (const name of readdirSync('/etc/apt/sources.list.d')) {
    if (!/\.(list|sources)$/.test(name)) continue;
    const text = readFileSync(join('/etc/apt/sources.list.d', name), 'utf8');
    if (isDebian(text)) texts[name] = text;
  }
  if (existsSync('/etc/apt/sources.list') && isDebian(readFileSync('/etc/apt/sources.list', 'utf8')))
    texts['sources.list'] = readFileSync('/etc/apt/sources.list', 'utf8');
  if (codename === '' || Object.keys(texts).length === 0)
    throw new FatalError(exitCode.unavailable, 'no Debian package source is configured in /etc/apt: building for another architecture needs a Debian machine');
  if (suite !== undefined) for (const [name, text] of Object.entries(texts)) texts[name] = text.replaceAll(codename, suite);
  return texts;
}

/** Debian's own archive, by its suites: other vendors' sources have none of what is needed for the other architecture. */
function isDebian(text: string): boolean {
  return /^(?:Signed-By:.*debian-archive|Suites:.*-security|deb .*\bmain\b)/m.test(text) && /\/debian(-security)?\b/.test(text);
}

/** Names of libraries and their headers in the output of `apt-cache depends --recurse`: what is linked, without the tools that packages also ask for, and
 * without libc and its like: the cross compiler has its own, and two would be mixed up. */
export function libraryClosure(output: string): string[] {
  const names = new Set<string>();
  for (const line of output.split('\n')) {
    const name = /^([a-z0-9][a-z0-9+.-]+)$/.exec(line)?.[1];
    if (name !== undefined && /^(lib|zlib)/.test(name) && !/^libc6|^libgcc|^libstdc\+\+|^libcrypt|^lib.*-perl$|^libpython|-bin$|-data$|-doc$/.test(name))
      names.add(name);
  }
  return [...names].sort();
}
