/** The production node_modules for an architecture: npm picks the prebuilt packages, our compiler makes the two native ones. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exitCode, FatalError } from '../model/exit.ts';
import { type Architecture, isNative } from './architecture.ts';
import { stripComments } from './javascript.ts';
import type { Workshop } from './tools.ts';

/** Packages with native code that npm compiles (binding.gyp); koffi brings its own, prebuilt. */
const compiled = ['gstreamer-superficial', 'epoll'];

/** Packages of which a few files are used, and these need nothing from elsewhere: no box gets the rest, nor what only the rest depends on. */
export const partly: Record<string, readonly string[]> = {
  // The protocol of the rtmp input; the rest is a server of its own, with a web page and ready-made TLS keys.
  'node-media-server': ['src/protocol/rtmp.js', 'src/protocol/flv.js', 'src/protocol/amf.js', 'src/core/logger.js', 'src/core/avpacket.js'],
  systeminformation: ['lib/cpu.js', 'lib/memory.js', 'lib/util.js'],
};

/** The oldest system that a box may run: JetPack 6 is Ubuntu 22.04. */
export const oldestLibraries: Record<string, readonly number[]> = { GLIBC: [2, 35], GLIBCXX: [3, 4, 30], CXXABI: [1, 3, 13] };

export interface ModulesPlan {
  /** The checkout. */
  root: string;
  architecture: Architecture;
  /** Unpacked Node of that architecture: its headers are compiled against. */
  runtime: string;
  /** Null where this machine is of that architecture and has the headers itself. */
  sysroot: string | null;
  /** Is emptied first. */
  folder: string;
}

/** @returns the folder `node_modules`. @throws FatalError when npm or the compiler fails, or the result needs newer libraries than the oldest box has. */
export async function buildModules(shop: Workshop, plan: ModulesPlan): Promise<string> {
  const { folder, architecture } = plan;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeProductionManifests(plan.root, folder);
  const quiet = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];
  // Without scripts: a package that compiles or tests itself would do it for this machine.
  await shop.run('npm', ['ci', '--ignore-scripts', `--cpu=${architecture.node}`, '--os=linux', '--libc=glibc', ...quiet], { cwd: folder });
  await shop.run('npm', ['rebuild', '--foreground-scripts', ...quiet, ...compiled], { cwd: folder, env: compilerEnvironment(plan) });
  const modules = join(folder, 'node_modules');
  for (const file of nativeFiles(modules)) checkLibraries(file, await shop.run('objdump', ['-T', file]));
  for (const name of compiled)
    if (!existsSync(join(modules, name, 'build/Release', `${name}.node`)))
      throw new FatalError(exitCode.failure, `npm made no native part of ${name}: see ${shop.logPath}`);
  for (const name of compiled) await shop.run(`${architecture.gnu}-strip`, ['--strip-unneeded', join(modules, name, 'build/Release', `${name}.node`)]);
  prune(modules);
  stripComments(modules);
  for (const [name, files] of Object.entries(partly))
    for (const file of files) await shop.run(process.execPath, ['-e', 'require(process.argv[1])', join(modules, name, file)]);
  return modules;
}

interface Locked {
  dev?: boolean;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  devDependencies?: unknown;
}

export interface LockFile {
  packages: Record<string, Locked>;
}

/** Changes the lock file so that it holds what a box needs, and nothing that only development or the unused part of a package depends on. */
export function keepForBox(lock: LockFile): void {
  delete lock.packages['']?.devDependencies;
  for (const name of Object.keys(partly)) delete lock.packages[`node_modules/${name}`]?.dependencies;
  const kept = new Set(['']);
  // What is added on the way is visited too.
  for (const path of kept)
    for (const name of dependenciesOf(lock.packages[path])) {
      const found = resolveLocked(lock, path, name);
      if (found !== null) kept.add(found);
    }
  for (const path of Object.keys(lock.packages)) if (!kept.has(path)) delete lock.packages[path];
}

function dependenciesOf(locked: Locked | undefined): string[] {
  return [locked?.dependencies, locked?.optionalDependencies, locked?.peerDependencies].flatMap((names) => Object.keys(names ?? {}));
}

/** Where Node finds `name` from the package at `path`: in its own node_modules, then in those around it. */
function resolveLocked(lock: LockFile, path: string, name: string): string | null {
  for (let folder = path; ; ) {
    const candidate = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`;
    if (candidate in lock.packages) return candidate;
    if (folder === '') return null;
    const end = folder.lastIndexOf('/node_modules/');
    folder = end === -1 ? '' : folder.slice(0, end);
  }
}

/** package.json and its lock without anything of development: what is not needed on a box is neither fetched nor able to stand in the way. */
function writeProductionManifests(root: string, folder: string): void {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { devDependencies?: unknown };
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as LockFile;
  delete manifest.devDependencies;
  keepForBox(lock);
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock));
  if (existsSync(join(root, '.npmrc'))) cpSync(join(root, '.npmrc'), join(folder, '.npmrc'));
}

function compilerEnvironment(plan: ModulesPlan): Record<string, string> {
  const common = { npm_config_nodedir: plan.runtime, npm_config_arch: plan.architecture.node };
  if (isNative(plan.architecture)) return common;
  const { gnu } = plan.architecture;
  const sysroot = plan.sysroot ?? '/';
  const libraries = [`${sysroot}/usr/lib/${gnu}`, `${sysroot}/lib/${gnu}`];
  return {
    ...common,
    CC: `${gnu}-gcc`,
    CXX: `${gnu}-g++`,
    AR: `${gnu}-ar`,
    LINK: `${gnu}-g++`,
    LDFLAGS: libraries.map((path) => `-L${path} -Wl,-rpath-link,${path}`).join(' '),
    PKG_CONFIG_LIBDIR: `${sysroot}/usr/lib/${gnu}/pkgconfig:${sysroot}/usr/share/pkgconfig`,
    PKG_CONFIG_SYSROOT_DIR: sysroot,
  };
}

export function nativeFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.node'))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** @param symbols output of `objdump -T`. @throws FatalError when one needs a newer library than the oldest box has. */
export function checkLibraries(file: string, symbols: string): void {
  for (const [, library, text] of symbols.matchAll(/\b(GLIBC|GLIBCXX|CXXABI)_([\d.]+)/g)) {
    const version = (text ?? '').split('.').map(Number);
    const oldest = oldestLibraries[library ?? ''] ?? [];
    const difference = version.map((part, index) => part - (oldest[index] ?? 0)).find((part) => part !== 0) ?? 0;
    if (difference > 0)
      throw new FatalError(
        exitCode.failure,
        `${file} needs ${library} ${text}, newer than the oldest supported system has (${oldest.join('.')}): build on Debian 12`,
      );
  }
}

/** What only building and reading need: sources of native parts, tests, examples, maps, type declarations. */
function prune(modules: string): void {
  rmSync(join(modules, '.package-lock.json'), { force: true });
  rmSync(join(modules, '.bin'), { recursive: true, force: true });
  rmSync(join(modules, 'nan'), { recursive: true, force: true });
  rmSync(join(modules, 'koffi/vendor'), { recursive: true, force: true });
  rmSync(join(modules, 'koffi/doc'), { recursive: true, force: true });
  // Its sources, an old interface, and its messages in sixty languages, all of which it would load: 8 MB alone in a process.
  for (const part of ['src', 'v3']) rmSync(join(modules, 'zod', part), { recursive: true });
  const languages = join(modules, 'zod/v4/locales');
  for (const name of readdirSync(languages)) if (!/^en\.c?js$/.test(name)) rmSync(join(languages, name));
  writeFileSync(join(languages, 'index.js'), "export { default as en } from './en.js';\n");
  writeFileSync(join(languages, 'index.cjs'), "exports.en = require('./en.cjs');\n");
  keepMediaTypes(join(modules, 'mime-db/db.json'));
  for (const [name, files] of Object.entries(partly)) {
    const unused = readdirSync(join(modules, name), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    for (const entry of unused) {
      const path = join(entry.parentPath, entry.name);
      const inside = path.slice(join(modules, name).length + 1);
      if (!files.includes(inside) && !/^(package\.json|licen[cs]e.*)$/i.test(inside)) rmSync(path);
    }
  }
  // Built for musl: boxes have glibc.
  const koffi = join(modules, '@koromix');
  for (const one of readdirSync(koffi))
    for (const part of readdirSync(join(koffi, one))) if (part.startsWith('musl_')) rmSync(join(koffi, one, part), { recursive: true });
  for (const name of compiled) {
    for (const part of ['src', 'test', 'example', 'examples', 'build/Release/obj.target', 'build/Release/.deps'])
      rmSync(join(modules, name, part), { recursive: true, force: true });
    for (const part of readdirSync(join(modules, name, 'build')))
      if (part !== 'Release') rmSync(join(modules, name, 'build', part), { recursive: true, force: true });
  }
  for (const entry of readdirSync(modules, { recursive: true, withFileTypes: true }))
    if (
      entry.isFile() &&
      /\.(map|d\.ts|d\.mts|d\.cts|cpp|cc|hh|h|asm|S|gyp|gypi)$|^CMakeLists\.txt$|^\.(eslintrc|prettierrc|npmignore|travis|editorconfig)/i.test(entry.name)
    )
      rmSync(join(entry.parentPath, entry.name));
  removeEmpty(modules);
}

/** Express looks a type up by a file's name or for its character set; of the 2500 that are registered the page and its interface use these. */
export const mediaTypes =
  /^(text\/(html|css|javascript|plain|event-stream)|application\/(json|octet-stream|x-www-form-urlencoded|manifest\+json|gzip|openmetrics-text)|image\/(png|jpeg|svg\+xml|vnd\.microsoft\.icon)|font\/woff2)$/;

function keepMediaTypes(file: string): void {
  const all = Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>);
  writeFileSync(file, JSON.stringify(Object.fromEntries(all.filter(([name]) => mediaTypes.test(name)))));
}

function removeEmpty(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const path = join(folder, entry.name);
    removeEmpty(path);
    if (readdirSync(path).length === 0) rmSync(path, { recursive: true });
  }
}
