/** Started by configuration-file.ts: prints the configuration that its argument names as JSON, defaults and secrets in place. */
import { loadConfig } from '../config/load.ts';
import { resolveSecrets } from '../config/secrets.ts';
import { exitCode, FatalError } from '../model/exit.ts';

try {
  process.stdout.write(JSON.stringify(resolveSecrets(loadConfig(process.argv[2] ?? ''))));
} catch (error) {
  process.exitCode = error instanceof FatalError ? error.code : exitCode.failure;
  process.stderr.write(`${error instanceof FatalError ? error.message : (error as Error).stack}\n`);
}
