/** What a test run amounts to. Pure, so that the rules about skipping are themselves tested. */

export interface Outcome {
  /** Name of the vitest project. */
  tier: string;
  name: string;
  state: 'passed' | 'failed' | 'skipped';
  /** Why it was skipped. */
  note: string;
}

/** These run anywhere that `npm test` runs. A browser may be missing on a machine without Chromium for it. */
export const tiersThatNeverSkip = ['check', 'unit', 'simulation', 'integration', 'chain'];

/** What not every machine can have: hardware, and a library that needs Debian's source package. */
const excuse = /^needs (hardware|libsrt with bonding): \S/;

/** `whole`: every test was asked for, not a selection. The last line is always `N passed, N failed, N skipped`. */
export function summarize(outcomes: Outcome[], { ci, whole }: { ci: boolean; whole: boolean }): { lines: string[]; ok: boolean } {
  const lines: string[] = [];
  const count = (state: Outcome['state']) => outcomes.filter((outcome) => outcome.state === state).length;
  const complaints: string[] = [];
  for (const { tier, name, state, note } of outcomes) {
    if (state !== 'skipped') continue;
    lines.push(`skipped (${tier}): ${name}: ${note || 'no reason given'}`);
    if (ci && tiersThatNeverSkip.includes(tier) && !excuse.test(note)) complaints.push(`must not be skipped in CI (${tier}): ${name}`);
  }
  if (ci && whole) {
    for (const tier of tiersThatNeverSkip)
      if (!outcomes.some((outcome) => outcome.tier === tier)) complaints.push(`no test of the tier "${tier}" ran, and CI must run it`);
  }
  const failed = count('failed');
  lines.push(...complaints, `${count('passed')} passed, ${failed} failed, ${count('skipped')} skipped`);
  return { lines, ok: failed === 0 && complaints.length === 0 };
}
