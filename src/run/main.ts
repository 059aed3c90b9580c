/** `tandem run`: media and control under one small supervisor, for development and machines without systemd. */
import { makeLogger } from '../log.ts';
import { exitCode } from '../model/exit.ts';
import { untilSignal } from '../signals.ts';
import { controlNiceness, Supervisor } from './supervisor.ts';

/** Runs until SIGTERM or SIGINT, or until a child ends with an error that a restart does not cure; then with the child's exit code. */
export async function runBoth(configPath: string): Promise<number> {
  const log = makeLogger('run');
  const hopeless = Promise.withResolvers<number>();
  const supervisor = new Supervisor({
    onStart: (name, pid) => log.info({ process: name, pid }, `${name} started`),
    onExit: (name, code, signal, restartInMs) => {
      if (restartInMs === null) hopeless.resolve(code ?? exitCode.failure);
      else
        log.error(
          { process: name, code, signal, restartInMs },
          `${name} ended ${signal === null ? `with exit code ${code}` : `by ${signal}`}; it is started again in ${restartInMs} ms`,
        );
    },
  });
  supervisor.start({ name: 'media', args: ['media', '--config', configPath], stderr: 'inherit' });
  supervisor.start({ name: 'control', args: ['control', '--config', configPath], stderr: 'inherit', niceness: controlNiceness });
  const code = await Promise.race([untilSignal().then(() => exitCode.ok), hopeless.promise]);
  await supervisor.stop();
  return code;
}
