/**
 * Runs the tests one after another and prints a line for each. What cannot be tested is skipped with its reason, never passed;
 * a run in which nothing could be tested has an exit code of its own.
 */
import { monoMs } from '../src/clock.ts';
import type { Box } from './box.ts';

/** Thrown by a test that finds that this box lacks what it needs. The message is the reason. */
export class Skip extends Error {}

export interface HardwareTest {
  /** A sentence that is true when the test passes. */
  name: string;
  /** Reboots, hangs or cuts the box: only on request. */
  disruptive?: true;
  /** @returns what was measured, for the report. @throws Skip, or any error: failed. */
  run(box: Box): Promise<string>;
}

export type Outcome = { name: string; result: 'passed' | 'skipped' | 'failed'; text: string; seconds: number };

/** 0: something was tested and nothing failed. 1: something failed. 77: nothing could be tested on this machine (as automake has it). */
export const nothingTested = 77;

export function exitCodeOf(outcomes: readonly Outcome[]): number {
  if (outcomes.some(({ result }) => result === 'failed')) return 1;
  return outcomes.some(({ result }) => result === 'passed') ? 0 : nothingTested;
}

export async function runSuite(box: Box, tests: readonly HardwareTest[], options: { disruptive: boolean; say: (line: string) => void }): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const test of tests) {
    const startedMs = monoMs();
    const [result, text] = await outcomeOf(box, test, options.disruptive);
    const seconds = Math.round((monoMs() - startedMs) / 100) / 10;
    outcomes.push({ name: test.name, result, text, seconds });
    options.say(`${result.padEnd(7)} ${test.name}${text === '' ? '' : `: ${text}`} (${seconds} s)`);
  }
  return outcomes;
}

async function outcomeOf(box: Box, test: HardwareTest, disruptive: boolean): Promise<['passed' | 'skipped' | 'failed', string]> {
  try {
    await box.needServices();
    if (test.disruptive && box.reach.local) throw new Skip('ends the machine that the tests run on: run them from another one (--box)');
    if (test.disruptive && !disruptive) throw new Skip('takes the box down: only with --disruptive');
    return ['passed', await test.run(box)];
  } catch (error) {
    return [error instanceof Skip ? 'skipped' : 'failed', (error as Error).message];
  }
}
