/** Runs a command line to its end: what a person did wrong is one sentence and an exit code, what we did wrong a stack trace. */
import { type Command, CommanderError } from 'commander';
import { exitCode, FatalError } from '../model/exit.ts';

/** Verbs set `process.exitCode`. */
export async function runProgram(program: Command): Promise<void> {
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? exitCode.ok : exitCode.usage;
    else if (error instanceof FatalError) {
      process.stderr.write(`tandem: ${error.message}\n`);
      process.exitCode = error.code;
    } else throw error;
  }
  // A supervisor's channel, a timer or a native library's thread must not keep a verb that has ended.
  if (process.exitCode !== undefined) process.exit();
}
