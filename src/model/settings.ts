/** Settings from afar: what is wanted, and what became of it (DESIGN.md section 13, `config/desired` and `config/reported`). */
import { z } from 'zod';
import { reasonSchema } from './reasons.ts';

export const confirmSecondsSchema = z
  .int()
  .min(5)
  .max(3600)
  .optional()
  .describe('how long the box may take to reach gateway and broker with it, before it takes the change back; 120 without it');

/** Two levels down everything is a setting: docs/configuration.md, and its mistakes are told by path. */
const documentSchema = z.record(z.string(), z.unknown());

export const desiredSchema = z
  .strictObject({
    rev: z.int().positive().max(Number.MAX_SAFE_INTEGER).describe('number of this configuration; only a larger one than any before is taken'),
    doc: documentSchema.optional().describe('the whole configuration (docs/configuration.md), defaults left out; or'),
    patch: documentSchema.optional().describe('what differs from the one in force: a JSON merge patch (RFC 7396), in which null removes a setting'),
    confirmSeconds: confirmSecondsSchema,
    by: z.string().min(1).max(64).optional().describe('who asks, for the event log'),
  })
  .refine(({ doc, patch }) => (doc === undefined) !== (patch === undefined), 'give doc or patch, one of them');
export type Desired = z.infer<typeof desiredSchema>;

export const reportedSchema = z.object({
  rev: z.int().nonnegative().describe('number of the last configuration that was wanted; 0: none yet'),
  state: z
    .enum(['applied', 'pending', 'rolled-back', 'rejected'])
    .describe(
      'pending: being put in force, or in force and taken back unless it is confirmed. rolled-back: was taken back. rejected: not valid, nothing was changed',
    ),
  reason: reasonSchema,
  text: z.string().describe('one sentence for people'),
  errors: z.array(z.object({ path: z.string(), text: z.string() })).describe('every mistake, with the path of the setting'),
  inForce: z.int().nonnegative().describe('number of the configuration in force; 0: the file on the box'),
  needs: z.array(z.enum(['media', 'gateway', 'broker', 'page'])).describe('what a pending one has still to reach'),
  doc: documentSchema.describe('the configuration in force, with all defaults; secrets are masked, and a mask that is sent back means the secret of now'),
});
export type Reported = z.infer<typeof reportedSchema>;
