/** `tandem package`: the bundle and the Debian package for one architecture or both, on one machine of either. */
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exitCode, FatalError } from '../model/exit.ts';
import { type Architecture, architectures, isNative } from './architecture.ts';
import { layTree, packTree } from './bundle.ts';
import { buildDeb, debianVersion } from './deb.ts';
import { checkInstall } from './install-check.ts';
import { buildModules } from './modules.ts';
import { fetchRuntime, runtimePin } from './runtime.ts';
import { fetchSysroot } from './sysroot.ts';
import { Workshop } from './tools.ts';

/** The checkout. */
export const checkout = fileURLToPath(new URL('../../', import.meta.url));
/** Everything that is fetched or laid out on the way; git-ignored. */
export const workFolder = join(checkout, '.tandem/image');

export interface PackageOptions {
  /** `amd64`, `arm64` or `all`. */
  arch: string;
  /** Folder for the results. */
  out: string;
  /** Also install and purge it on a clean Debian root file system (this machine's architecture only). */
  check: boolean;
  /** Debian release for `check`; default: this machine's. */
  suite?: string;
}

export interface Built {
  bundle: string;
  deb: string;
}

/** Runs the verb. @throws FatalError with one sentence. */
export async function runPackage(options: PackageOptions): Promise<number> {
  const shop = new Workshop(join(workFolder, 'package.log'));
  try {
    for (const architecture of chosen(options.arch)) {
      const built = await buildPackage(shop, architecture, options.out);
      for (const file of [built.bundle, built.deb]) process.stdout.write(`${file}  ${(statSync(file).size / 1e6).toFixed(1)} MB\n`);
      if (options.check && isNative(architecture)) await checkInstall(shop, built.deb, options.suite);
    }
    return exitCode.ok;
  } finally {
    await shop.close();
  }
}

function chosen(arch: string): Architecture[] {
  if (arch === 'all') return Object.values(architectures);
  const architecture = architectures[arch as Architecture['debian']];
  if (architecture === undefined) throw new FatalError(exitCode.usage, `--arch takes amd64, arm64 or all, not "${arch}"`);
  return [architecture];
}

/** Lays out what a box gets, without packing it. @returns the tree. */
export async function buildTree(shop: Workshop, architecture: Architecture): Promise<string> {
  const tools = { npm: 'npm', tar: 'tar', objdump: 'binutils', [`${architecture.gnu}-strip`]: `binutils-${architecture.gnu.replace('_', '-')}` };
  const cross = { [`${architecture.gnu}-g++`]: `g++-${architecture.gnu.replace('_', '-')}`, 'apt-get': 'apt', 'pkg-config': 'pkg-config' };
  await shop.need(isNative(architecture) ? tools : { ...tools, ...cross });
  const name = architecture.debian;
  const pin = runtimePin(readFileSync(join(checkout, 'tandem'), 'utf8'));
  const runtime = await shop.step(`Node ${pin.version} for ${name}`, () => fetchRuntime(shop, pin, architecture, workFolder));
  const sysroot = isNative(architecture) ? null : await shop.step(`headers and libraries for ${name}`, () => fetchSysroot(shop, architecture, workFolder));
  const modules = await shop.step(`node modules for ${name}`, () =>
    buildModules(shop, { root: checkout, architecture, runtime, sysroot, folder: join(workFolder, `modules-${name}`) }),
  );
  const tree = join(workFolder, `tree-${name}`);
  layTree({ root: checkout, runtime, modules, folder: tree });
  return tree;
}

export async function buildPackage(shop: Workshop, architecture: Architecture, out: string): Promise<Built> {
  await shop.need({ tar: 'tar', zstd: 'zstd', 'dpkg-deb': 'dpkg', sha256sum: 'coreutils' });
  const tree = await buildTree(shop, architecture);
  mkdirSync(out, { recursive: true });
  const name = architecture.debian;
  const version = debianVersion(checkout);
  const epochS = await sourceEpochS(shop);
  const bundle = join(out, `tandem-${version}-${name}.tar.zst`);
  await shop.step(`bundle for ${name}`, () => packTree(shop, tree, bundle, epochS));
  const deb = join(out, `tandem_${version}_${name}.deb`);
  const packages = readFileSync(join(checkout, 'debian-packages.txt'), 'utf8');
  await shop.step(`Debian package for ${name}`, () =>
    buildDeb(shop, { tree, version, architecture, packages, folder: join(workFolder, `deb-${name}`), file: deb, epochS }),
  );
  return { bundle, deb };
}

/** Time of the last commit, so that the same sources give the same bytes; outside git, SOURCE_DATE_EPOCH or the start of 2025. */
async function sourceEpochS(shop: Workshop): Promise<number> {
  const given = Number(process.env.SOURCE_DATE_EPOCH ?? Number.NaN);
  if (Number.isInteger(given)) return given;
  const commit = await shop.run('git', ['-C', checkout, 'log', '-1', '--format=%ct']).catch(() => '');
  return Number(commit.trim()) || Date.UTC(2025, 0) / 1000;
}
