/**
 * The end of a test run: every skipped test with its reason, then one plain line, alone and last: `N passed, N failed, N skipped`.
 *
 * With CI=true a test of a tier that must never skip may still do so for want of hardware, and says it with a reason that
 * begins with `needs hardware:`, as in `ctx.skip('needs hardware: a V4L2 camera')`. Any other skip there fails the run, and
 * so does a tier that had no test at all in a whole run.
 */
import { writeSync } from 'node:fs';
import type { Reporter as VitestReporter } from 'vitest/node';
import { type Outcome, summarize } from './reporter-summary.ts';

interface Options {
  ci?: boolean;
}

export class Reporter implements VitestReporter {
  readonly #ci: boolean;
  #whole = true;

  constructor({ ci = process.env.CI === 'true' }: Options = {}) {
    this.#ci = ci;
  }

  onInit: NonNullable<VitestReporter['onInit']> = (vitest) => {
    const { config } = vitest;
    // Named files, a name pattern or a project filter: a person who looks at a part.
    const projects = Array.isArray(config.project) ? config.project : [config.project];
    const named = process.argv.slice(2).some((argument) => argument !== 'run' && !argument.startsWith('-'));
    this.#whole = !named && config.testNamePattern === undefined && projects.filter(Boolean).length === 0;
  };

  onTestRunEnd: NonNullable<VitestReporter['onTestRunEnd']> = (modules, unhandledErrors, reason) => {
    const outcomes: Outcome[] = [];
    for (const module of modules) {
      const file = module.relativeModuleId;
      const tier = module.project.name;
      let tests = 0;
      for (const test of module.children.allTests()) {
        tests++;
        const result = test.result();
        const note = result.state === 'skipped' ? (result.note ?? '') : '';
        outcomes.push({ tier, name: `${file} > ${test.fullName}`, state: result.state === 'pending' ? 'failed' : result.state, note });
      }
      // A file that does not load has no tests to fail; a suite's hook fails without its tests.
      if (module.state() === 'failed' && (tests === 0 || module.errors().length > 0)) outcomes.push({ tier, name: file, state: 'failed', note: '' });
    }
    for (const error of unhandledErrors) outcomes.push({ tier: '', name: `unhandled: ${String(error.message)}`, state: 'failed', note: '' });
    const { lines, ok } = summarize(outcomes, { ci: this.#ci, whole: this.#whole });
    const failed = !ok || reason === 'interrupted';
    // At the very end, so that nothing that a runner says on its way out comes after it.
    process.once('exit', () => {
      writeSync(1, `\n${lines.join('\n')}\n`);
      if (failed && !process.exitCode) process.exitCode = 1;
    });
  };
}
