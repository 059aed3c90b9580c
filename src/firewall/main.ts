/** `tandem firewall`: prints the nftables commands that open what the configuration listens on. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Config } from '../config/schema.ts';
import { exitCode } from '../model/exit.ts';
import { openCommands, openPorts, sshPortsOf } from './rules.ts';

export function printFirewall(config: Config, root = '/'): number {
  process.stdout.write(openCommands(openPorts(config, sshPortsOf(sshConfiguration(root)))));
  return exitCode.ok;
}

function sshConfiguration(root: string): string[] {
  const folder = `${root}etc/ssh/sshd_config.d`;
  let more: string[] = [];
  try {
    more = readdirSync(folder)
      .filter((name) => name.endsWith('.conf'))
      .map((name) => `${folder}/${name}`);
  } catch {
    // No such folder: the main file is all there is.
  }
  return [`${root}etc/ssh/sshd_config`, ...more].flatMap((path) => {
    try {
      return [readFileSync(path, 'utf8')];
    } catch {
      return [];
    }
  });
}
