/**
 * Which inputs run. A hot one always does; a cold one from when it is needed until it has not been for a while. A strained box is relieved of
 * the hot ones that its processor encodes beyond one standby. Pure.
 */
import type { Reason } from '../model/reasons.ts';
import type { ChoiceState } from './choice.ts';
import type { InputRules, InputSeen } from './program.ts';

/** What was needed a moment ago is likely to be needed again. */
const coolDownMs = 30_000;

export interface RunRecord {
  /** When it was last needed. */
  neededMs: number;
  /** What was asked of it last; null: nothing yet. */
  asked: boolean | null;
}

export interface Run {
  record: RunRecord;
  /** What to ask of it now, and why; null: nothing new. */
  ask: { run: boolean; reason: Reason } | null;
}

/** What is known of one input when it is asked whether it has to run. */
export interface Need {
  rules: InputRules;
  seen: InputSeen;
  usable: boolean;
  /** A hot one of a box that has just started: a cold one waits for it. */
  starts: boolean;
}

/** `needs` in order of preference. The answer is in the same order. */
export function needed(needs: readonly Need[], { chosen, pin }: ChoiceState, strain: Reason | null): boolean[] {
  let covered = false;
  let standby = false;
  return needs.map(({ rules, seen, usable, starts }) => {
    const asked = rules.id === chosen || rules.id === pin?.id;
    const spare = strain !== null && standby && seen.sample.softwareEncoded;
    const need = asked || (rules.standby === 'cold' ? !covered : !spare);
    covered ||= usable || starts;
    if (!asked && usable) standby = true;
    return need;
  });
}

export function run(
  { asked, neededMs }: RunRecord,
  need: boolean,
  { rules, seen }: Need,
  { pinned, strain }: { pinned: boolean; strain: Reason | null },
  nowMs: number,
): Run {
  if (need) {
    const record = { neededMs: nowMs, asked: true };
    const reason = pinned ? 'pinned' : rules.standby === 'cold' ? 'needed' : asked === false ? 'recovered' : 'starting';
    // Asked again while it does not run, whatever was asked before: a command that got lost does no harm.
    return { record, ask: asked === true && seen.on ? null : { run: true, reason } };
  }
  if (!seen.on || nowMs - neededMs <= coolDownMs) return { record: { neededMs, asked }, ask: null };
  return { record: { neededMs, asked: false }, ask: { run: false, reason: rules.standby === 'hot' && strain !== null ? strain : 'not-needed' } };
}
