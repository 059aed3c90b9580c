/** The hardware tests where there is no hardware: everything skipped with its reason, nothing passed, and the exit code says so. */
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Box, hereReach, type Reach } from '../../hardware-tests/box.ts';
import { allTests } from '../../hardware-tests/main.ts';
import { exitCodeOf, type HardwareTest, nothingTested, runSuite, Skip } from '../../hardware-tests/suite.ts';

const quiet = { disruptive: false, say: () => undefined };

describe('the hardware tests', () => {
  test('skip everything on a machine that is no box, each with a reason, and say so by their exit code', async (ctx) => {
    if (existsSync('/usr/lib/systemd/system/tandem-media.service')) ctx.skip('needs hardware: a machine on which Tandem is not installed');
    const outcomes = await runSuite(new Box(hereReach()), allTests, quiet);
    expect(outcomes.length).toBeGreaterThan(12);
    for (const outcome of outcomes) expect(outcome, outcome.name).toMatchObject({ result: 'skipped', text: expect.stringMatching(/./) });
    expect(exitCodeOf(outcomes)).toBe(nothingTested);
  });

  test('a failure counts more than all that passed, and skipped tests alone are no success', async () => {
    const tests: HardwareTest[] = [
      { name: 'passes', run: async () => 'measured' },
      {
        name: 'fails',
        run: async () => {
          throw new Error('broken');
        },
      },
      {
        name: 'skips',
        run: async () => {
          throw new Skip('nothing there');
        },
      },
      { name: 'disrupts', disruptive: true, run: async () => '' },
    ];
    const outcomes = await runSuite(new Box(anyBox), tests, quiet);
    expect(outcomes.map(({ result, text }) => [result, text])).toEqual([
      ['passed', 'measured'],
      ['failed', 'broken'],
      ['skipped', 'nothing there'],
      ['skipped', 'takes the box down: only with --disruptive'],
    ]);
    expect(exitCodeOf(outcomes)).toBe(1);
    expect(exitCodeOf(outcomes.filter(({ result }) => result !== 'failed'))).toBe(0);
    expect(exitCodeOf(outcomes.filter(({ result }) => result === 'skipped'))).toBe(nothingTested);
    expect(exitCodeOf([])).toBe(nothingTested);
  });

  test('never take down the machine that they run on', async () => {
    const local: Reach = { ...anyBox, local: true };
    const outcomes = await runSuite(
      new Box(local),
      allTests.filter(({ disruptive }) => disruptive),
      { disruptive: true, say: () => undefined },
    );
    expect(outcomes.length).toBeGreaterThan(0);
    for (const { result, text } of outcomes)
      expect([result, text]).toEqual(['skipped', 'ends the machine that the tests run on: run them from another one (--box)']);
  });
});

/** Answers yes to everything. */
const anyBox: Reach = {
  name: 'any box',
  local: false,
  outside: {},
  patience: 1,
  page: null,
  broker: null,
  shell: async () => ({ code: 0, stdout: '', stderr: '' }),
  close: () => undefined,
};
