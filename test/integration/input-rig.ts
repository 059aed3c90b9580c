/** One real input with its real worker, and what comes out of it. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import pino from 'pino';
import type { z } from 'zod';
import { monoMs } from '../../src/clock.ts';
import { inputSchema, programSchema } from '../../src/config/schema.ts';
import { Input } from '../../src/inputs/input.ts';
import type { Notice } from '../../src/model/event.ts';

export class InputRig {
  readonly input: Input;
  readonly notices: Notice[] = [];
  /** When each piece of data came, and how long it is. */
  readonly arrivals: { atMs: number; bytes: number }[] = [];
  logged = '';
  #data: Buffer[] = [];

  constructor(config: z.input<typeof inputSchema>, program: z.input<typeof programSchema> = {}) {
    this.input = new Input({
      config: inputSchema.parse(config),
      program: programSchema.parse(program),
      onData: (chunk) => {
        this.#data.push(Buffer.from(chunk));
        this.arrivals.push({ atMs: monoMs(), bytes: chunk.length });
      },
      onEnd: () => undefined,
      onNotice: (one) => this.notices.push(one),
      isPictureless: () => false,
      onChange: () => undefined,
      log: pino({ level: 'trace' }, { write: (line: string) => (this.logged += line) }) as never,
    });
    this.input.start();
  }

  status() {
    return this.input.status(monoMs());
  }

  get data(): Buffer {
    return Buffer.concat(this.#data);
  }

  get bytes(): number {
    return this.arrivals.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  forget(): void {
    this.#data = [];
    this.arrivals.length = 0;
  }

  /** `to reason` of each change of state so far. */
  changes(): string[] {
    return this.notices.map(({ to, reason }) => `${to} ${reason}`);
  }

  /** The longest time without data between the first and the last. */
  longestGapMs(): number {
    return this.arrivals.reduce((longest, { atMs }, index) => Math.max(longest, atMs - (this.arrivals[index - 1]?.atMs ?? atMs)), 0);
  }
}

interface Stream {
  codec_type: string;
  codec_name: string;
  width?: number;
  height?: number;
  avg_frame_rate: string;
  sample_rate?: string;
}

/** What ffprobe finds in MPEG-TS `data`, which is written to `file`. */
export function probe(data: Buffer, file: string): { video: Stream | undefined; audio: Stream | undefined } {
  writeFileSync(file, data);
  const { streams } = JSON.parse(execFileSync('ffprobe', ['-v', 'quiet', '-of', 'json', '-show_streams', file], { encoding: 'utf8' })) as { streams: Stream[] };
  return { video: streams.find(({ codec_type }) => codec_type === 'video'), audio: streams.find(({ codec_type }) => codec_type === 'audio') };
}

/** Everything that a person can read of a process with ps or in /proc. */
export function visibleOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8') + readFileSync(`/proc/${pid}/environ`, 'utf8');
}
