/**
 * What travels over the media daemon's local socket: one JSON object a line, both ways.
 * The server greets with `hello`; a client that speaks another version is told so and closed.
 */
import { z } from 'zod';
import { commandReplySchema, commandSchema } from './command.ts';
import { eventSchema } from './event.ts';
import { rehearsalReportSchema } from './rehearsal.ts';
import { statusSchema } from './status.ts';

export const socketVersion = 1;
/** A line longer than this is hostile: the largest honest one is a snapshot reply. */
export const socketLineBytesMax = 4 * 1024 * 1024;

/** Within the watchdog's time and a broker's keepalive: nothing but the rehearsal is to come of it. */
export const freezeMsMax = 8000;

export const fromMediaSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('hello'), version: z.int(), session: z.string() }),
  z.object({ type: z.literal('status'), status: statusSchema }),
  z.object({ type: z.literal('event'), event: eventSchema }),
  z.object({ type: z.literal('reply'), id: z.string(), reply: commandReplySchema }),
  z.object({ type: z.literal('report'), report: rehearsalReportSchema }).describe('of a rehearsal, to whoever asked for reports'),
  z
    .object({ type: z.literal('freeze'), id: z.string(), forMs: z.int().min(100).max(freezeMsMax) })
    .describe('a rehearsal wants the management to stand still; it answers when it is over'),
  z.object({ type: z.literal('error'), text: z.string() }),
]);
export type FromMedia = z.infer<typeof fromMediaSchema>;

export const toMediaSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('subscribe'),
    version: z.int(),
    statusEveryMs: z.int().min(50).max(60_000).describe('how often a status is wanted'),
    eventsAfter: z.object({ session: z.string(), seq: z.int() }).nullable().describe('events after this one are sent again; null: from now on'),
    reports: z.boolean().optional().describe('reports of rehearsals are wanted, the last one now'),
    management: z.boolean().optional().describe('this client is the control daemon'),
  }),
  z.object({ type: z.literal('thawed'), id: z.string().max(128), frozenMs: z.number().nonnegative() }),
  z.object({ type: z.literal('command'), id: z.string().max(128), command: commandSchema, from: z.string().max(128).describe('who asked') }),
  z.object({
    type: z.literal('reload'),
    id: z.string().max(128).describe('read the configuration again, and put in force what changed; restarts where it must'),
  }),
  z.object({ type: z.literal('status') }),
]);
export type ToMedia = z.infer<typeof toMediaSchema>;
