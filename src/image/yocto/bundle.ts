/** `tandem yocto bundle`: tells the recipe which bundle it installs, by path and checksum, in a file that git ignores. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { exitCode, FatalError } from '../../model/exit.ts';
import { debianVersion } from '../deb.ts';
import { checkout } from '../package.ts';

export const includePath = join(checkout, 'yocto-layer/recipes-tandem/tandem/tandem-bundle.inc');

/** @param file path of the bundle; undefined: what `tandem package` left in dist/. @throws FatalError with one sentence. */
export async function registerBundle(file?: string): Promise<number> {
  const bundle = resolve(file ?? join(checkout, `dist/tandem-${debianVersion(checkout)}-arm64.tar.zst`));
  if (!existsSync(bundle)) throw new FatalError(exitCode.usage, `there is no bundle ${bundle}: ./tandem package --arch arm64 makes one`);
  const sha256 = createHash('sha256').update(readFileSync(bundle)).digest('hex');
  // What `tandem package` wrote beside it, if it is still there, must say the same.
  const beside = existsSync(`${bundle}.sha256`) ? readFileSync(`${bundle}.sha256`, 'utf8').split(' ')[0] : sha256;
  if (beside !== sha256) throw new FatalError(exitCode.failure, `${basename(bundle)} is damaged: its sha256 is ${sha256}, but ${bundle}.sha256 says ${beside}`);
  writeFileSync(includePath, bundleInclude(bundle, sha256));
  process.stdout.write(`${bundle}\n  is what the recipe installs (${sha256.slice(0, 16)}…)\n`);
  return exitCode.ok;
}

export function bundleInclude(bundle: string, sha256: string): string {
  if (/["$\n]/.test(bundle)) throw new FatalError(exitCode.usage, `BitBake cannot be told the path ${bundle}: it has a quote or a dollar sign`);
  return `# Written by "tandem yocto bundle".\nTANDEM_BUNDLE = "${bundle}"\nTANDEM_BUNDLE_SHA256 = "${sha256}"\n`;
}
