/** The system's slots and an update of them, as RAUC tells. */
import { z } from 'zod';
import { reasonSchema } from './reasons.ts';

export const slotSchema = z.object({
  name: z.string().describe('as in RAUC’s system configuration: rootfs.0'),
  device: z.string().nullable(),
  bootName: z.string().nullable().describe('what the boot loader calls it: A, B'),
  booted: z.boolean().describe('the system that runs is in it'),
  next: z.boolean().describe('the boot loader takes it at the next start'),
  bootStatus: z.enum(['good', 'bad']).nullable().describe('bad: it did not come up healthy, and the boot loader went back'),
  version: z.string().nullable().describe('of the bundle that was installed in it'),
  installedAt: z.string().nullable().describe('when, as RAUC wrote it down'),
});
export type Slot = z.infer<typeof slotSchema>;

export const updateStatusSchema = z.object({
  supported: z.boolean().describe('false: this machine has no RAUC that tells of slots'),
  state: z
    .enum(['idle', 'installing', 'installed', 'failed'])
    .describe('installed: another slot than the one that runs is used at the next start. failed: the last one was not installed'),
  reason: reasonSchema,
  text: z.string().describe('one sentence for people'),
  progressPct: z.number().nullable().describe('while installing; null: not known'),
  booted: z.string().nullable().describe('the slot that runs: as RAUC tells, and where it does not, by the kernel’s command line (rauc.slot=)'),
  version: z.string().describe('of the Tandem that runs'),
  slots: z.array(slotSchema),
});
export type UpdateStatus = z.infer<typeof updateStatusSchema>;
