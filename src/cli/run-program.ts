/** Runs a command line to its end: what a person did wrong is one sentence and an exit code, what we did wrong a stack trace. */
import { type Command, CommanderError } from 'commander';
import { exitCode } from '../model/exit.ts';
import { runToEnd } from './run-to-end.ts';

/** Verbs set `process.exitCode`. */
export function runProgram(program: Command): Promise<void> {
  return runToEnd(async () => {
    try {
      await program.parseAsync();
    } catch (error) {
      if (!(error instanceof CommanderError)) throw error;
      process.exitCode = error.exitCode === 0 ? exitCode.ok : exitCode.usage;
    }
  });
}
