import { FatalError } from '../model/exit.ts';

/** Runs to the end of `work`, which sets `process.exitCode`; what a person has to mend is one sentence and an exit code. */
export async function runToEnd(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    process.stderr.write(`tandem: ${error.message}\n`);
    process.exitCode = error.code;
  }
  // A supervisor's channel, a timer or a native library's thread must not keep a verb that has ended.
  if (process.exitCode !== undefined) process.exit();
}
