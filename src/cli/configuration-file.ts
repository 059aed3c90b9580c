/** Which configuration file a verb means, and how it is read. */
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { resolveSecrets } from '../config/secrets.ts';

export const configOption = ['-c, --config <file>', 'configuration file', process.env.TANDEM_CONFIG ?? '/etc/tandem/tandem.yaml'] as const;

/** @throws FatalError that says every mistake. */
export function readyConfig(file: string): Config {
  return resolveSecrets(loadConfig(file));
}
