/** `tandem gateway`. */
import type { Config } from '../config/schema.ts';
import { makeLogger } from '../log.ts';
import type { Notice } from '../model/event.ts';
import { exitCode, FatalError } from '../model/exit.ts';
import { untilSignal } from '../signals.ts';
import { Gateway } from './gateway.ts';

/** Runs until SIGTERM or SIGINT. `config` has its secrets resolved. @throws FatalError where starting is impossible. */
export async function runGateway(config: Config): Promise<number> {
  if (config.gateway === undefined) throw new FatalError(exitCode.config, 'the configuration has no section gateway: add one (docs/examples/gateway.yaml)');
  const log = makeLogger('gateway');
  const onNotice = ({ severity, text, ...rest }: Notice) =>
    log[severity === 'alarm' ? 'error' : severity === 'warning' ? 'warn' : 'info']({ event: rest }, text);
  const gateway = new Gateway({ config: config.gateway, onNotice, log });
  gateway.start();
  await untilSignal();
  await gateway.stop();
  return exitCode.ok;
}
