/** Rehearsals: the box breaks a part of itself on purpose, while on air, and measures what viewers would have noticed. */
import { z } from 'zod';
import { reasonSchema } from './reasons.ts';

const id = z.string().min(1).max(64);
/** Short of what a gateway takes for a link that is gone for good (10 s). */
const forMs = z.int().min(1000).max(8000).optional().describe('how long it stays broken, milliseconds');
/** Without it, the path that is preferred, or the input that is on air. */
const path = id.optional();
const input = id.optional();

export const rehearsalFaultSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('pull-path').describe('as if its cable were pulled: no carrier'), path, forMs }),
  z.strictObject({ kind: z.literal('silence-path').describe('it swallows every packet, and says nothing'), path, forMs }),
  z.strictObject({ kind: z.literal('limit-path').describe('it carries no more than this'), path, kbps: z.int().min(100).max(100_000).optional(), forMs }),
  z.strictObject({ kind: z.literal('kill-encoder').describe('its encoder process gets a SIGKILL'), input }),
  z.strictObject({ kind: z.literal('lose-input').describe('as if its camera were unplugged'), input, forMs }),
  z.strictObject({ kind: z.literal('freeze-input').describe('its data is held back: the source hangs, and says nothing'), input, forMs }),
  z.strictObject({ kind: z.literal('freeze-management').describe('the control daemon stands still'), forMs }),
]);
export type RehearsalFault = z.infer<typeof rehearsalFaultSchema>;
export type RehearsalFaultKind = RehearsalFault['kind'];

/** Faults of a rehearsal at most: a quarter of an hour. */
export const rehearsalFaultsMax = 24;

export const rehearsalPhaseSchema = z
  .enum(['steady', 'broken', 'returning', 'resting'])
  .describe(
    'steady: how it is without a fault is measured. broken: the fault stands. returning: it was put back, and all comes back. resting: before the next',
  );
export type RehearsalPhase = z.infer<typeof rehearsalPhaseSchema>;

export const rehearsalVerdictSchema = z
  .enum(['passed', 'noticed', 'failed', 'stopped'])
  .describe('passed: no viewer noticed. noticed: they did, and it recovered. failed: it did not recover, or the stream broke. stopped: not brought to its end');
export type RehearsalVerdict = z.infer<typeof rehearsalVerdictSchema>;

/** A rehearsal that runs, as a part of the status. */
export const rehearsalProgressSchema = z.object({
  id: z.string(),
  by: z.string().describe('who asked'),
  step: z.int().describe('the fault that it is at, from 1; 0: none yet'),
  steps: z.int(),
  phase: rehearsalPhaseSchema,
  text: z.string().describe('one sentence for people: what is done now'),
  done: z.array(z.object({ what: z.string(), verdict: rehearsalVerdictSchema, text: z.string() })),
});
export type RehearsalProgress = z.infer<typeof rehearsalProgressSchema>;

const msOrNull = z.number().nullable();

export const rehearsalFiguresSchema = z.object({
  brokenMs: z.number().describe('how long the fault stood'),
  noticedMs: msOrNull.describe('from the fault until the box left what was broken; null: it did not, or need not'),
  switchedMs: msOrNull.describe('from the fault until another picture went out, or another path carried the program'),
  backMs: msOrNull.describe('from when it was put back until all was as before; null: it did not come back'),
  chosen: z.string().nullable().describe('what carried on meanwhile'),
  pictures: z.int().describe('that left the switcher'),
  picturesLost: z.int().describe('places in the program that have none'),
  picturesRepeated: z.int(),
  continuityErrors: z.int(),
  ptsJumps: z.int(),
  pcrJumps: z.int(),
  longestGapMs: z.number().describe('in what left the switcher'),
  stillMs: z.number().describe('longest time without another picture'),
  slateMs: z.number().describe('for how long the slate was shown'),
  latePackets: z.int().describe('that the gateway is not known to have had in time: given up, or never acknowledged'),
});
export type RehearsalFigures = z.infer<typeof rehearsalFiguresSchema>;

export const rehearsalStepSchema = z.object({
  fault: rehearsalFaultSchema.describe('as it was performed'),
  what: z.string(),
  verdict: rehearsalVerdictSchema,
  text: z.string().describe('the verdict in one sentence'),
  figures: rehearsalFiguresSchema,
});
export type RehearsalStep = z.infer<typeof rehearsalStepSchema>;

export const rehearsalReportSchema = z.object({
  id: z.string(),
  box: z.string(),
  by: z.string(),
  forced: z.boolean(),
  monoMs: z.number().describe('when it began'),
  wallMs: z.number().nullable().describe('when it began, milliseconds since 1970; null while the clock was not set'),
  tookMs: z.number(),
  verdict: rehearsalVerdictSchema,
  reason: reasonSchema.describe('requested: it came to its end. Anything else: why it was stopped'),
  text: z.string(),
  steps: z.array(rehearsalStepSchema),
  leftOut: z.array(z.object({ what: z.string(), reason: reasonSchema, text: z.string() })).describe('what was not performed, and why'),
});
export type RehearsalReport = z.infer<typeof rehearsalReportSchema>;
