/** The pinned Node for an architecture, out of the npm registry, checked as the launcher checks it. The launcher holds the pin. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { exitCode, FatalError } from '../model/exit.ts';
import type { Architecture } from './architecture.ts';
import type { Workshop } from './tools.ts';

export interface RuntimePin {
  version: string;
  /** SHA-512 of the registry's package, base64. */
  integrity: Record<Architecture['node'], string>;
}

/** @param launcher text of `./tandem`. @throws FatalError when it holds no pin. */
export function runtimePin(launcher: string): RuntimePin {
  const version = /^node_version=(\d+\.\d+\.\d+)$/m.exec(launcher)?.[1];
  const integrity = (name: string): string | undefined => new RegExp(`^\\s*\\[${name}\\]='([A-Za-z0-9+/=]{88})'`, 'm').exec(launcher)?.[1];
  const [x64, arm64] = [integrity('x64'), integrity('arm64')];
  if (version === undefined || x64 === undefined || arm64 === undefined)
    throw new FatalError(exitCode.failure, 'the launcher ./tandem names no Node version with its integrity for both architectures');
  return { version, integrity: { x64, arm64 } };
}

/** @returns the folder with `bin/node`, `include/` and `LICENSE`. Fetched once, then kept in `cache`. */
export async function fetchRuntime(shop: Workshop, pin: RuntimePin, architecture: Architecture, cache: string): Promise<string> {
  const folder = join(cache, `node-v${pin.version}-${architecture.node}`);
  if (existsSync(join(folder, 'bin/node'))) return folder;
  const name = `node-linux-${architecture.node}`;
  const staging = `${folder}.staging`;
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true });
  await shop.run('npm', ['pack', `${name}@${pin.version}`, '--pack-destination', staging, '--loglevel=error', '--no-update-notifier']);
  const file = join(staging, `${name}-${pin.version}.tgz`);
  const actual = createHash('sha512').update(readFileSync(file)).digest('base64');
  if (actual !== pin.integrity[architecture.node]) {
    rmSync(staging, { recursive: true, force: true });
    throw new FatalError(
      exitCode.unavailable,
      `what the registry gave as ${name} ${pin.version} is not what the launcher pins (sha512 differs); nothing of it is kept`,
    );
  }
  await shop.run('tar', ['-xzf', file, '-C', staging, '--strip-components=1', '--no-same-owner']);
  rmSync(file);
  renameSync(staging, folder);
  return folder;
}
