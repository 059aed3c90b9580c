/**
 * `tandem demo`: the whole chain on one machine, faults included. A test camera, an encoder, two emulated networks, the
 * bonded uplink, a gateway, a measuring viewer and an MQTT broker; everything but the networks is what runs on a box.
 */
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exitCode, FatalError } from '../model/exit.ts';
import { untilSignal } from '../signals.ts';
import { parseFault } from './faults.ts';
import { summary } from './report.ts';
import { DemoRun } from './run.ts';

export interface DemoOptions {
  /** How long to measure; null: until Ctrl-C. */
  forMs: number | null;
  /** File for the report (JSON). */
  report: string | null;
  latencyMs: number;
  /** `'<time> <fault>'`, each. */
  at: string[];
  seed: number | null;
}

export async function runDemo(options: DemoOptions): Promise<number> {
  const faults = options.at.map(parseFault).sort((a, b) => a.atMs - b.atMs);
  if (options.report !== null) checkWritable(options.report);
  const seed = options.seed ?? Math.floor(Math.random() * 2 ** 31);
  const directory = mkdtempSync(join(tmpdir(), 'tandem-demo-'));
  const run = new DemoRun({
    directory,
    seed,
    latencyMs: options.latencyMs,
    faults,
    logFile: openSync(join(directory, 'log'), 'a'),
    say: (text) => process.stdout.write(`${text}\n`),
  });
  const asked = untilSignal().then(() => 'asked' as const);
  let keep = false;
  try {
    const started = await Promise.race([run.start(), asked]);
    if (started === 'asked') return exitCode.ok;
    const ended = await Promise.race([run.measure(options.forMs), asked]);
    const report = await run.report();
    if (options.report !== null) writeFileSync(options.report, `${JSON.stringify(report, null, 2)}\n`);
    process.stdout.write(`\n${summary(report)}\n`);
    if (ended === 'failed') keep = true;
    return ended === 'failed' ? exitCode.failure : exitCode.ok;
  } catch (error) {
    keep = true;
    throw error;
  } finally {
    await run.stop();
    if (keep) process.stdout.write(`the log of this run is ${join(directory, 'log')}\n`);
    else rmSync(directory, { recursive: true, force: true });
  }
}

/** Found out before the run, not after it. */
function checkWritable(file: string): void {
  try {
    writeFileSync(file, '', { flag: 'a' });
  } catch (error) {
    throw new FatalError(exitCode.usage, `cannot write the report to ${file}: ${(error as NodeJS.ErrnoException).code}`);
  }
}
