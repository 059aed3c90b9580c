/** Real encoders' streams, the switcher, and a real decoder behind it, under a clock of the test's own: an hour takes seconds. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProgramFormat } from '../../src/switcher/fit.ts';
import { isRandomAccess, pcrOf, pidOf } from '../../src/switcher/mpegts/packet.ts';
import { readClip } from '../../src/switcher/slate.ts';
import { Switcher, type SwitcherOptions } from '../../src/switcher/switcher.ts';

export const size = { width: 320, height: 192, fps: 25 };
export const programOf = (codec: 'h264' | 'h265'): ProgramFormat => ({ codec, ...size, audioRate: 48_000 });
type Program = SwitcherOptions['program'];

/** ffmpeg's options for a picture that moves and a tone, made once a machine. Returns MPEG-TS. */
export function encode(...options: string[]): Buffer {
  const file = join(tmpdir(), `tandem-encoded-${createHash('sha256').update(JSON.stringify(options)).digest('hex').slice(0, 16)}.ts`);
  if (!existsSync(file)) {
    const made = `${file}.${process.pid}`;
    execFileSync('ffmpeg', ['-v', 'error', ...options, '-f', 'mpegts', '-y', made]);
    renameSync(made, file);
  }
  return readFileSync(file);
}

export const picture = (source = `testsrc2=size=${size.width}x${size.height}:rate=${size.fps}`): string[] => ['-f', 'lavfi', '-i', source];
export const tone = (hz = 440, rate = 48_000): string[] => ['-f', 'lavfi', '-i', `sine=frequency=${hz}:sample_rate=${rate}`];
/** Once a second, `at` seconds after it, 200 ms of white and of a tone. */
export const flashes = (at: number, hz: number): string[] => [
  '-f',
  'lavfi',
  '-i',
  `color=c=black:size=${size.width}x${size.height}:rate=${size.fps},drawbox=color=white:t=fill:enable='lt(mod(t+1-${at}\\,1)\\,0.199)'`,
  '-f',
  'lavfi',
  '-i',
  `aevalsrc='0.8*sin(2*PI*${hz}*t)*lt(mod(t+1-${at}\\,1)\\,0.2)':s=48000`,
];
export const aac = ['-c:a', 'aac', '-ac', '2', '-b:a', '96k'];
export const x264 = (params: string): string[] => ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-preset', 'veryfast', '-b:v', '400k', '-x264-params', params];
export const x265 = (params: string): string[] => [
  '-c:v',
  'libx265',
  '-pix_fmt',
  'yuv420p',
  '-preset',
  'ultrafast',
  '-b:v',
  '400k',
  '-x265-params',
  `log-level=none:${params}`,
];

/** Cuts a stream into the packets that leave an encoder within the same millisecond, by its clock references. */
export function paced(stream: Buffer): { atMs: number; bytes: Buffer }[] {
  const pieces: { atMs: number; bytes: Buffer }[] = [];
  let from = 0;
  let atMs = 0;
  let first = -1;
  for (let at = 0; at + 188 <= stream.length; at += 188) {
    const pcr = pcrOf(stream, at);
    if (pcr < 0) continue;
    if (first < 0) first = pcr;
    if (at > from) pieces.push({ atMs, bytes: stream.subarray(from, at) });
    from = at;
    atMs = (pcr - first) / 27_000;
  }
  pieces.push({ atMs, bytes: stream.subarray(from) });
  return pieces;
}

/** Each picture as ffmpeg decodes it, by hash, in the order of showing. */
export function decoded(stream: Buffer, file: string): string[] {
  writeFileSync(file, stream);
  const options = ['-v', 'error', '-i', file, '-map', '0:v', '-vsync', 'passthrough', '-enc_time_base', '1:90000', '-f', 'framemd5', '-'];
  const text = execFileSync('ffmpeg', options, { encoding: 'utf8', maxBuffer: 64e6 });
  return text
    .split('\n')
    .filter((line) => /^\d/.test(line))
    .map((line) => line.split(',').at(-1)?.trim() as string);
}

export class SwitcherWorld {
  nowMs = 0;
  readonly switcher: Switcher;
  readonly unfit = new Map<string, string>();
  readonly landed: string[] = [];
  readonly covered: string[] = [];
  #landedBytes = 0;
  readonly #out: Buffer[] = [];
  readonly #playing = new Map<string, { pieces: { atMs: number; bytes: Buffer }[]; next: number; beganMs: number }>();

  constructor(program: Program, slate?: Buffer, { sounds = false } = {}) {
    this.switcher = new Switcher({
      program,
      onPayload: (buffer, offset, length) => this.#out.push(Buffer.from(buffer.subarray(offset, offset + length))),
      onSwitched: (to) => {
        this.landed.push(to);
        this.#landedBytes = this.#out.reduce((sum, { length }) => sum + length, 0);
      },
      onUnfit: (id, why) => this.unfit.set(id, why),
      onCovered: (id, covered) => this.covered.push(`${id} ${covered}`),
    });
    const clip = slate === undefined ? null : readClip(slate, 90_000 / program.fps, { sounds });
    if (clip !== null) this.switcher.setSlate(clip);
  }

  get output(): Buffer {
    // What waits for company to fill a payload goes out.
    this.switcher.turn(this.nowMs + 15);
    this.switcher.turn(this.nowMs + 30);
    return Buffer.concat(this.#out);
  }

  /** The output from the tables before the entry of the last switch on: what a receiver sees that joins there. */
  get sinceLanded(): Buffer {
    const { output } = this;
    let at = this.#landedBytes;
    while (at < output.length && !isRandomAccess(output, at)) at += 188;
    while (at > 0 && pidOf(output, at) !== 0) at -= 188;
    return output.subarray(at);
  }

  /** Plays from its beginning, as if it had just been started. */
  play(id: string, stream: Buffer, onTheWay = (bytes: Buffer): Buffer => bytes): void {
    this.switcher.ended(id, this.nowMs);
    const pieces = paced(stream).map(({ atMs, bytes }) => ({ atMs, bytes: onTheWay(bytes) }));
    this.#playing.set(id, { pieces, next: 0, beganMs: this.nowMs });
  }

  kill(id: string): void {
    this.#playing.delete(id);
    this.switcher.ended(id, this.nowMs);
  }

  /** Nothing more comes, and nobody says so. */
  stall(id: string): void {
    this.#playing.delete(id);
  }

  select(id: string): void {
    this.switcher.select(id, this.nowMs);
  }

  run(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; this.nowMs += 5) {
      for (const [id, one] of this.#playing) {
        for (let piece = one.pieces[one.next]; piece !== undefined && one.beganMs + piece.atMs <= this.nowMs; piece = one.pieces[++one.next])
          this.switcher.push(id, piece.bytes, this.nowMs);
      }
      this.switcher.turn(this.nowMs);
    }
  }

  /** What ffmpeg complains of when it decodes all of it; empty when it does not. Each picture keeps its time: in slots of 1/25 s some would meet. */
  complaints(file: string, stream = this.output): string {
    writeFileSync(file, stream);
    const { stderr, status } = spawnSync(
      'ffmpeg',
      [
        '-v',
        'error',
        '-i',
        file,
        '-map',
        '0:v',
        '-vsync',
        'passthrough',
        '-enc_time_base',
        '1:90000',
        '-f',
        'rawvideo',
        '-y',
        '/dev/null',
        '-map',
        '0:a',
        '-f',
        's16le',
        '-y',
        '/dev/null',
      ],
      { encoding: 'utf8', timeout: 60_000 },
    );
    return status === 0 ? stderr : `${stderr} (status ${status})`;
  }

  /** How much later than each flash its beep is heard, ms, as ffmpeg decodes the stream. */
  offsets(file: string, stream: Buffer): number[] {
    writeFileSync(file, stream);
    const { stderr } = spawnSync(
      'ffmpeg',
      [
        '-v',
        'info',
        '-nostats',
        '-copyts',
        '-i',
        file,
        '-vf',
        'blackdetect=d=0.1:pix_th=0.3',
        '-af',
        'silencedetect=n=-30dB:d=0.1',
        '-vsync',
        'passthrough',
        '-f',
        'null',
        '-',
      ],
      { encoding: 'utf8', timeout: 60_000 },
    );
    // Only what was dark and silent for its whole while: a switch into the middle of a flash tells nothing.
    const times = (pattern: RegExp) =>
      [...stderr.matchAll(pattern)].flatMap(([, end, duration]) => (Number(duration) > 0.7 && Number(duration) < 0.9 ? [Number(end) * 1000] : []));
    const beeps = times(/silence_end: ([\d.]+) \| silence_duration: ([\d.]+)/g);
    return times(/black_end:([\d.]+) black_duration:([\d.]+)/g).flatMap((flash) => {
      const beep = beeps.find((one) => Math.abs(one - flash) < 150);
      return beep === undefined ? [] : [beep - flash];
    });
  }
}
