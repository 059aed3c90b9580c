/** The two daemons of a box, begun: the file is read while their own parts are loaded. Resolve to the exit code. @throws FatalError */
import { startGivingBack } from '../give-back.ts';
import { readyConfig } from './configuration-file.ts';

export async function runMediaWith(file: string): Promise<number> {
  const [config, { runMedia }] = await Promise.all([readyConfig(file), import('../media/main.ts')]);
  startGivingBack();
  return runMedia(config);
}

export async function runControlWith(file: string): Promise<number> {
  const [config, { runControl }] = await Promise.all([readyConfig(file), import('../control/main.ts')]);
  startGivingBack();
  return runControl(config);
}
