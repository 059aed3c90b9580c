/** Runs the control daemon with a configuration file of a test: `node control-process.ts config.json`. */
import { readFileSync } from 'node:fs';
import { configSchema } from '../../src/config/schema.ts';
import { runControl } from '../../src/control/main.ts';

const config = configSchema.parse(JSON.parse(readFileSync(process.argv[2] as string, 'utf8')));
process.exitCode = await runControl(config);
