/**
 * `tandem srt-bonding`: libsrt with socket groups, for the modes `broadcast` and `backup`. Debian builds its library without them, so
 * it is built here from Debian's own source package, once; `src/uplink/srt/library.ts` finds the result.
 *
 * Nothing of the system is changed: the lists of sources that apt needs are made from the machine's own in a folder of ours. So it
 * needs no root, and works where `deb-src` is not switched on.
 */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exitCode, FatalError } from '../model/exit.ts';
import { bondingLibrary } from '../uplink/srt/library.ts';
import { aptSourceLists } from './apt-sources.ts';
import { checkout } from './package.ts';
import { Workshop } from './tools.ts';

const folder = join(checkout, '.tandem/srt-bonding');
const sourceParts = '/etc/apt/sources.list.d';

export interface SrtBondingOptions {
  /** Build it although it is there. */
  again: boolean;
}

/** Runs the verb. @throws FatalError with one sentence: what is missing, or which step failed. */
export async function runSrtBonding({ again }: SrtBondingOptions): Promise<number> {
  if (existsSync(bondingLibrary) && !again) {
    process.stdout.write(`${bondingLibrary} is there already (--again builds it anew)\n`);
    return exitCode.ok;
  }
  const shop = new Workshop(join(folder, 'build.log'));
  const staging = mkdtempSync(join(folder, 'staging.'));
  try {
    await shop.need({ 'apt-get': 'apt', 'dpkg-source': 'dpkg-dev', cmake: 'cmake', 'g++': 'g++', make: 'make', 'pkg-config': 'pkg-config' });
    await shop.run('pkg-config', ['--exists', 'gnutls', 'nettle']).catch(() => {
      throw new FatalError(exitCode.unavailable, 'the headers of GnuTLS are missing: install the Debian package libgnutls28-dev');
    });
    const version = await shop.step('fetching the source of libsrt', () => fetchSource(shop, staging));
    await shop.step(`building libsrt ${version} with socket groups`, () => build(shop, staging));
    process.stdout.write(`${bondingLibrary} is libsrt ${version} with socket groups\n`);
    return exitCode.ok;
  } finally {
    rmSync(staging, { recursive: true, force: true });
    await shop.close();
  }
}

/** Downloads and unpacks the newest version that the mirror really has into `staging/src`; a mirror may list one that it no longer keeps. */
async function fetchSource(shop: Workshop, staging: string): Promise<string> {
  const lists = readdirSync(sourceParts).map((name) => join(sourceParts, name));
  const text = aptSourceLists(['/etc/apt/sources.list', ...lists].filter(existsSync).map((file) => ({ file, text: readFileSync(file, 'utf8') })));
  if (text.oneLine === '' && text.deb822 === '')
    throw new FatalError(exitCode.unavailable, 'this machine has no Debian package sources (/etc/apt/sources.list.d)');
  const parts = join(staging, 'sources');
  for (const name of [parts, join(staging, 'lists/partial'), join(staging, 'cache/archives/partial')]) mkdirSync(name, { recursive: true });
  writeFileSync(join(parts, 'source.list'), text.oneLine);
  writeFileSync(join(parts, 'source.sources'), text.deb822);
  const settings = [
    ['Dir::Etc::sourcelist', '/dev/null'],
    ['Dir::Etc::sourceparts', parts],
    ['Dir::State::lists', join(staging, 'lists')],
    ['Dir::Cache', join(staging, 'cache')],
    // The sandbox user may not write into a checkout.
    ['APT::Sandbox::User', ''],
    ['Acquire::Retries', '2'],
    ['Acquire::http::Timeout', '20'],
  ].flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const unreachable = () => {
    throw new FatalError(
      exitCode.unavailable,
      `Debian's mirror does not give the source package srt: is the network up? (the whole story is in ${shop.logPath})`,
    );
  };
  await shop.run('apt-get', [...settings, '-q', 'update']).catch(unreachable);
  const shown = await shop.run('apt-cache', [...settings, 'showsrc', 'srt']).catch(unreachable);
  const versions = [...(shown ?? '').matchAll(/^Version: (\S+)$/gm)].map(([, version]) => version as string);
  for (const version of [...new Set(versions)].reverse()) {
    const got = await shop.run('apt-get', [...settings, '-q', 'source', '--download-only', `srt=${version}`], { cwd: staging }).catch(() => null);
    const description = readdirSync(staging).find((name) => name.endsWith('.dsc'));
    if (got === null || description === undefined) continue;
    await shop.run('dpkg-source', ['--no-check', '-x', description, 'src'], { cwd: staging });
    return version;
  }
  return unreachable();
}

/** GnuTLS, not OpenSSL: Node carries an OpenSSL of its own, and two in one process get in each other's way. */
async function build(shop: Workshop, staging: string): Promise<void> {
  const out = join(staging, 'build');
  const switches = ['BONDING=ON', 'SHARED=ON', 'STATIC=OFF', 'APPS=OFF', 'TESTING=OFF', 'UNITTESTS=OFF', 'STDCXX_SYNC=ON'].map((one) => `-DENABLE_${one}`);
  await shop.run('cmake', ['-S', join(staging, 'src'), '-B', out, '-DCMAKE_BUILD_TYPE=Release', '-DUSE_ENCLIB=gnutls', ...switches]);
  await shop.run('nice', ['-n', '10', 'cmake', '--build', out, '--parallel', '2']);
  const built = readdirSync(out).find((name) => /^libsrt\.so\.\d+\.\d+\.\d+$/.test(name));
  if (built === undefined) throw new FatalError(exitCode.failure, `libsrt was built, but its library is not where it should be (${shop.logPath})`);
  // The headers too: the layout of the structures is tested against the C compiler.
  const include = join(folder, 'include');
  rmSync(include, { recursive: true, force: true });
  mkdirSync(include, { recursive: true });
  for (const name of ['srt.h', 'logging_api.h', 'platform_sys.h', 'udt.h', 'access_control.h'])
    copyFileSync(join(staging, 'src/srtcore', name), join(include, name));
  copyFileSync(join(out, 'version.h'), join(include, 'version.h'));
  copyFileSync(join(out, built), join(folder, built));
  const link = join(folder, 'link');
  rmSync(link, { force: true });
  symlinkSync(built, link);
  renameSync(link, bondingLibrary);
}
