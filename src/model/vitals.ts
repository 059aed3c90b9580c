/** What the box says of itself (not of the stream): processor, memory, disk, heat, power, clock, modems. Null: this machine cannot tell. */
import { z } from 'zod';

export const modemSchema = z.object({
  id: z.string().describe('number that ModemManager gave it'),
  model: z.string(),
  state: z.string().describe('ModemManager’s word: connected, registered, searching, locked, failed …'),
  interfaces: z.array(z.string()).describe('network interfaces of the modem'),
  operator: z.string().nullable(),
  technology: z.string().nullable().describe('lte, 5gnr, umts …'),
  roaming: z.boolean().nullable(),
  qualityPct: z.number().nullable(),
  rsrpDbm: z.number().nullable(),
  rsrqDb: z.number().nullable(),
  sinrDb: z.number().nullable(),
  rxBytes: z.number().nullable().describe('received since the connection was made'),
  txBytes: z.number().nullable().describe('sent since the connection was made'),
});
export type Modem = z.infer<typeof modemSchema>;

export const flashSchema = z.object({
  device: z.string().describe('as the kernel calls it: mmcblk0'),
  kind: z.enum(['emmc', 'sd', 'nvme', 'other']).describe('emmc tells its wear. sd: cards tell none. nvme, other: they tell root alone'),
  usedPct: z.number().nullable().describe('of its life, in steps of ten: the upper end'),
  reserve: z.enum(['normal', 'warning', 'urgent']).nullable().describe('spare blocks. warning: 80 % used, urgent: 90 %'),
});

export const vitalsStatusSchema = z.object({
  monoMs: z.number(),
  uptimeS: z.number().describe('of the machine'),
  model: z.string().nullable().describe('of the board'),
  cpuPct: z.number().nullable(),
  load1: z.number(),
  memoryTotalBytes: z.number(),
  memoryAvailableBytes: z.number(),
  diskTotalBytes: z.number().nullable().describe('the disk of the state directory'),
  diskUsedPct: z.number().nullable(),
  diskWritable: z.boolean().nullable(),
  temperatureC: z.number().nullable().describe('the hottest zone'),
  zones: z.record(z.string(), z.number()).describe('temperature of each thermal zone, °C'),
  underVoltage: z.boolean().nullable().describe('now; Raspberry Pi'),
  throttled: z.boolean().nullable().describe('now; Raspberry Pi and Jetson'),
  throttledSinceBoot: z.boolean().nullable(),
  powerW: z.number().nullable().describe('what the board draws, where it says so: Jetson, Raspberry Pi 5 (without USB), boards with an INA2xx sensor'),
  flash: flashSchema.nullable().describe('the memory that the state directory lies on; null: it is no block device'),
  clockSynchronised: z.boolean().nullable(),
});
export type VitalsStatus = z.infer<typeof vitalsStatusSchema>;
