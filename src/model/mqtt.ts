/**
 * The public MQTT contract (DESIGN.md section 13): every topic below `tandem/v1/<box>/`, its payload, and an example.
 * `docs/mqtt.md` is made from this table, and what the box publishes is checked against it in tests.
 */
import { z } from 'zod';
import { journaledEventSchema } from './box.ts';
import { anyCommandSchema, commandReplySchema } from './command.ts';
import { reasonSchema } from './reasons.ts';
import { type Desired, desiredSchema, type Reported, reportedSchema } from './settings.ts';
import { destinationStatusSchema, inputStatusSchema, pathStatusSchema, programStatusSchema } from './status.ts';
import { type MissedTelemetry, missedTelemetrySchema, type Telemetry, telemetrySchema } from './telemetry.ts';
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

export interface TopicRow {
  /** Below the root. */
  topic: string;
  from: 'box' | 'cloud';
  retained: boolean;
  qos: 0 | 1;
  what: string;
  schema: z.ZodType;
  example: unknown;
}

const now = { wallMs: 1_760_000_000_000, monoMs: 523_400.5 };
const fine = { available: true, reason: 'connected', ...now } as const;

export const topicTable: TopicRow[] = [
  {
    topic: 'status',
    from: 'box',
    retained: true,
    qos: 1,
    what: 'Birth, goodbye and last will.',
    schema: boxStatusSchema,
    example: {
      online: true,
      reason: 'started',
      session: 'b2f0c3d4e5f60718',
      bootId: '0b8f4b0e-6f2c-4f7e-9a53-0d8a3c1c1f11',
      version: '0.1.0',
      slot: null,
    } satisfies BoxStatus,
  },
  {
    topic: 'state/program',
    from: 'box',
    retained: true,
    qos: 1,
    what: 'On air or not, and why. Published when that changes, and at most once in 10 s otherwise; so are the other states.',
    schema: stateSchemas.program,
    example: {
      ...fine,
      program: {
        state: 'on-air',
        reason: 'on-air',
        text: 'cam1 is delivered to cloud',
        input: 'cam1',
        pinned: null,
        pin: null,
        destination: 'cloud',
        kbps: 4350,
        targetKbps: 4000,
        packets: 1_520_133,
        sinceMonoMs: 12_010,
        reference: null,
      },
    } satisfies StatePayload<'program'>,
  },
  {
    topic: 'state/inputs',
    from: 'box',
    retained: true,
    qos: 1,
    what: 'All inputs, in order of preference.',
    schema: stateSchemas.inputs,
    example: {
      ...fine,
      inputs: [
        {
          id: 'cam1',
          kind: 'v4l2',
          state: 'running',
          reason: 'started',
          text: 'cam1 delivers pictures',
          onAir: true,
          kbps: 4350,
          targetKbps: 4000,
          encoder: 'v4l2h264enc',
          restarts: 0,
          retryInMs: null,
          audioDb: -23.4,
          sinceMonoMs: 11_100,
          workerPid: 812,
          source: {},
        },
      ],
    } satisfies StatePayload<'inputs'>,
  },
  {
    topic: 'state/paths',
    from: 'box',
    retained: true,
    qos: 1,
    what: 'All paths: a network towards a destination.',
    schema: stateSchemas.paths,
    example: {
      ...fine,
      paths: [
        {
          id: 'eth',
          destination: 'cloud',
          interface: 'eth0',
          state: 'up',
          reason: 'connected',
          rttMs: 41.2,
          rttMinMs: 39.8,
          jitterMs: 2.1,
          queueMs: 0.8,
          lossPct: 0.1,
          capacityKbps: 6200,
          capacityReached: false,
          sentKbps: 3100,
          sentBytes: 204_000_000,
          sentPackets: 151_000,
          receivedBytes: 4_100_000,
          receivedPackets: 52_000,
          ackedPackets: 150_990,
          nakedPackets: 4,
          retransmittedPackets: 4,
          duplicatedPackets: 9100,
          sendErrors: 0,
          inFlight: 12,
          window: 40,
          sinceMonoMs: 11_500,
        },
      ],
    } satisfies StatePayload<'paths'>,
  },
  {
    topic: 'state/destinations',
    from: 'box',
    retained: true,
    qos: 1,
    what: 'All destinations, in order of preference.',
    schema: stateSchemas.destinations,
    example: {
      ...fine,
      destinations: [
        {
          id: 'cloud',
          mode: 'bonded',
          address: 'gateway.example.net:5000',
          state: 'connected',
          reason: 'connected',
          text: 'connected to gateway.example.net:5000',
          active: true,
          retryInMs: null,
          sinceMonoMs: 11_800,
          srt: null,
        },
      ],
    } satisfies StatePayload<'destinations'>,
  },
  {
    topic: 'state/vitals',
    from: 'box',
    retained: true,
    qos: 1,
    what: 'The box itself, and its modems.',
    schema: stateSchemas.vitals,
    example: {
      ...fine,
      vitals: {
        monoMs: 523_000,
        uptimeS: 523,
        model: 'Raspberry Pi 5 Model B Rev 1.0',
        cpuPct: 38,
        load1: 1.4,
        memoryTotalBytes: 4_143_000_000,
        memoryAvailableBytes: 3_200_000_000,
        diskTotalBytes: 28_000_000_000,
        diskUsedPct: 12.5,
        diskWritable: true,
        temperatureC: 61.2,
        zones: { 'cpu-thermal': 61.2 },
        underVoltage: false,
        throttled: false,
        throttledSinceBoot: false,
        powerW: null,
        clockSynchronised: true,
      },
      modems: [
        {
          id: '0',
          model: 'EM7565',
          state: 'connected',
          interfaces: ['wwan0'],
          operator: 'Example Mobile',
          technology: 'lte',
          roaming: false,
          qualityPct: 71,
          rsrpDbm: -96,
          rsrqDb: -9,
          sinrDb: 14.2,
          rxBytes: 1_200_000,
          txBytes: 310_000_000,
        },
      ],
    } satisfies StatePayload<'vitals'>,
  },
  {
    topic: 'telemetry',
    from: 'box',
    retained: false,
    qos: 0,
    what: 'Compact figures, each second.',
    schema: telemetrySchema,
    example: {
      t: now.wallMs,
      mono: now.monoMs,
      air: true,
      in: 'cam1',
      kbps: 4350,
      target: 4000,
      paths: { eth: { up: true, kbps: 3100, rtt: 41.2, loss: 0 }, lte: { up: true, kbps: 1290, rtt: 78, loss: 0.4 } },
      cpu: 38,
      temp: 61.2,
    } satisfies Telemetry,
  },
  {
    topic: 'telemetry/missed',
    from: 'box',
    retained: false,
    qos: 1,
    what: 'Telemetry of the seconds in which the broker could not be reached or the network was too thin, the oldest first, once it can be. The box keeps some hours of it.',
    schema: missedTelemetrySchema,
    example: {
      from: 4711,
      to: 4711,
      samples: [{ t: now.wallMs, mono: now.monoMs, air: true, in: 'cam1', kbps: 4350, target: 4000, paths: {}, cpu: 38, temp: 61.2 }],
    } satisfies MissedTelemetry,
  },
  {
    topic: 'event',
    from: 'box',
    retained: false,
    qos: 1,
    what: 'One event. Sent in order of `id`, and again until the broker has acknowledged it: who sees an `id` twice drops the second.',
    schema: journaledEventSchema,
    example: {
      id: 1042,
      origin: 'media',
      severity: 'warning',
      subject: { kind: 'path', id: 'eth' },
      what: 'path.state',
      from: 'up',
      to: 'down',
      reason: 'carrier-lost',
      text: 'eth (eth0) has no carrier: check the cable; lte carries the program',
      measured: { rttMs: 41.2 },
      tookMs: 0.4,
      seq: 17,
      session: '51d2a7c0',
      bootId: '0b8f4b0e-6f2c-4f7e-9a53-0d8a3c1c1f11',
      ...now,
    },
  },
  {
    topic: 'config/desired',
    from: 'cloud',
    retained: true,
    qos: 1,
    what: 'The configuration that the cloud wants. Checked whole; put in force where it can be without leaving the air; taken back when it cuts the box off.',
    schema: desiredSchema,
    example: { rev: 8, patch: { program: { videoKbps: 3000 } }, confirmSeconds: 60, by: 'anna' } satisfies Desired,
  },
  {
    topic: 'config/reported',
    from: 'box',
    retained: true,
    qos: 1,
    what: 'What became of it, and the configuration in force.',
    schema: reportedSchema,
    example: {
      rev: 8,
      state: 'applied',
      reason: 'connected',
      text: 'settings 8 are in force',
      errors: [],
      inForce: 8,
      needs: [],
      doc: { version: 1, box: { name: 'box7' }, program: { videoKbps: 3000 } },
    } satisfies Reported,
  },
  ...commandRows(),
  {
    topic: 'reply',
    from: 'box',
    retained: false,
    qos: 1,
    what: 'The reply to a command that named no response topic, and to what could not be read. Other replies have the same form and go where the request asked.',
    schema: replySchema,
    example: { ok: true, reason: 'requested', text: 'cam1 is pinned and on air', command: 'pin-input', correlation: 'desk-7' } satisfies Reply,
  },
];

function commandRows(): TopicRow[] {
  const examples: Record<string, Record<string, unknown>> = {
    'pin-input': { input: 'cam1', forMs: 600_000, correlation: 'desk-7', by: 'anna' },
    'restart-worker': { input: 'cam1' },
    rehearse: { faults: [{ kind: 'pull-path', path: 'eth' }, { kind: 'kill-encoder' }], by: 'anna' },
    'set-bitrate': { kbps: 3000 },
    'set-log-level': { level: 'debug', daemon: 'control' },
    'test-webhook': { webhook: 'desk' },
    update: { url: 'https://updates.example.net/tandem-0.2.0.raucb' },
    'set-mode': { destination: 'cloud', mode: 'standby' },
    stop: { correlation: 'desk-8', expiresAt: 1_760_000_005_000 },
  };
  return anyCommandSchema.options.map((option) => {
    const name = option.shape.name.value;
    return {
      topic: `cmd/${name}`,
      from: 'cloud',
      retained: false,
      qos: 1,
      what: `${sentence(option.shape.name.description ?? name)}.`,
      schema: commandPayloads[name] as z.ZodType,
      example: examples[name] ?? {},
    };
  });
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
