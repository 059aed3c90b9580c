/**
 * The public MQTT contract (DESIGN.md section 13): every topic below `tandem/v1/<box>/`, its payload, and an example.
 * `docs/mqtt.md` is made from this table, and what the box publishes is checked against it in tests.
 */
import type { z } from 'zod';
import { journaledEventSchema } from './box.ts';
import { anyCommandSchema } from './command.ts';
import { type BoxStatus, boxStatusSchema, commandPayloads, type Reply, replySchema } from './mqtt.ts';
import { now, stateRows, type TopicRow } from './mqtt-states.ts';
import { type Desired, desiredSchema, type Reported, reportedSchema } from './settings.ts';
import { type MissedTelemetry, missedTelemetrySchema, type Telemetry, telemetrySchema } from './telemetry.ts';

export type { TopicRow };

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
  ...stateRows,
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
    topic: 'preview',
    from: 'box',
    retained: false,
    qos: 0,
    what: 'A JPEG picture, only while asked for with the command `preview`. With MQTT 5 the content type is `image/jpeg`, and the user properties say `input` and `wallMs`. Left out while the network is thin.',
    schema: null,
    example: null,
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
    'pin-path': { path: 'lte', forMs: 600_000, by: 'anna' },
    'restart-worker': { input: 'cam1' },
    rehearse: { faults: [{ kind: 'pull-path', path: 'eth' }, { kind: 'kill-encoder' }], by: 'anna' },
    'set-bitrate': { kbps: 3000 },
    'set-log-level': { level: 'debug', daemon: 'control' },
    'test-webhook': { webhook: 'desk' },
    preview: { forSeconds: 30, everySeconds: 2, by: 'anna' },
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
