/** The payloads of the public MQTT contract (DESIGN.md section 13). The topics that carry them, with an example each: mqtt-topics.ts. */
import { z } from 'zod';
import { anyCommandSchema, commandReplySchema } from './command.ts';
import { reasonSchema } from './reasons.ts';
import { destinationStatusSchema, inputStatusSchema, pathStatusSchema, programStatusSchema } from './status.ts';
import { updateStatusSchema } from './update.ts';
import { modemSchema, vitalsStatusSchema } from './vitals.ts';

/** @param box name of the box in the topics. Ends in a slash. */
export function topicRoot(box: string): string {
  return `tandem/v1/${box}/`;
}

export const boxStatusSchema = z.object({
  online: z.boolean(),
  reason: z
    .enum(['started', 'reconnected', 'offline', 'lost'])
    .describe('started, reconnected: the birth. offline: the box said goodbye. lost: the broker’s last will, the connection broke'),
  session: z.string().describe('random id of this connection; a will with another session than the last birth is late and means nothing'),
  bootId: z.string(),
  version: z.string(),
  slot: z.string().nullable().describe('the system slot that booted (A/B image); null elsewhere'),
});
export type BoxStatus = z.infer<typeof boxStatusSchema>;

/** What every `state/…` payload carries. */
const stateEnvelope = {
  available: z.boolean().describe('false: the media daemon does not answer, the rest is its last word or empty'),
  reason: reasonSchema,
  wallMs: z.number().nullable().describe('when it was published; null while the clock is not set'),
  monoMs: z.number(),
};
export const stateSchemas = {
  program: z.object({ ...stateEnvelope, program: programStatusSchema.nullable() }),
  inputs: z.object({ ...stateEnvelope, inputs: z.array(inputStatusSchema) }),
  paths: z.object({ ...stateEnvelope, paths: z.array(pathStatusSchema) }),
  destinations: z.object({ ...stateEnvelope, destinations: z.array(destinationStatusSchema) }),
  vitals: z.object({ ...stateEnvelope, vitals: vitalsStatusSchema.nullable(), modems: z.array(modemSchema) }),
  update: z.object({ ...stateEnvelope, update: updateStatusSchema }),
};
export type StatePart = keyof typeof stateSchemas;
export type StatePayload<P extends StatePart> = z.infer<(typeof stateSchemas)[P]>;
export const stateParts = Object.keys(stateSchemas) as StatePart[];

/** Fields that a request may carry in its payload; with MQTT 5 the packet's own properties win. */
export const requestFields = {
  responseTopic: z.string().min(1).max(256).optional().describe('where the reply goes, for clients without MQTT 5 properties'),
  correlation: z.string().min(1).max(128).optional().describe('comes back in the reply; the same one twice is done once'),
  expiresAt: z.number().optional().describe('wall-clock time, ms since 1970, after which the command is refused'),
  by: z.string().min(1).max(64).optional().describe('who asks, for the event log'),
};

/** Payload schema of `cmd/<name>` for each command: its arguments and the request fields, and nothing else. */
export const commandPayloads = Object.fromEntries(
  anyCommandSchema.options.map((option) => [option.shape.name.value, z.strictObject({ ...argumentsOf(option), ...requestFields })]),
) as Record<string, z.ZodObject>;

function argumentsOf(option: z.ZodObject): z.core.$ZodLooseShape {
  const { name: _, ...shape } = option.shape;
  return shape;
}

export const replySchema = commandReplySchema.extend({
  command: z.string().describe('name of the command, as far as it could be read'),
  correlation: z.string().nullable(),
});
export type Reply = z.infer<typeof replySchema>;
