/** The section `inputs` of the configuration schema (schema.ts). */
import { z } from 'zod';
import { filePath, host, id, port, setting, srtSettings, streamKey } from './setting.ts';

const encodedFlags = {
  passThrough: setting(
    z.boolean().default(false),
    'Take the stream as it is, without encoding again. It must be MPEG-TS in the program’s codec, size, rate and sound; one that is not is encoded after all, and an event says why.',
    { applies: 'input' },
  ),
  programNumber: setting(z.int().min(0).max(65_535).default(0), 'Of several programs in one stream that is passed through, the one to take. 0: the first.', {
    applies: 'daemon',
  }),
};

const off = '0 switches it off.';

/** What an input is watched for; each with a threshold and a time. */
export const watchSchema = z.strictObject({
  stallMs: setting(
    z.int().min(0).max(60_000).default(300),
    `No data for this long: another input takes over, long before timeoutMs restarts this one. ${off}`,
    {
      unit: 'ms',
      applies: 'daemon',
    },
  ),
  frozenMs: setting(z.int().min(0).max(600_000).default(5000), `Not one point of the picture changes for this long. Noise is change. ${off}`, {
    unit: 'ms',
    applies: 'daemon',
  }),
  blackMs: setting(
    z.int().min(0).max(600_000).default(5000),
    `The picture is black, or there is none to the sound, for this long. A dark one in which something moves is not black. ${off}`,
    {
      unit: 'ms',
      applies: 'daemon',
    },
  ),
  silenceMs: setting(z.int().min(0).max(600_000).default(15_000), `Sound below silenceDb for this long. ${off}`, { unit: 'ms', applies: 'daemon' }),
  silenceDb: setting(z.number().min(-90).max(-10).default(-50), 'What counts as silence (RMS).', { unit: 'dBFS', applies: 'daemon' }),
  bitratePercent: setting(z.int().min(0).max(100).default(0), `Less than this share of the expected bitrate arrives, for bitrateMs. ${off}`, {
    unit: '%',
    applies: 'daemon',
  }),
  expectedKbps: setting(
    z.int().min(0).max(200_000).default(0),
    'The bitrate that the source is expected to send. 0: the program’s, where the stream is passed through; nothing, where it is encoded.',
    { unit: 'kbit/s', applies: 'daemon' },
  ),
  bitrateMs: setting(z.int().min(500).max(600_000).default(5000), 'How long a low bitrate is tolerated.', { unit: 'ms', applies: 'daemon' }),
  cadencePercent: setting(
    z.int().min(0).max(100).default(50),
    `Fewer pictures a second than this share of the program’s, for cadenceMs: an encoder that does not keep up, or a stream that is passed through and stutters. ${off}`,
    { unit: '%', applies: 'daemon' },
  ),
  cadenceMs: setting(z.int().min(1000).max(600_000).default(5000), 'How long too few pictures are tolerated.', { unit: 'ms', applies: 'daemon' }),
  continuityPerSecond: setting(z.int().min(0).max(10_000).default(20), `More MPEG-TS packets than this are missing within a second. ${off}`, {
    applies: 'daemon',
  }),
  lossPercent: setting(z.number().min(0).max(100).default(0), `SRT sources: more than this is lost on the way and has to be sent again. ${off}`, {
    unit: '%',
    applies: 'daemon',
  }),
  retransmitPercent: setting(
    z.number().min(0).max(100).default(0),
    `SRT sources: more than this share of what comes is there because it was sent again, needed or not. ${off}`,
    { unit: '%', applies: 'daemon' },
  ),
  rttMs: setting(z.int().min(0).max(10_000).default(0), `SRT sources: a round trip longer than this. ${off}`, { unit: 'ms', applies: 'daemon' }),
  networkMs: setting(
    z.int().min(0).max(600_000).default(1000),
    'SRT sources: how long loss, retransmissions or a long round trip are tolerated. They are measured over two seconds.',
    { unit: 'ms', applies: 'daemon' },
  ),
});

const inputCommon = {
  id: setting(id, 'A short name, unique among the inputs.', { applies: 'daemon', example: 'cam1' }),
  enabled: setting(z.boolean().default(true), 'An input that is not enabled is not started.', { applies: 'input' }),
  standby: setting(z.enum(['hot', 'cold']).default('hot'), 'hot: always running, ready within a picture. cold: started when no input before it works.', {
    applies: 'daemon',
  }),
  watch: watchSchema.prefault({}),
  timeoutMs: setting(
    z.int().min(200).max(60_000).default(3000),
    'No data for this long after data came: the input counts as dead and is restarted. Its process may take five times as long (at least 15 s) to begin, and a third of it (at least 1.1 s) between two signs of life.',
    {
      unit: 'ms',
      applies: 'input',
    },
  ),
};

export const inputSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    ...inputCommon,
    kind: z.literal('test').describe('A test pattern with burnt-in time, and a tone.'),
    pattern: setting(z.enum(['smpte', 'ball', 'snow', 'black', 'pinwheel', 'colors']).default('smpte'), 'Test picture.', { applies: 'input' }),
    toneHz: setting(z.int().min(0).max(20_000).default(440), 'Tone; 0 is silence.', { unit: 'Hz', applies: 'input' }),
    text: setting(z.string().max(80).default(''), 'Text burnt in beside the time.', { applies: 'input' }),
  }),
  z.strictObject({
    ...inputCommon,
    kind: z.literal('picture').describe('A still picture: a file, or a made one with a text.'),
    path: setting(filePath.optional(), 'PNG or JPEG file. Without one a picture with the text is made.', { applies: 'input', example: '/data/slate.png' }),
    text: setting(z.string().max(120).default(''), 'Text of a made picture.', { applies: 'input' }),
  }),
  z.strictObject({
    ...inputCommon,
    ...encodedFlags,
    kind: z.literal('file').describe('Any file that GStreamer plays, paced as live.'),
    path: setting(filePath, 'The file.', { applies: 'input', example: '/data/loop.ts' }),
    loop: setting(z.boolean().default(true), 'Start again at the end.', { applies: 'input' }),
  }),
  z.strictObject({
    ...inputCommon,
    kind: z.literal('v4l2').describe('A USB camera or HDMI capture (Video4Linux).'),
    device: setting(
      z
        .string()
        .regex(/^\/dev\/[A-Za-z0-9/_.:-]+$/, 'use a device such as /dev/video0 or /dev/v4l/by-id/…')
        .default('/dev/video0'),
      'Video device. Names under /dev/v4l/by-id survive replugging.',
      { applies: 'input' },
    ),
    format: setting(z.enum(['auto', 'mjpeg', 'raw', 'h264']).default('auto'), 'What to take from the device.', { applies: 'input' }),
    width: setting(z.int().min(16).max(7680).optional(), 'Width to ask the device for; default: the program’s.', { unit: 'px', applies: 'input' }),
    height: setting(z.int().min(16).max(4320).optional(), 'Height to ask the device for; default: the program’s.', { unit: 'px', applies: 'input' }),
    fps: setting(z.int().min(1).max(120).optional(), 'Pictures a second to ask for; default: the program’s.', { unit: '1/s', applies: 'input' }),
    audioDevice: setting(
      z
        .string()
        .max(120)
        .regex(/^[A-Za-z0-9:,=._ -]+$/, 'use an ALSA device such as hw:1,0')
        .optional(),
      'ALSA device for sound; without it the program gets silence.',
      { applies: 'input', example: 'hw:1,0' },
    ),
  }),
  z.strictObject({
    ...inputCommon,
    kind: z.literal('libcamera').describe('A CSI camera of a Raspberry Pi.'),
    camera: setting(z.string().max(200).default(''), 'libcamera name; empty: the first.', { applies: 'input' }),
    audioDevice: setting(
      z
        .string()
        .max(120)
        .regex(/^[A-Za-z0-9:,=._ -]+$/)
        .optional(),
      'ALSA device for sound.',
      { applies: 'input' },
    ),
  }),
  z.strictObject({
    ...inputCommon,
    kind: z.literal('argus').describe('A CSI camera of a Jetson.'),
    sensor: setting(z.int().min(0).max(15).default(0), 'Sensor number.', { applies: 'input' }),
    audioDevice: setting(
      z
        .string()
        .max(120)
        .regex(/^[A-Za-z0-9:,=._ -]+$/)
        .optional(),
      'ALSA device for sound.',
      { applies: 'input' },
    ),
  }),
  z.strictObject({
    ...inputCommon,
    kind: z.literal('hdmi-csi').describe('An HDMI-to-CSI bridge (TC358743).'),
    device: setting(
      z
        .string()
        .regex(/^\/dev\/[A-Za-z0-9/_.:-]+$/)
        .default('/dev/video0'),
      'Video device.',
      { applies: 'input' },
    ),
    audioDevice: setting(
      z
        .string()
        .max(120)
        .regex(/^[A-Za-z0-9:,=._ -]+$/)
        .optional(),
      'ALSA device for sound.',
      { applies: 'input' },
    ),
  }),
  z.strictObject({
    ...inputCommon,
    ...encodedFlags,
    kind: z.literal('srt').describe('A stream over SRT.'),
    mode: setting(z.enum(['listener', 'caller']).default('listener'), 'Wait for a sender, or call one.', { applies: 'input' }),
    host: setting(host.default('0.0.0.0'), 'Address to listen on, or to call.', { applies: 'input' }),
    port: setting(port, 'UDP port.', { applies: 'input', example: 9710 }),
    ...srtSettings('input'),
  }),
  z.strictObject({
    ...inputCommon,
    ...encodedFlags,
    kind: z.literal('udp').describe('MPEG-TS over UDP, unicast or multicast.'),
    host: setting(host.default('0.0.0.0'), 'Address to receive on; a multicast group is joined.', { applies: 'input' }),
    port: setting(port, 'UDP port.', { applies: 'input', example: 5004 }),
  }),
  z.strictObject({
    ...inputCommon,
    kind: z.literal('rtmp').describe('A listener that a drone, an action camera or OBS pushes to by RTMP.'),
    host: setting(host.default('0.0.0.0'), 'Address to listen on. Senders are on the box’s own networks, so by default on all of them.', { applies: 'input' }),
    port: setting(port.default(1935), 'TCP port.', { applies: 'input' }),
    app: setting(
      z
        .string()
        .regex(/^[A-Za-z0-9_-]{1,64}$/, 'use letters, digits, - and _')
        .default('live'),
      'First part of the path: the sender’s server is rtmp://box/live.',
      { applies: 'input' },
    ),
    key: setting(streamKey.optional(), 'Stream key that the sender must give. Rather use keyFile.', { applies: 'input', secret: true }),
    keyFile: setting(filePath.optional(), 'A file whose first line is the stream key.', { applies: 'input', example: '/etc/tandem/stream-key' }),
  }),
  z.strictObject({
    ...inputCommon,
    kind: z.literal('rtsp').describe('An IP camera.'),
    url: setting(z.string().regex(/^rtsps?:\/\/\S+$/, 'use a URL such as rtsp://camera/stream'), 'RTSP URL without user and password.', {
      applies: 'input',
      example: 'rtsp://192.0.2.7/stream1',
    }),
    user: setting(z.string().max(100).optional(), 'User name.', { applies: 'input' }),
    password: setting(z.string().max(200).optional(), 'Password. Rather use passwordFile.', { applies: 'input', secret: true }),
    passwordFile: setting(filePath.optional(), 'A file whose first line is the password.', { applies: 'input' }),
    transport: setting(z.enum(['auto', 'tcp', 'udp']).default('tcp'), 'How the camera sends.', { applies: 'input' }),
  }),
]);
export type InputConfig = z.infer<typeof inputSchema>;
/** As a person writes it: what has a default may be left out. */
export type InputSettings = z.input<typeof inputSchema>;
export type InputKind = InputConfig['kind'];
