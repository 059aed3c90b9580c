/** `tandem media`. */
import type { Config } from '../config/schema.ts';
import { makeLogger } from '../log.ts';
import { exitCode } from '../model/exit.ts';
import { untilSignal } from '../signals.ts';
import { ready, stopping } from '../systemd-notify.ts';
import { version } from '../version.ts';
import { MediaDaemon } from './daemon.ts';

/** Runs until SIGTERM or SIGINT. `config` has its secrets resolved. @throws FatalError where starting is impossible. */
export async function runMedia(config: Config): Promise<number> {
  const log = makeLogger('media');
  const daemon = new MediaDaemon({ config, version, log });
  await daemon.start();
  ready();
  await untilSignal();
  stopping();
  await daemon.stop();
  return exitCode.ok;
}
