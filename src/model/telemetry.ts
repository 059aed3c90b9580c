/** Compact figures of a second: sent when they are new, kept on the disk, told later where they could not be. */
import { z } from 'zod';

export const telemetrySchema = z.object({
  t: z.number().nullable().describe('wall-clock time, ms since 1970; null while the clock is not set'),
  mono: z.number().describe('monotonic time, ms'),
  air: z.boolean().describe('on air'),
  in: z.string().nullable().describe('input on air'),
  kbps: z.number().nullable().describe('program, kbit/s'),
  target: z.number().nullable().describe('video bitrate asked of the encoder, kbit/s'),
  paths: z.record(
    z.string(),
    z.object({
      up: z.boolean(),
      kbps: z.number(),
      rtt: z.number().nullable().describe('ms'),
      loss: z.number().nullable().describe('per cent'),
    }),
  ),
  cpu: z.number().nullable().describe('per cent'),
  temp: z.number().nullable().describe('°C'),
});
export type Telemetry = z.infer<typeof telemetrySchema>;

export const missedTelemetrySchema = z.object({
  from: z.int().positive().describe('number of the first sample; each second has one, over restarts too'),
  to: z.int().positive().describe('number of the last; who sees a number twice drops the second'),
  samples: z.array(telemetrySchema),
});

export type MissedTelemetry = z.infer<typeof missedTelemetrySchema>;
