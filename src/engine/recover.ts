/**
 * What is done when the engine breaks a rule of its own (docs/adr/0022): its memory is what is thrown away, not the program. The rule here is so
 * simple that it needs no memory: what is on air stays while it delivers anything, else the first that does, else the slate.
 */
import { initialChoice } from './choice.ts';
import { brokenNotice } from './notices.ts';
import { type Decision, initialProgram, type ProgramCommand, type ProgramRules, type ProgramSeen, type ProgramState } from './program.ts';

/** An engine that breaks at every turn must not fill the journal. */
const tellEveryMs = 60_000;

/** @param state before the decision that broke. The pin is kept: it is a person's. */
export function recover(state: ProgramState, seen: ProgramSeen, nowMs: number, rules: ProgramRules, error: Error): Decision {
  const delivers = (index: number) => seen.inputs[index]?.sample.delivering === true;
  const ids = rules.inputs.map(({ id }) => id);
  const now = seen.onAir === null ? -1 : ids.indexOf(seen.onAir);
  const chosen = (delivers(now) ? ids[now] : ids.find((_, index) => delivers(index))) ?? null;
  const target = chosen ?? rules.slateId;
  const commands: ProgramCommand[] = [];
  // Hot or cold: whatever may deliver soon is wanted now.
  if (chosen === null) for (const [index, id] of ids.entries()) if (seen.inputs[index]?.on === false) commands.push({ kind: 'start-input', id });
  if ((seen.awaited ?? seen.onAir) !== target) commands.push({ kind: 'show', id: target });
  if (chosen !== null && seen.onAir !== chosen) commands.push({ kind: 'ask-key-frame', id: chosen });
  const toldMs = state.broken?.toldMs ?? Number.NEGATIVE_INFINITY;
  const tells = nowMs - toldMs >= tellEveryMs;
  if (tells) commands.push({ kind: 'tell', notice: brokenNotice(error, chosen ?? 'the slate') });
  const broken = { lastMs: nowMs, toldMs: tells ? nowMs : toldMs };
  const { startedMs, pin } = state;
  const choice = { ...initialChoice, chosen, changedMs: nowMs, pin: state.choice.pin };
  return { state: { ...initialProgram, startedMs, pin, choice, broken }, commands };
}
