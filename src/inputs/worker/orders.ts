/** What the media daemon says to an encoder worker. A file of its own, so that the daemon does not hold the configuration's schema in memory (docs/adr/0016). */
import { z } from 'zod';
import { inputSchema, programSchema } from '../../config/schema.ts';

export const toWorkerSchema = z.discriminatedUnion('type', [
  /** The first message. Comes by IPC and not on the command line, since it may hold secrets. */
  z.object({ type: z.literal('job'), input: inputSchema, program: programSchema, platform: z.string(), soundOnly: z.boolean() }),
  z.object({ type: z.literal('set-bitrate'), kbps: z.number() }),
  z.object({ type: z.literal('key-frame') }),
  z.object({ type: z.literal('preview'), id: z.int() }),
]);
/** As it is sent. What a job's input leaves out, the worker fills in. */
export type ToWorker = z.input<typeof toWorkerSchema>;
/** As the worker reads it. */
export type Order = z.infer<typeof toWorkerSchema>;
