/** The status snapshot: what the media daemon says of itself. Shared by the socket, MQTT, the page and the command line. */
import { z } from 'zod';
import { reasonSchema } from './reasons.ts';
import { rehearsalProgressSchema } from './rehearsal.ts';

const id = z.string();
const ms = z.number();

export const inputStateSchema = z.enum(['off', 'starting', 'running', 'degraded', 'waiting', 'failed']);
export type InputState = z.infer<typeof inputStateSchema>;

export const inputStatusSchema = z.object({
  id,
  kind: z.string(),
  state: inputStateSchema.describe(
    'off: not wanted. starting: no data yet. running. degraded: data, but a watch is not content. waiting: will be restarted. failed: cannot work on this machine',
  ),
  reason: reasonSchema,
  text: z.string().describe('one sentence for people'),
  onAir: z.boolean(),
  kbps: z.number().describe('measured over the last second, kbit/s'),
  targetKbps: z.number().nullable().describe('what the encoder was told to make; null for pass-through'),
  encoder: z.string().nullable().describe('GStreamer element that encodes; null for pass-through'),
  restarts: z.int().describe('restarts of the worker since start'),
  retryInMs: ms.nullable().describe('time until the next restart, while waiting'),
  audioDb: z.number().nullable().describe('RMS audio level, dBFS; null where there is none'),
  sinceMonoMs: ms.describe('monotonic time of the last change of state'),
  workerPid: z.int().nullable(),
  source: z.record(z.string(), z.number()).describe('figures of a network source, for SRT: rttMs, lossPercent, retransmitPercent and counters'),
});
export type InputStatus = z.infer<typeof inputStatusSchema>;

export const pathStateSchema = z.enum(['down', 'registering', 'up', 'silent']);
export type PathState = z.infer<typeof pathStateSchema>;

export const pathStatusSchema = z.object({
  id,
  destination: id,
  interface: z.string().nullable().describe('network interface that the socket is bound to; null for the routing table’s choice'),
  state: pathStateSchema.describe('down: cannot send. registering: sends, not yet accepted. up. silent: sends, nothing comes back'),
  reason: reasonSchema,
  rttMs: ms.nullable(),
  rttMinMs: ms.nullable().describe('least of the last half minute'),
  jitterMs: ms.nullable(),
  queueMs: ms.nullable().describe('how long packets wait in the network’s own queue'),
  lossPct: z.number().describe('packets that were lost there, over the last seconds'),
  capacityKbps: z.number().nullable().describe('what the path has shown that it carries, kbit/s; null: nothing yet'),
  capacityReached: z.boolean().describe('its queue stood lately: it carries no more than that'),
  sentKbps: z.number().describe('over the last second, kbit/s on the wire'),
  sentBytes: z.number(),
  sentPackets: z.number(),
  receivedBytes: z.number(),
  receivedPackets: z.number(),
  ackedPackets: z.number().describe('data packets proved to have arrived over this path'),
  nakedPackets: z.number().describe('packets that were lost on this path: overdue, or reported missing by the receiver'),
  retransmittedPackets: z.number().describe('packets lost elsewhere that this path rescued'),
  duplicatedPackets: z.number().describe('second copies of what matters that this path carried'),
  sendErrors: z.number(),
  inFlight: z.int(),
  window: z.number().describe('how many packets may be in flight'),
  sinceMonoMs: ms,
  data: z
    .object({
      month: z.string().nullable().describe('2026-11; null while the clock was never set'),
      usedBytes: z.number().describe('of the program, both directions'),
      allowedBytes: z.number(),
      state: z.enum(['ok', 'low', 'used']).describe('low: the warning’s share is used. used: the path is stopped until next month'),
    })
    .nullable()
    .optional()
    .describe('data used this month; null on a path without an allowance'),
});
export type PathStatus = z.infer<typeof pathStatusSchema>;

export const destinationStateSchema = z.enum(['off', 'connecting', 'connected', 'waiting']);
export type DestinationState = z.infer<typeof destinationStateSchema>;

export const destinationStatusSchema = z.object({
  id,
  mode: z.string(),
  address: z.string().describe('host:port as configured'),
  state: destinationStateSchema,
  reason: reasonSchema,
  text: z.string(),
  active: z.boolean().describe('the program is sent there'),
  changing: z.boolean().optional().describe('true: a changed mode, setting or path is not in force yet, since the new way does not stand; the text says why'),
  retryInMs: ms.nullable(),
  sinceMonoMs: ms,
  srt: z
    .object({
      rttMs: ms,
      latencyMs: ms.describe('negotiated latency'),
      sendBufferMs: ms,
      sendBufferPackets: z.number(),
      sentPackets: z.number(),
      lostPackets: z.number().describe('reported missing by the receiver'),
      retransmittedPackets: z.number(),
      droppedPackets: z.number().describe('given up because they were too late'),
      sendKbps: z.number(),
    })
    .nullable(),
});
export type DestinationStatus = z.infer<typeof destinationStatusSchema>;

export const programStateSchema = z.enum(['starting', 'on-air', 'off-air', 'stopped']);
export type ProgramState = z.infer<typeof programStateSchema>;

export const pinStatusSchema = z.object({
  input: id,
  reason: reasonSchema.describe('pinned: all is well. Anything else: why it is a bad idea'),
  text: z.string().describe('one sentence for people'),
  expiresInMs: ms.nullable().describe('null: until it is taken back'),
});
export type PinStatus = z.infer<typeof pinStatusSchema>;

export const pathPinStatusSchema = pinStatusSchema.omit({ input: true }).extend({ path: id });
export type PathPinStatus = z.infer<typeof pathPinStatusSchema>;

export const programStatusSchema = z.object({
  state: programStateSchema,
  reason: reasonSchema,
  text: z.string(),
  input: id.nullable().describe('the input on air'),
  pinned: id.nullable().describe('the input that a person pinned'),
  pin: pinStatusSchema.nullable().describe('how that pin does'),
  pathPin: pathPinStatusSchema.nullable().describe('the path that a person pinned, and how that does'),
  destination: id.nullable(),
  kbps: z.number().describe('what leaves the switcher, kbit/s over the last second'),
  targetKbps: z.number().describe('video bitrate that the encoder is asked for'),
  packets: z.number().describe('MPEG-TS packets since start'),
  sinceMonoMs: ms,
  reference: z
    .object({ pcr: z.number().describe('27 MHz'), monoMs: ms })
    .nullable()
    .describe('the last program clock reference and when it left the switcher, to measure delay by'),
});
export type ProgramStatus = z.infer<typeof programStatusSchema>;

export const statusSchema = z.object({
  box: z.string(),
  version: z.string(),
  session: z.string(),
  bootId: z.string(),
  pid: z.int(),
  monoMs: ms,
  uptimeMs: ms,
  rssBytes: z.number(),
  configRev: z.int().optional().describe('number of the settings in force; 0: the configuration file'),
  rehearsal: rehearsalProgressSchema.nullable().optional().describe('the rehearsal that runs now'),
  program: programStatusSchema,
  inputs: z.array(inputStatusSchema),
  paths: z.array(pathStatusSchema),
  destinations: z.array(destinationStatusSchema),
});
export type Status = z.infer<typeof statusSchema>;
