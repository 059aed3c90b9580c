/** Composes the launch line of a worker from a source, an encoder and the program's format. */
import type { InputConfig, ProgramConfig } from '../../config/schema.ts';
import { type EncoderTemplate, encoderTemplate, preferredEncoders, sourceTemplate } from './catalogue.ts';

export interface Choices {
  encoder: EncoderTemplate;
  /** GStreamer element that makes AAC. */
  audioEncoder: string;
}

/**
 * AAC encoders, best first. avenc_aac (gstreamer1.0-libav) sounds better than voaacenc (plugins-bad) but holds sound back for up to
 * half a second once it falls silent, and with it the picture beside it.
 */
export const audioEncoders = ['fdkaacenc', 'voaacenc', 'avenc_aac'];

/**
 * Grey pictures for the content watch. Points of the picture itself, not means of many, so that a camera's noise stays noise and a
 * picture in which not one of five thousand points changes is frozen and not merely still.
 */
export const greyWidth = 96;
export const greyHeight = 54;

/** Raw video in, the small pictures out, at most ten a second. */
export const grey = `videorate drop-only=true max-rate=10 ! videoscale method=nearest-neighbour ! videoconvert ! video/x-raw,format=GRAY8,width=${greyWidth},height=${greyHeight}`;

/** Of the source alone, before silence is mixed in. Ten times a second: a watch of a second may be late by no more. */
export const level = 'level name=level interval=100000000';
const silence = 'audiotestsrc is-live=true wave=silence';

/** The encoders that fit the program, most preferred first; `setting` is program.encoder. */
export function encoderCandidates(platform: string, { codec, encoder }: Pick<ProgramConfig, 'codec' | 'encoder'>): EncoderTemplate[] {
  return preferredEncoders(platform)
    .map(encoderTemplate)
    .filter((template) => template.codec === codec && (encoder === 'auto' || template.name === encoder || template.name.startsWith(`${encoder}-`)));
}

export function templateName(input: InputConfig): string {
  if (input.kind === 'v4l2') return `v4l2-${input.format}`;
  return input.kind === 'picture' && input.path === undefined ? 'picture-made' : input.kind;
}

/** The launch line for a stream that is taken as it is. */
export function composePassThrough(input: InputConfig): string {
  const template = sourceTemplate(templateName(input));
  if (template.passThrough === undefined) throw new Error(`inputs of kind ${input.kind} cannot be passed through`);
  return `${fill(template.passThrough, values(input))} ! ${sink}`;
}

/**
 * The launch line for a stream that is encoded to the program's format. Elements that the worker talks to: venc, vparse, level, cadence, grey,
 * preview, net, arrivals. `soundOnly`: the muxer is not to wait for a picture; one that comes after all is only seen.
 */
export function composeEncoded(input: InputConfig, program: ProgramConfig, { encoder, audioEncoder }: Choices, soundOnly = false): string {
  const template = sourceTemplate(templateName(input));
  const all = { ...values(input, program), ...rates(program) };
  const hasAudio = template.audio !== undefined && !lacksAudioDevice(input);
  const raw = `video/x-raw,format=${encoder.input},width=${program.width},height=${program.height},framerate=${program.fps}/1,pixel-aspect-ratio=1/1`;
  const parser = program.codec === 'h264' ? 'h264parse' : 'h265parse';
  const audioCaps = `audio/x-raw,rate=${program.audioRate},channels=2`;
  const parts = [
    template.source === undefined ? '' : fill(template.source, all),
    `${fill(template.video, all)} ! videoconvert ! videoscale add-borders=true ! videorate name=cadence ! ${raw} ! tee name=seen`,
    // Every key picture with its parameter sets: the program may come from another encoder before it.
    soundOnly
      ? ''
      : `seen. ! queue max-size-buffers=8 max-size-bytes=0 max-size-time=0 ! ${fill(encoder.launch, all)} ! ${parser} name=vparse config-interval=-1 ! queue ! mux.`,
    `${audioSource(template.audio !== undefined && hasAudio ? fill(template.audio, all) : null, template.mixSilence, audioCaps)} ! queue ! ${audioEncoder} bitrate=${program.audioKbps * 1000} ! aacparse ! queue ! mux.`,
    // The watch must never hold up the program: its queues leak.
    `seen. ! queue leaky=downstream max-size-buffers=1 ! ${grey} ! appsink name=grey max-buffers=1 drop=true sync=false async=false`,
    template.countArrivals ? arrivals : '',
    'seen. ! queue leaky=downstream max-size-buffers=1 ! valve name=previewvalve drop=true ! videoscale ! videoconvert ! video/x-raw,width=640,height=360 ! jpegenc quality=75 ! appsink name=preview max-buffers=1 drop=true sync=false async=false',
    // All that is ready at once: whole pictures, into a pipe that knows no packets.
    `mpegtsmux name=mux alignment=0 ! ${sink}`,
  ];
  return parts.filter((part) => part !== '').join(' ');
}

/** 32 packets at a time, for few calls from one language to the other. */
const arrivals =
  'arrived. ! queue leaky=downstream max-size-buffers=0 max-size-time=0 max-size-bytes=2097152 ! tsparse alignment=32 ! appsink name=arrivals max-buffers=64 drop=true sync=false async=false';

/** fd 3 is the pipe that the media daemon reads. */
const sink = 'fdsink name=out fd=3 sync=false async=false';

function audioSource(source: string | null, mixSilence: boolean, caps: string): string {
  if (source === null) return `${silence} ! ${caps} ! ${level}`;
  if (!mixSilence) return `${source} ! queue ! audioconvert ! audioresample ! ${caps} ! ${level}`;
  // A stream without sound would leave the muxer waiting for ever; mixed with silence it only lacks it.
  return `${source} ! audioconvert ! audioresample ! ${caps} ! ${level} ! mix. ${silence} ! ${caps} ! audiomixer name=mix ! ${caps}`;
}

function lacksAudioDevice(input: InputConfig): boolean {
  return ['v4l2', 'libcamera', 'argus', 'hdmi-csi'].includes(input.kind) && !('audioDevice' in input && input.audioDevice !== undefined);
}

function rates(program: ProgramConfig): Record<string, string | number> {
  return { kbps: program.videoKbps, bps: program.videoKbps * 1000, keyFrames: Math.max(1, Math.round((program.keyFrameMs * program.fps) / 1000)) };
}

function values(input: InputConfig, program?: ProgramConfig): Record<string, string | number> {
  const found: Record<string, string | number> = {};
  for (const [name, value] of Object.entries({ ...program, ...input })) if (typeof value === 'string' || typeof value === 'number') found[name] = value;
  if (input.kind === 'test') found.wave = input.toneHz === 0 ? 'silence' : 'sine';
  if (input.kind === 'srt') found.uri = `srt://${input.host.includes(':') ? `[${input.host}]` : input.host}:${input.port}?mode=${input.mode}`;
  // 0 is none: without a passphrase nothing is encrypted.
  if (input.kind === 'srt') found.keyLength = input.passphrase === undefined ? 0 : input.keyLengthBits / 8;
  if (input.kind === 'rtsp') found.protocols = { auto: 'tcp+udp', tcp: 'tcp', udp: 'udp' }[input.transport];
  if (input.kind === 'v4l2' && program !== undefined)
    found.caps = `,width=${input.width ?? program.width},height=${input.height ?? program.height},framerate=${input.fps ?? program.fps}/1`;
  return found;
}

/** Replaces `{name}` by the quoted value and `{name:raw}` by the value. */
export function fill(template: string, from: Readonly<Record<string, string | number>>): string {
  return template.replace(/\{(\w+)(:raw)?\}/g, (_, name: string, raw: string | undefined) => {
    const value = from[name];
    if (value === undefined) throw new Error(`the pipeline template wants {${name}}, which this input does not have`);
    return raw === undefined ? quote(String(value)) : String(value);
  });
}

/**
 * A value in the syntax of gst_parse_launch, which lets no value add an element. Its lexer takes the longest match and lets
 * a backslash stand for itself too, so that a text that ends in a backslash runs on into the next value. A text with a
 * backslash or a quote therefore goes in the form of gst_string_wrap, every sign but letters and digits in octal.
 */
export function quote(value: string): string {
  // Control characters have no place in a name; NUL would cut the line short.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
  const plain = value.replace(/[\u0000-\u001f\u007f]/g, ' ');
  return /[\\"]/.test(plain) ? `"\\"${Array.from(Buffer.from(plain), wrapped).join('')}\\""` : `"${plain}"`;
}

/** One byte of UTF-8: a letter or digit as it is, all else in octal behind a backslash, which is itself escaped for the lexer. */
function wrapped(byte: number): string {
  const sign = String.fromCharCode(byte);
  return /[A-Za-z0-9]/.test(sign) ? sign : `\\\\${byte.toString(8).padStart(3, '0')}`;
}
