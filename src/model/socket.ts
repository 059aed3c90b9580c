/**
 * What travels over the media daemon's local socket: one JSON object a line, both ways.
 * The server greets with `hello`; a client that speaks another version is told so and closed.
 */
import { z } from 'zod';
import { commandReplySchema, commandSchema } from './command.ts';
import { eventSchema } from './event.ts';
import { statusSchema } from './status.ts';

export const socketVersion = 1;
/** A line longer than this is hostile: the largest honest one is a snapshot reply. */
export const socketLineBytesMax = 4 * 1024 * 1024;

export const fromMediaSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('hello'), version: z.int(), session: z.string() }),
  z.object({ type: z.literal('status'), status: statusSchema }),
  z.object({ type: z.literal('event'), event: eventSchema }),
  z.object({ type: z.literal('reply'), id: z.string(), reply: commandReplySchema }),
  z.object({ type: z.literal('error'), text: z.string() }),
]);
export type FromMedia = z.infer<typeof fromMediaSchema>;

export const toMediaSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('subscribe'),
    version: z.int(),
    statusEveryMs: z.int().min(50).max(60_000).describe('how often a status is wanted'),
    eventsAfter: z.object({ session: z.string(), seq: z.int() }).nullable().describe('events after this one are sent again; null: from now on'),
  }),
  z.object({ type: z.literal('command'), id: z.string().max(128), command: commandSchema, from: z.string().max(128).describe('who asked') }),
  z.object({
    type: z.literal('reload'),
    id: z.string().max(128).describe('read the configuration again, and put in force what changed; restarts where it must'),
  }),
  z.object({ type: z.literal('status') }),
]);
export type ToMedia = z.infer<typeof toMediaSchema>;
