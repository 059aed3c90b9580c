/** Events: every change that a person would want explained. */
import { z } from 'zod';
import { reasonSchema } from './reasons.ts';

export const severitySchema = z
  .enum(['info', 'warning', 'alarm', 'clear'])
  .describe('info: normal life. warning: degraded, still on air. alarm: viewers notice. clear: an earlier warning or alarm has ended');
export type Severity = z.infer<typeof severitySchema>;

export const subjectSchema = z.object({
  kind: z.enum([
    'program',
    'input',
    'path',
    'destination',
    'worker',
    'media',
    'control',
    'gateway',
    'box',
    'modem',
    'gpio',
    'mqtt',
    'command',
    'config',
    'rehearsal',
  ]),
  id: z.string().describe('the id from the configuration, or the name of the process'),
});
export type Subject = z.infer<typeof subjectSchema>;

/** What a part of the box reports; the daemon that receives it adds the envelope (time, boot, number). */
export const noticeSchema = z.object({
  severity: severitySchema,
  subject: subjectSchema,
  what: z.string().describe('what changed, as a dotted name: `input.state`, `path.state`, `program.switch`'),
  from: z.string().nullable().describe('the state before, or null where there was none'),
  to: z.string().nullable().describe('the state after'),
  reason: reasonSchema,
  text: z.string().describe('one sentence for people: what, where, and what to do where something can be done'),
  measured: z
    .record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()]))
    .describe('the measurements that caused it; each name ends in its unit'),
  tookMs: z.number().nullable().describe('of a switch: from the decision to the first picture; of a state: how long the one before it lasted; in milliseconds'),
});
export type Notice = z.infer<typeof noticeSchema>;

export const eventSchema = noticeSchema.extend({
  seq: z.int().nonnegative().describe('increases by one with each event of a session'),
  session: z.string().describe('random id of the run of the daemon that made the event'),
  bootId: z.string().describe('the kernel’s boot id: monotonic times are comparable within it'),
  monoMs: z.number().describe('monotonic time, milliseconds'),
  wallMs: z.number().nullable().describe('wall-clock time, milliseconds since 1970; null while the clock is not set'),
});
export type TandemEvent = z.infer<typeof eventSchema>;

/** A notice with the fields that most callers leave at their rest value filled in. */
export function notice(fields: Pick<Notice, 'severity' | 'subject' | 'what' | 'reason' | 'text'> & Partial<Notice>): Notice {
  return { from: null, to: null, measured: {}, tookMs: null, ...fields };
}
