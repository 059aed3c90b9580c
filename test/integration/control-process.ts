/** Runs the control daemon with a configuration file of a test: `node control-process.ts config.json`. */
import { readyConfig } from '../../src/cli/configuration-file.ts';
import { runControl } from '../../src/control/main.ts';

process.exitCode = await runControl(await readyConfig(process.argv[2] as string));
