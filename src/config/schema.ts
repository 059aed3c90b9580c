/**
 * The ONE configuration schema: type, unit, default, description, and when a change applies.
 * Validation, `docs/configuration.md`, the examples' check and the settings page are all made from it.
 */

import { z } from 'zod';
import { mqttSchema, webhookSchema } from './contact.ts';
import { inputSchema } from './inputs.ts';
import { release } from './migrate.ts';
import { destinationSchema, failoverSchema, pathSchema } from './networks.ts';
import { filePath, host, id, passphrase, port, setting, srtSettings } from './setting.ts';

export type { Mode } from '../model/modes.ts';
export type { MqttConfig, WebhookConfig } from './contact.ts';
export { type InputConfig, type InputKind, type InputSettings, inputSchema } from './inputs.ts';
export { type DestinationConfig, destinationSchema, type FailoverConfig, failoverSchema, type PathConfig, pathSchema } from './networks.ts';

const passRuleSchema = z
  .strictObject({
    streamType: setting(
      z.int().min(0).max(255).optional(),
      'stream_type in the source’s program map: 6 private data (KLV, teletext), 21 KLV with metadata headers, 134 SCTE-35.',
      {
        applies: 'daemon',
        example: 6,
      },
    ),
    pid: setting(z.int().min(16).max(8190).optional(), 'PID in the source.', { applies: 'daemon', example: 497 }),
  })
  .refine(({ streamType, pid }) => streamType !== undefined || pid !== undefined, 'give streamType, pid or both');

export const programSchema = z.strictObject({
  width: setting(z.int().min(16).max(3840).multipleOf(2).default(1280), 'Picture width.', { unit: 'px', applies: 'input' }),
  height: setting(z.int().min(16).max(2160).multipleOf(2).default(720), 'Picture height.', { unit: 'px', applies: 'input' }),
  fps: setting(z.int().min(1).max(60).default(30), 'Pictures a second.', { unit: '1/s', applies: 'input' }),
  codec: setting(z.enum(['h264', 'h265']).default('h264'), 'Video codec.', { applies: 'input' }),
  encoder: setting(
    z.enum(['auto', 'x264', 'x265', 'v4l2', 'nvenc', 'vaapi']).default('auto'),
    'Encoder. auto takes the best that the GStreamer registry of this machine really has.',
    { applies: 'input' },
  ),
  videoKbps: setting(z.int().min(200).max(50_000).default(4000), 'Video bitrate to begin with.', { unit: 'kbit/s', applies: 'live' }),
  adaptive: setting(
    z.boolean().default(true),
    'The video bitrate follows what the networks carry, between minKbps and maxKbps. Streams that are passed through keep theirs.',
    {
      applies: 'daemon',
    },
  ),
  minKbps: setting(z.int().min(100).max(50_000).default(250), 'The least that adaptive goes down to, or the most if that is less.', {
    unit: 'kbit/s',
    applies: 'daemon',
  }),
  maxKbps: setting(z.int().min(200).max(50_000).optional(), 'The most that adaptive goes up to; default: videoKbps.', { unit: 'kbit/s', applies: 'daemon' }),
  keyFrameMs: setting(z.int().min(250).max(10_000).default(2000), 'A key frame at least this often.', { unit: 'ms', applies: 'input' }),
  audioKbps: setting(z.int().min(32).max(512).default(128), 'Audio bitrate (AAC).', { unit: 'kbit/s', applies: 'input' }),
  audioRate: setting(z.union([z.literal(44_100), z.literal(48_000)]).default(48_000), 'Audio sampling rate.', { unit: 'Hz', applies: 'input' }),
  passStreams: setting(
    z.array(passRuleSchema).max(4).default([]),
    'What a source has besides picture and sound is dropped. What an entry names goes out while its source is on air and is passed through: KLV, SCTE-35, subtitles.',
    { applies: 'daemon' },
  ),
});
export type ProgramConfig = z.infer<typeof programSchema>;

/** Who is on air, and when that changes. */
export const switchingSchema = z.strictObject({
  mode: setting(z.enum(['standby', 'active']).default('standby'), 'standby: the first input in the list that works. active: the healthiest one.', {
    applies: 'daemon',
  }),
  holdDownMs: setting(
    z.int().min(0).max(600_000).default(3000),
    'A preferred or healthier input must have worked for this long before the program goes over to it.',
    {
      unit: 'ms',
      applies: 'daemon',
    },
  ),
  holdDownMsMax: setting(
    z.int().min(0).max(3_600_000).default(60_000),
    'The hold-down doubles with each failure that comes soon after the last, up to this. Each calm minute takes one failure back.',
    {
      unit: 'ms',
      applies: 'daemon',
    },
  ),
  marginPoints: setting(
    z.int().min(0).max(100).default(10),
    'In active mode another input must be better by more than this many points of 100, for its hold-down.',
    { applies: 'daemon' },
  ),
  deadPin: setting(
    z.enum(['override', 'obey']).default('override'),
    'When a pinned input is not well. override: another is chosen until it is. obey: it stays on air while it delivers anything, if only a black picture; then the slate.',
    { applies: 'daemon' },
  ),
  deadPinMs: setting(z.int().min(0).max(86_400_000).default(0), 'A pin on an input that has not been well for this long is taken away. 0: never.', {
    unit: 'ms',
    applies: 'daemon',
  }),
});

/** The picture that is sent when no input works. */
export const slateSchema = z.strictObject({
  enabled: setting(z.boolean().default(true), 'Send it. Without it the program stands still while no input works.', { applies: 'daemon' }),
  path: setting(filePath.optional(), 'PNG or JPEG file. Without one a picture with the text is made.', { applies: 'daemon', example: '/data/slate.png' }),
  text: setting(z.string().max(120).optional(), 'Text of the made picture; default: the name of the box.', { applies: 'daemon' }),
  clip: setting(
    filePath.optional(),
    'A video file that is shown in a loop, with its sound, in place of the picture. It is encoded once at the start, in as long as it lasts; up to a minute of it is used.',
    { applies: 'daemon', example: '/data/back-soon.mp4' },
  ),
});
export type SlateConfig = z.infer<typeof slateSchema>;

export const webSchema = z.strictObject({
  enabled: setting(z.boolean().default(true), 'Serve the page.', { applies: 'daemon' }),
  host: setting(host.default('0.0.0.0'), 'Address to listen on.', { applies: 'daemon' }),
  port: setting(z.int().min(0).max(65_535).default(8080), 'TCP port; 0 takes a free one.', { applies: 'daemon' }),
});

/** Thresholds of the watches on the box itself. Each clears a little below where it raises, so that it does not flap. */
export const vitalsSchema = z.strictObject({
  enabled: setting(z.boolean().default(true), 'Watch the box itself: temperature, power, processor, memory, disk, clock.', { applies: 'daemon' }),
  temperatureMaxC: setting(z.number().min(30).max(120).default(80), 'Warn above this temperature.', { unit: '°C', applies: 'live' }),
  cpuMaxPct: setting(z.number().min(10).max(100).default(95), 'Warn when the processor is busier than this for 30 s.', { unit: '%', applies: 'live' }),
  memoryMinMb: setting(z.number().min(8).max(65_536).default(128), 'Warn when less memory is available.', { unit: 'MB', applies: 'live' }),
  flashMaxPct: setting(
    z.number().min(10).max(100).default(80),
    'Warn when so much of the life of the flash memory below the state directory is used. eMMC tells it, in steps of 10; SD cards do not.',
    { unit: '%', applies: 'live' },
  ),
  diskMaxPct: setting(z.number().min(10).max(100).default(90), 'Warn when the disk of the state directory is fuller than this.', {
    unit: '%',
    applies: 'live',
  }),
});
export type VitalsConfig = z.infer<typeof vitalsSchema>;

export const modemsSchema = z.strictObject({
  enabled: setting(z.boolean().default(true), 'Ask ModemManager (mmcli) about modems.', { applies: 'daemon' }),
  rsrpMinDbm: setting(z.number().min(-140).max(-44).default(-115), 'Warn when the LTE or 5G reference signal (RSRP) is weaker.', {
    unit: 'dBm',
    applies: 'live',
  }),
});
export type ModemsConfig = z.infer<typeof modemsSchema>;

const gpioLine = z
  .string()
  .regex(/^([A-Za-z0-9_.:-]{1,64}\/)?\d{1,4}$/, 'use the number of a line on the header’s GPIO chip, such as 17, or chip/line, such as pinctrl-rp1/17');

export const gpioSchema = z.strictObject({
  tallyOnAir: setting(gpioLine.optional(), 'Line of the lamp “on air, all well”.', { applies: 'daemon', example: '17' }),
  tallyDegraded: setting(gpioLine.optional(), 'Line of the lamp “on air, but on a backup input or with a path lost”.', { applies: 'daemon', example: '27' }),
  tallyOffAir: setting(gpioLine.optional(), 'Line of the lamp “not on air”.', { applies: 'daemon', example: '22' }),
  button: setting(gpioLine.optional(), 'Line of a button: a short press goes on or off air; one of 2 s and more rehearses, the next such one ends it.', {
    applies: 'daemon',
    example: '23',
  }),
  activeLow: setting(z.boolean().default(false), 'The lamps light when their line is low.', { applies: 'daemon' }),
  buttonActiveLow: setting(z.boolean().default(true), 'The button pulls its line low when pressed.', { applies: 'daemon' }),
});
export type GpioConfig = z.infer<typeof gpioSchema>;

const outputSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('udp').describe('MPEG-TS over UDP, 7 packets a datagram.'),
    host: setting(host, 'Address to send to.', { applies: 'daemon' }),
    port: setting(port, 'UDP port.', { applies: 'daemon' }),
  }),
  z.strictObject({
    kind: z.literal('srt').describe('SRT caller.'),
    host: setting(host, 'Address to call.', { applies: 'daemon' }),
    port: setting(port, 'UDP port.', { applies: 'daemon' }),
    ...srtSettings('daemon'),
  }),
  z.strictObject({
    kind: z.literal('file').describe('Rolling .ts files.'),
    directory: setting(filePath, 'Folder for the files.', { applies: 'daemon' }),
    segmentSeconds: setting(z.int().min(2).max(86_400).default(600), 'Length of one file.', { unit: 's', applies: 'daemon' }),
    keepBytes: setting(z.int().min(10_000_000).default(10_000_000_000), 'The oldest files are deleted above this sum.', { unit: 'byte', applies: 'daemon' }),
  }),
]);
export type OutputConfig = z.infer<typeof outputSchema>;

export const gatewaySchema = z.strictObject({
  host: setting(host.default('0.0.0.0'), 'Address to listen on.', { applies: 'daemon' }),
  srtlaPort: setting(port.default(5000), 'UDP port for SRTLA. Plain SRT is accepted on it too.', { applies: 'daemon' }),
  srtPort: setting(port.optional(), 'A second UDP port for plain SRT alone.', { applies: 'daemon' }),
  latencyMs: setting(z.int().min(20).max(30_000).default(20), 'Least SRT latency of the listener: the larger of the two ends’ holds.', {
    unit: 'ms',
    applies: 'daemon',
  }),
  passphrase: setting(passphrase.optional(), 'SRT passphrase for all streams. Rather use passphraseFile.', { applies: 'daemon', secret: true }),
  passphraseFile: setting(filePath.optional(), 'A file whose first line is the passphrase.', { applies: 'daemon' }),
  streams: setting(
    z
      .array(
        z.strictObject({
          id: setting(id, 'A short name for the stream.', { applies: 'daemon' }),
          streamId: setting(z.string().max(512).optional(), 'SRT stream id that selects it; without one it takes every stream that no other takes.', {
            applies: 'daemon',
            secret: true,
          }),
          outputs: setting(z.array(outputSchema).min(1), 'Where the stream goes.', { applies: 'daemon' }),
        }),
      )
      .min(1),
    'Streams that are accepted.',
    { applies: 'daemon' },
  ),
});
export type GatewayConfig = z.infer<typeof gatewaySchema>;

export const configSchema = z
  .strictObject({
    version: setting(z.literal(release.current), 'Version of this format.', { applies: 'daemon', example: release.current }),
    box: z.strictObject({ name: setting(id.default('tandem'), 'Name of this box.', { applies: 'daemon' }) }).prefault({}),
    inputs: setting(z.array(inputSchema).max(16).default([]), 'Inputs in order of preference.', { applies: 'daemon' }),
    program: programSchema.prefault({}),
    switching: switchingSchema.prefault({}),
    slate: slateSchema.prefault({}),
    paths: setting(z.array(pathSchema).max(8).default([]), 'Networks that the program may leave by.', { applies: 'reconnect' }),
    destinations: setting(z.array(destinationSchema).max(8).default([]), 'Gateways in order of preference.', { applies: 'daemon' }),
    failover: failoverSchema.prefault({}),
    media: z
      .strictObject({
        socket: setting(filePath.default('/run/tandem/media.sock'), 'Control socket of the media daemon.', { applies: 'daemon' }),
        stateDirectory: setting(filePath.default('/var/lib/tandem-media'), 'Where the media daemon keeps how much data each path has used this month.', {
          applies: 'daemon',
        }),
        autoStart: setting(z.boolean().default(true), 'Go on air at start.', { applies: 'daemon' }),
      })
      .prefault({}),
    control: z
      .strictObject({
        stateDirectory: setting(filePath.default('/var/lib/tandem'), 'Where the control daemon keeps its journal and the page’s password.', {
          applies: 'daemon',
        }),
        web: webSchema.prefault({}),
        mqtt: mqttSchema.prefault({}),
        webhooks: setting(z.array(webhookSchema).max(4).default([]), 'Where alerts are sent.', { applies: 'live' }),
        vitals: vitalsSchema.prefault({}),
        modems: modemsSchema.prefault({}),
        gpio: gpioSchema.prefault({}),
      })
      .prefault({}),
    gateway: setting(gatewaySchema.optional(), 'The receiving end: only for `tandem gateway`.', { applies: 'daemon' }),
  })
  .superRefine((config, context) => {
    for (const key of ['inputs', 'paths', 'destinations'] as const) {
      const seen = new Set<string>();
      config[key].forEach((entry, index) => {
        if (seen.has(entry.id)) context.addIssue({ code: 'custom', path: [key, index, 'id'], message: `the id ${entry.id} is used twice` });
        seen.add(entry.id);
      });
    }
    config.control.webhooks.forEach(({ id: name }, index) => {
      if (config.control.webhooks.findIndex((one) => one.id === name) !== index)
        context.addIssue({ code: 'custom', path: ['control', 'webhooks', index, 'id'], message: `the id ${name} is used twice` });
    });
    config.inputs.forEach((input, index) => {
      const name = input.id;
      if (input.kind === 'rtmp' && (input.key === undefined) === (input.keyFile === undefined))
        context.addIssue({
          code: 'custom',
          path: ['inputs', index, 'key'],
          message: input.key === undefined ? 'give a stream key: key or keyFile' : 'give key or keyFile, not both',
        });
      if (name === 'slate')
        context.addIssue({
          code: 'custom',
          path: ['inputs', index, 'id'],
          message: 'slate is the name of the picture that stands in when no input works: choose another',
        });
    });
    config.paths.forEach((path, index) => {
      if (path.interface !== undefined && path.match !== undefined)
        context.addIssue({ code: 'custom', path: ['paths', index, 'match'], message: 'give interface or match, not both' });
    });
    config.destinations.forEach((destination, index) => {
      destination.paths?.forEach((path, at) => {
        if (!config.paths.some((one) => one.id === path))
          context.addIssue({ code: 'custom', path: ['destinations', index, 'paths', at], message: `there is no path ${path}: add it under paths` });
      });
      if (config.paths.length === 0)
        context.addIssue({ code: 'custom', path: ['destinations', index], message: 'a destination needs at least one path: add one under paths' });
      if (destination.passphrase !== undefined && destination.passphraseFile !== undefined)
        context.addIssue({ code: 'custom', path: ['destinations', index, 'passphrase'], message: 'give passphrase or passphraseFile, not both' });
    });
  });
export type Config = z.infer<typeof configSchema>;
/** What a file may leave out. */
export type ConfigInput = z.input<typeof configSchema>;
