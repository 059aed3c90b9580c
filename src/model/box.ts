/** The box as the control daemon sees it: the media daemon's status and control's own parts. Served by the API, streamed to the page. */
import { z } from 'zod';
import { eventSchema } from './event.ts';
import { reasonSchema } from './reasons.ts';
import { statusSchema } from './status.ts';
import { updateStatusSchema } from './update.ts';
import { modemSchema, vitalsStatusSchema } from './vitals.ts';

/** An event with its box-unique number, as the journal keeps it. */
export const journaledEventSchema = eventSchema.extend({
  id: z.int().positive().describe('box-unique; increases by one with each event, over restarts too'),
  origin: z.enum(['media', 'control']).describe('the daemon that made it'),
});
export type JournaledEvent = z.infer<typeof journaledEventSchema>;

export const linkStateSchema = z.object({
  state: z.enum(['off', 'connecting', 'connected', 'waiting']).describe('off: not configured. waiting: will try again'),
  reason: reasonSchema,
  text: z.string().describe('one sentence for people'),
  sinceMonoMs: z.number(),
});
export type LinkState = z.infer<typeof linkStateSchema>;

export const boxSnapshotSchema = z.object({
  box: z.string(),
  version: z.string(),
  session: z.string().describe('random id of this run of the control daemon'),
  bootId: z.string(),
  monoMs: z.number(),
  wallMs: z.number(),
  onAir: z.boolean().describe('false also where nobody knows, because the media daemon does not answer'),
  media: linkStateSchema,
  mqtt: linkStateSchema,
  status: statusSchema.nullable().describe('the media daemon’s last word; stale while media.state is not connected'),
  vitals: vitalsStatusSchema.nullable(),
  modems: z.array(modemSchema),
  update: updateStatusSchema,
  gpio: linkStateSchema,
  alarms: z.array(journaledEventSchema).describe('warnings and alarms that have not cleared'),
  rssBytes: z.number().describe('of the control daemon'),
});
export type BoxSnapshot = z.infer<typeof boxSnapshotSchema>;

export const pathSampleSchema = z.object({
  monoMs: z.number(),
  kbps: z.number().nullable().describe('of the program'),
  paths: z.record(
    z.string(),
    z.object({ kbps: z.number(), rttMs: z.number().nullable(), lossPct: z.number().nullable().describe('reported missing of what was sent in this second') }),
  ),
});
export type PathSample = z.infer<typeof pathSampleSchema>;
