/**
 * The tiers of tests, cheapest first; each tier starts when the one before has ended. Times are for a loaded two-core
 * machine that may stop for seconds: a test that needs them all is broken, one that needs a tenth is normal.
 */
import { defineConfig } from 'vitest/config';
import { Reporter } from './test/reporter.ts';

/** What a viewer at the far end counts of the whole chain: another test beside it would be in its figures. */
const wholeChain = ['chain', 'disk-on-air', 'failover', 'readme', 'rehearsal', 'start'].map((name) => `test/integration/${name}.test.ts`);

export default defineConfig({
  test: {
    reporters: [process.stdout.isTTY ? 'default' : ['default', { summary: false }], new Reporter()],
    projects: [
      {
        test: {
          // Types, lint, format, documents: what `./tandem check` does, counted as tests.
          name: 'check',
          include: ['src/checks/*.check.ts'],
          testTimeout: 180_000,
          maxWorkers: 1,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'bench/**/*.test.ts', 'test/*.test.ts'],
          exclude: ['src/**/*.sim.test.ts'],
          testTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'simulation',
          include: ['src/sim/**/*.sim.test.ts'],
          testTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          // Real GStreamer, libsrt, sockets and brokers, in real time: two files at once share two cores.
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          exclude: wholeChain,
          testTimeout: 180_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          name: 'chain',
          include: wholeChain,
          testTimeout: 180_000,
          hookTimeout: 120_000,
          maxWorkers: 1,
          sequence: { groupOrder: 4 },
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 120_000,
          maxWorkers: 1,
          sequence: { groupOrder: 5 },
        },
      },
    ],
  },
});
