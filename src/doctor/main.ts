/** `tandem doctor`: what this machine can do, and what to do about each gap. */
import { exitCode } from '../model/exit.ts';
import { canGoOnAir, type Finding, judge } from './judge.ts';
import { look } from './look.ts';

/** Exit code 69 where something is missing without which nothing goes on air. */
export async function runDoctor(json: boolean): Promise<number> {
  const findings = judge(await look());
  const ok = canGoOnAir(findings);
  process.stdout.write(
    json
      ? `${JSON.stringify({ canGoOnAir: ok, findings }, null, 2)}\n`
      : `${findings.map(line).join('\n')}\n\n${ok ? 'This machine can go on air.' : 'This machine cannot go on air yet: see the lines with ✗.'}\n`,
  );
  return ok ? exitCode.ok : exitCode.unavailable;
}

const marks = { ok: '✓', gap: '✗', note: '·' } as const;

function line({ area, what, verdict, advice }: Finding): string {
  return `${marks[verdict]} ${area.padEnd(12)} ${what}${advice === '' ? '' : ` → ${advice}`}`;
}
