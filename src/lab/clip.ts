/** A pre-encoded program for tests and measurements: made once by ffmpeg, played in real time with time stamps that never jump. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface ClipFormat {
  /** Of the whole stream, constant. */
  kbps: number;
  width: number;
  height: number;
  fps: number;
  seconds: number;
}

/** Resolves to a file of H.264 + stereo AAC in MPEG-TS at a constant rate; the same format is made once a machine. Rejects with ffmpeg's words. */
export async function makeClip(format: ClipFormat): Promise<string> {
  const { kbps, width, height, fps, seconds } = format;
  const file = join(
    tmpdir(),
    `tandem-clip-${createHash('sha256')
      .update(`stereo ${JSON.stringify(format)}`)
      .digest('hex')
      .slice(0, 12)}.ts`,
  );
  if (existsSync(file)) return file;
  const videoKbps = Math.round(kbps * 0.9 - 140);
  const made = `${file}.${process.pid}`;
  await ffmpeg([
    ...[
      '-f',
      'lavfi',
      '-i',
      `testsrc2=size=${width}x${height}:rate=${fps}`,
      '-f',
      'lavfi',
      '-i',
      'sine=frequency=440:sample_rate=48000',
      '-t',
      String(seconds),
    ],
    ...[
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
      '-tune',
      'zerolatency',
      '-g',
      String(fps),
      '-b:v',
      `${videoKbps}k`,
      '-maxrate',
      `${videoKbps}k`,
      '-bufsize',
      `${Math.round(videoKbps / 2)}k`,
      '-x264-params',
      'nal-hrd=cbr',
    ],
    ...['-c:a', 'aac', '-ac', '2', '-b:a', '128k', '-muxrate', `${kbps}k`, '-f', 'mpegts', '-y', made],
  ]);
  renameSync(made, file);
  return file;
}

/** Plays `file` in a loop to a UDP address in real time. */
export function playClip(file: string, to: { host: string; port: number }, kbps?: number): { pid: number | undefined; stop(): void } {
  const rate = kbps === undefined ? [] : ['-muxrate', `${kbps}k`];
  const child = spawn(
    'ffmpeg',
    ['-v', 'error', '-re', '-stream_loop', '-1', '-i', file, '-c', 'copy', ...rate, '-f', 'mpegts', `udp://${to.host}:${to.port}?pkt_size=1316`],
    { stdio: 'ignore' },
  );
  child.on('error', () => undefined);
  return { pid: child.pid, stop: () => void child.kill('SIGKILL') };
}

function ffmpeg(args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('ffmpeg', ['-v', 'error', ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.on('error', (error) => reject(new Error(`ffmpeg cannot be run: ${error.message}`)));
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`ffmpeg: ${said.trim()}`))));
  });
}
