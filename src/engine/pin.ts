/** A person's pin on an input: when it is a bad idea, what is done about it, and when it ends. Pure; what it demands is in choice.ts. Of a path: path-pin.ts. */
import { type Reason, reasonTexts } from '../model/reasons.ts';
import type { PinStatus } from '../model/status.ts';
import { type CandidateRecord, type ChoiceState, holdDownMs, type Pin } from './choice.ts';
import type { InputRecord, ProgramRules } from './program.ts';

export interface PinRecord {
  /** That it is a bad idea, as it was told; null: nothing of that kind. */
  told: { id: string; reason: Reason } | null;
  /** Since when what is pinned has not been usable; null: it is. */
  deadSinceMs: number | null;
}

export const noPin: PinRecord = { told: null, deadSinceMs: null };

/** When a pin's time is over, or it has been on something dead for as long as is borne. */
export function isOver(pin: Pin, { deadSinceMs }: PinRecord, nowMs: number, deadPinMs: number): boolean {
  if (pin.untilMs !== null && nowMs >= pin.untilMs) return true;
  return deadPinMs > 0 && deadSinceMs !== null && nowMs - Math.max(deadSinceMs, pin.sinceMs) >= deadPinMs;
}

/** Why the pin is a bad idea now; null: it is none. */
export function judgePin({ pin, chosen, records }: ChoiceState, record: InputRecord | undefined, nowMs: number, { switching }: ProgramRules): Reason | null {
  if (pin === null || record === undefined) return null;
  const { verdict, idle } = record;
  if (idle && !verdict.usable) return 'starting';
  if (!verdict.usable) return 'pinned-dead';
  if (chosen !== pin.id) return 'unsteady';
  const isBetter = (record: CandidateRecord) => record.betterSinceMs !== null && nowMs - record.betterSinceMs >= holdDownMs(record, switching);
  return Object.values(records).some(isBetter) ? 'better-score' : null;
}

/** One sentence for the event, the reply, the page. */
export function pinStatus(choice: ChoiceState, record: InputRecord | undefined, nowMs: number, rules: ProgramRules): PinStatus | null {
  const { pin, chosen } = choice;
  if (pin === null) return null;
  const reason = judgePin(choice, record, nowMs, rules);
  const onAir = chosen === pin.id ? 'it is on air all the same' : `${chosen ?? 'the slate'} is on air`;
  const untilThen = chosen !== pin.id && chosen !== null ? ' until it works' : '';
  const texts: Partial<Record<Reason, string>> = {
    'pinned-dead': `${pin.id} is pinned, but ${reasonTexts[record?.verdict.reason ?? 'no-data']}: ${onAir}${untilThen}`,
    starting: `${pin.id} is pinned and starting: ${onAir} until it works`,
    unsteady: `${pin.id} is pinned, but failed lately: ${onAir} until it has worked for its hold-down`,
    'better-score': `${pin.id} is pinned and on air, but another input is healthier`,
  };
  const text = reason === null ? `${pin.id} is pinned and on air` : (texts[reason] ?? reasonTexts[reason]);
  return { input: pin.id, reason: reason ?? 'pinned', text, expiresInMs: pin.untilMs === null ? null : Math.max(0, Math.round(pin.untilMs - nowMs)) };
}
