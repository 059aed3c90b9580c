/** What an encoder worker says to the media daemon over Node's IPC; what it is told: orders.ts. Both ends check what they receive. */
import { z } from 'zod';
import { reasonSchema } from '../../model/reasons.ts';

export const fromWorkerSchema = z.discriminatedUnion('type', [
  /** Proof of life of the worker's own loop, each `heartbeatMs`. */
  z.object({ type: z.literal('heartbeat') }),
  /** The pipeline was built and set to play; data may still be long in coming. */
  z.object({ type: z.literal('playing'), encoder: z.string().nullable() }),
  z.object({ type: z.literal('level'), rmsDb: z.number().nullable() }),
  /**
   * Of a small grey picture: mean and largest change of its points since the one before, largest change of the mean of a field of them,
   * all 0 to 255, and the share of points that are not black, 0 to 1.
   */
  z.object({ type: z.literal('picture'), change: z.number(), peak: z.number(), drift: z.number(), lit: z.number() }),
  /** Counters and states of the source, each `sourceFiguresMs`. */
  z.object({ type: z.literal('source'), figures: z.record(z.string(), z.number()) }),
  /** Something came over the source's network since the last look, however long the transport will hold it back. */
  z.object({ type: z.literal('arrival') }),
  z.object({ type: z.literal('preview'), id: z.int(), jpegBase64: z.string().nullable() }),
  /** Somebody who wanted to send was turned away; the worker goes on. */
  z.object({ type: z.literal('refused'), reason: reasonSchema, text: z.string() }),
  /** The worker ends after this. */
  z.object({ type: z.literal('failed'), reason: reasonSchema, text: z.string() }),
]);
export type FromWorker = z.infer<typeof fromWorkerSchema>;

/** Four missed ones make a second: a busy board may delay one or two. */
export const heartbeatMs = 250;
/** The engine looks at what they tell over two seconds. */
export const sourceFiguresMs = 500;
