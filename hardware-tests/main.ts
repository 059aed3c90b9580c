/** `tandem hardware-test`: acceptance on a real box, here or over ssh; the virtual box runs the same suite. */
import { writeFileSync } from 'node:fs';
import { exitCode, FatalError } from '../src/model/exit.ts';
import { Box, hereReach, type Reach, sshReach, until } from './box.ts';
import { exitCodeOf, type HardwareTest, nothingTested, type Outcome, runSuite } from './suite.ts';
import { faults } from './tests/faults.ts';
import { onAir } from './tests/on-air.ts';
import { people } from './tests/people.ts';
import { memory, services } from './tests/services.ts';

/** In the order of what depends on what; what takes the box down comes last. */
export const allTests: readonly HardwareTest[] = [...services, ...onAir, ...people, ...memory, ...faults];

export interface HardwareTestOptions {
  /** `user@host` to test over ssh; without it this machine is tested. */
  box?: string;
  port?: number;
  identity?: string;
  /** The box's broker as it is reached from here; default: as the box reaches it. */
  broker?: string;
  /** Also tests that reboot, hang or cut the box. */
  disruptive: boolean;
  /** Only tests whose name contains this. */
  only?: string;
  /** File for the outcomes, JSON. */
  report?: string;
}

/** @returns 0: tested and nothing failed; 1: something failed; 77: nothing could be tested. */
export async function runHardwareTest(options: HardwareTestOptions): Promise<number> {
  const reach =
    options.box === undefined
      ? hereReach()
      : sshReach({
          destination: options.box,
          ...(options.port === undefined ? {} : { port: options.port }),
          ...(options.identity === undefined ? {} : { identity: options.identity }),
          ...(options.broker === undefined ? {} : { broker: options.broker }),
        });
  try {
    return await testBox(reach, options);
  } finally {
    reach.close();
  }
}

/** @param options.firstAnswerMsMax how long the box may take until it can be reached at all: one that has just been switched on. */
export async function testBox(
  reach: Reach,
  options: Pick<HardwareTestOptions, 'disruptive' | 'only' | 'report'> & { firstAnswerMsMax?: number },
): Promise<number> {
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  say(`hardware tests on ${reach.name}`);
  const firstAnswer = await until(
    'reachable',
    options.firstAnswerMsMax ?? 20_000,
    async () => (await reach.shell('cat /proc/uptime', 10_000)).code === 0,
  ).catch(() => null);
  if (firstAnswer === null)
    throw new FatalError(exitCode.unavailable, `${reach.name} cannot be reached: is it on, and does it let you in as root without a password (ssh key)?`);
  const outcomes = await runSuite(new Box(reach), chosen(options.only), { disruptive: options.disruptive, say });
  say(summary(outcomes));
  if (options.report !== undefined) writeFileSync(options.report, `${JSON.stringify({ box: reach.name, outcomes }, null, 2)}\n`);
  return exitCodeOf(outcomes);
}

/** @throws FatalError when no test is called so. */
function chosen(only: string | undefined): readonly HardwareTest[] {
  const tests = allTests.filter(({ name }) => name.includes(only ?? ''));
  if (tests.length === 0) throw new FatalError(exitCode.usage, `no hardware test has "${only}" in its name`);
  return tests;
}

function summary(outcomes: readonly Outcome[]): string {
  const count = (result: Outcome['result']): number => outcomes.filter((one) => one.result === result).length;
  const line = `${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`;
  return exitCodeOf(outcomes) === nothingTested ? `${line}: nothing could be tested here (exit code ${nothingTested})` : line;
}
