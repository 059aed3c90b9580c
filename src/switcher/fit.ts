/**
 * Whether a stream may be spliced into the program as it is. A receiver must never see another format: what differs is said in a
 * sentence, and is encoded anew (media/daemon.ts). Pure.
 */
import type { AudioFormat } from './mpegts/aac.ts';
import type { VideoFormat } from './mpegts/parameter-sets.ts';
import { adtsType, latmType } from './mpegts/sound.ts';
import type { ElementaryStream } from './mpegts/tables.ts';

/** What every receiver was told to expect. */
export interface ProgramFormat {
  codec: 'h264' | 'h265';
  width: number;
  height: number;
  fps: number;
  /** Hz; two channels of AAC-LC. */
  audioRate: number;
}

/** What a source said so far; null: nothing yet. */
export interface SourceFormat {
  videoStream: ElementaryStream | null;
  audioStream: ElementaryStream | null;
  videoFormat: VideoFormat | null;
  audioFormat: AudioFormat | null;
  /** Duration of a picture, 90 kHz; 0: not known yet. */
  pictureTicks: number;
}

const codecNames: Readonly<Record<string, string>> = { h264: 'H.264', h265: 'H.265', mpeg2: 'MPEG-2' };
/** Profiles of 8 bits in 4:2:0 that every decoder of the codec has: Baseline, Main, Extended, High; Main. */
const profiles = { h264: [66, 77, 88, 100], h265: [1] } as const;
/** 24 and 25, and 29.97 and 30, are told apart by nobody's receiver; 25 and 30 are. */
const cadenceShare = 0.1;

/** Null when it fits, as far as is known. */
export function misfit(program: ProgramFormat, source: SourceFormat): string | null {
  return misfitVideo(program, source) ?? misfitAudio(program, source);
}

function misfitVideo(program: ProgramFormat, { videoStream, videoFormat, pictureTicks }: SourceFormat): string | null {
  if (videoStream !== null && videoStream.kind !== program.codec)
    return `its picture is ${codecNames[videoStream.kind] ?? 'of an unknown codec'}, the program is ${codecNames[program.codec]}`;
  if (videoFormat !== null) {
    const { width, height, profile, chroma, depth, interlaced } = videoFormat;
    if (width !== program.width || height !== program.height) return `its picture is ${width} × ${height}, the program is ${program.width} × ${program.height}`;
    if (chroma !== 1 || depth !== 8 || !(profiles[program.codec] as readonly number[]).includes(profile))
      return `its picture has profile ${profile} (${depth} bits, ${['monochrome', '4:2:0', '4:2:2', '4:4:4'][chroma] ?? 'unknown sampling'}), which not every receiver decodes`;
    if (interlaced) return 'its picture is interlaced, the program is not';
  }
  const fps = pictureTicks === 0 ? program.fps : 90_000 / pictureTicks;
  return Math.abs(fps - program.fps) > program.fps * cadenceShare
    ? `it has ${Math.round(fps * 10) / 10} pictures a second, the program has ${program.fps}`
    : null;
}

function misfitAudio(program: ProgramFormat, { audioStream, audioFormat }: SourceFormat): string | null {
  if (audioStream !== null && audioStream.type !== adtsType && audioStream.type !== latmType) return 'its sound is not AAC';
  if (audioFormat === null) return null;
  const { rate, channels, object } = audioFormat;
  if (object !== 2) return `its sound is AAC of object type ${object}, the program’s is AAC-LC`;
  if (rate !== program.audioRate) return `its sound has ${rate} Hz, the program has ${program.audioRate} Hz`;
  return channels === 2 ? null : `its sound has ${channels === 1 ? 'one channel' : `channel configuration ${channels}`}, the program is stereo`;
}
