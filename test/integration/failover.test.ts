/** The short form of `bench failover`: the whole chain, its source broken in several ways, and what the viewer makes of it. */
import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';

/** What it prints. Its verdict on times is for a quiet machine: here only counts are looked at. */
function bench(...args: string[]): string {
  try {
    return execFileSync(process.execPath, ['bench/failover.ts', ...args], { encoding: 'utf8' });
  } catch (error) {
    return String((error as { stdout?: string }).stdout);
  }
}

it.each([
  ['encoder worker killed', 'worker-exited'],
  ['SRT source closes', 'source-closed'],
  ['UDP source stalls', 'no-data'],
  ['black picture', 'black-picture'],
])('%s: the spare takes over and the source comes back, unbroken for the viewer', (row, reason) => {
  const said = bench('--only', row, '--runs', '1');
  expect(said).toContain(`${reason} → spare`);
  expect(said).toMatch(/at the fault: 0 continuity errors, 0 PTS and 0 PCR jumps/);
  expect(said).toMatch(/at the return: 0 continuity errors, 0 PTS and 0 PCR jumps, \d+ pictures lost, 0 repeated; back on air after \d/);
});

it('ten kills and stalls at random: no continuity error, and ffmpeg decodes all of it', () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  console.log(`again: ./tandem bench failover --long chaos --faults 10 --seed ${seed}`);
  const said = bench('--long', 'chaos', '--faults', '10', '--seed', String(seed));
  expect(said).toMatch(/; 0 continuity errors, 0 PTS and 0 PCR jumps, 0 pictures repeated/);
  expect(said).toContain('ffmpeg says of the recording: nothing');
});

it('all inputs die: the slate stands in unbroken, and the source comes back', () => {
  const said = bench('--long', 'dark', '--seconds', '15');
  expect(said).toMatch(/0 lost, 0 continuity errors, 0 PTS and PCR jumps/);
  expect(said).toMatch(/with 0 continuity errors\n/);
});
