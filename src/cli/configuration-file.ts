/**
 * Which configuration file a verb means, and how it is read: by a process of its own. What checks a file (YAML, the schema, its messages) is needed once,
 * and a daemon would hold it in memory for as long as it lives (docs/adr/0016-memory.md).
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Config } from '../config/schema.ts';
import { exitCode, FatalError } from '../model/exit.ts';

const reader = fileURLToPath(new URL('./read-configuration.ts', import.meta.url));
/** A configuration is at most 1 MiB of YAML. */
const bytesMax = 16 * 1024 * 1024;

export const configOption = ['-c, --config <file>', 'configuration file', process.env.TANDEM_CONFIG ?? '/etc/tandem/tandem.yaml'] as const;

/** With its secrets resolved; they come through a pipe. @throws FatalError that says every mistake. */
export function readyConfig(file: string): Promise<Config> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [reader, file], { maxBuffer: bytesMax }, (error, stdout, stderr) => {
      if (error === null) return resolve(frozen(JSON.parse(stdout) as Config));
      const isSaid = Object.values<unknown>(exitCode).includes(error.code) && error.code !== exitCode.failure;
      const text = isSaid ? stderr.trimEnd() : `the configuration ${file} could not be read: ${stderr.trim() || error.message}`;
      reject(new FatalError(isSaid ? Number(error.code) : exitCode.failure, text));
    });
  });
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const inner of Object.values(Object.freeze(value))) frozen(inner);
  return value;
}
