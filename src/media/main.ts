/** `tandem media`. */
import { readyConfig } from '../cli/configuration-file.ts';
import type { EffectiveConfig } from '../config/effective.ts';
import { makeLogger } from '../log.ts';
import { exitCode } from '../model/exit.ts';
import { untilSignal } from '../signals.ts';
import { ready, stopping } from '../systemd-notify.ts';
import { version } from '../version.ts';
import { MediaDaemon } from './daemon.ts';

/** Runs until SIGTERM or SIGINT. `config` has its secrets resolved. @throws FatalError where starting is impossible. */
export async function runMedia(config: EffectiveConfig): Promise<number> {
  const log = makeLogger('media');
  const restart = Promise.withResolvers<void>();
  const file = config.origin?.file;
  const daemon = new MediaDaemon({
    config,
    version,
    log,
    onRestart: restart.resolve,
    ...(file !== undefined && { reread: () => readyConfig(file) }),
  });
  await daemon.start();
  ready();
  await Promise.race([untilSignal(), restart.promise]);
  stopping();
  await daemon.stop();
  return exitCode.ok;
}
