/** Which configuration file a verb means, and how it is read. */
import { type EffectiveConfig, loadEffective } from '../config/effective.ts';
import { resolveSecrets } from '../config/secrets.ts';

export const configOption = ['-c, --config <file>', 'configuration file', process.env.TANDEM_CONFIG ?? '/etc/tandem/tandem.yaml'] as const;

/** @throws FatalError that says every mistake. */
export function readyConfig(file: string): EffectiveConfig {
  return resolveSecrets(loadEffective(file));
}
