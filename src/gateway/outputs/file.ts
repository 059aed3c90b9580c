/** Rolling .ts files. Writes are asynchronous and bounded: a slow or full disk costs the recording, never the stream. */
import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { wallMs } from '../../clock.ts';
import type { OutputConfig } from '../../config/schema.ts';
import { type Notice, notice } from '../../model/event.ts';
import type { Reason } from '../../model/reasons.ts';
import type { Output } from './output.ts';

/** About ten seconds of 6 Mbit/s wait for the disk; what comes on top is dropped, and told. */
const waitingBytesMax = 8 * 1024 * 1024;
/** Payloads are gathered so that the disk sees few, large writes. */
const chunkBytes = 256 * 1024;
const retryMs = 5000;

export interface FileOutputOptions {
  stream: string;
  config: Extract<OutputConfig, { kind: 'file' }>;
  onNotice(one: Notice): void;
}

export class FileOutput implements Output {
  readonly #options: FileOutputOptions;
  #chunk = Buffer.allocUnsafe(chunkBytes);
  #used = 0;
  #file: WriteStream | null = null;
  #opening = false;
  #openedMs = 0;
  #retryAtMs = 0;
  #flushedMs = 0;
  #state: 'ok' | Reason = 'ok';
  #droppedBytes = 0;

  constructor(options: FileOutputOptions) {
    this.#options = options;
  }

  write(bytes: Buffer, offset: number, length: number): void {
    if (this.#used + length > chunkBytes) this.#hand();
    bytes.copy(this.#chunk, this.#used, offset, offset + length);
    this.#used += length;
  }

  flush(nowMs: number): void {
    if (this.#file === null && !this.#opening && nowMs >= this.#retryAtMs) void this.#open(nowMs);
    if (this.#file !== null && nowMs - this.#openedMs >= this.#options.config.segmentSeconds * 1000) this.#roll();
    if (nowMs - this.#flushedMs < 1000) return;
    this.#flushedMs = nowMs;
    this.#hand();
  }

  async close(): Promise<void> {
    this.#hand();
    const file = this.#file;
    this.#file = null;
    if (file !== null) await new Promise<void>((resolve) => file.end(() => resolve()));
  }

  #hand(): void {
    if (this.#used === 0) return;
    const chunk = this.#chunk.subarray(0, this.#used);
    this.#used = 0;
    if (this.#file === null || this.#file.writableLength > waitingBytesMax) {
      this.#droppedBytes += chunk.length;
      if (this.#file !== null) this.#become('disk-error', 'the disk is too slow for the recording: parts of it are missing');
      return;
    }
    this.#file.write(chunk);
    this.#chunk = Buffer.allocUnsafe(chunkBytes);
  }

  #roll(): void {
    this.#hand();
    this.#file?.end();
    this.#file = null;
  }

  async #open(nowMs: number): Promise<void> {
    const { directory } = this.#options.config;
    this.#opening = true;
    try {
      await mkdir(directory, { recursive: true });
      await this.#makeRoom();
      const stamp = new Date(wallMs()).toISOString().replace(/[:.]/g, '-');
      const file = createWriteStream(join(directory, `${this.#options.stream}-${stamp}.ts`), { highWaterMark: chunkBytes });
      file.on('error', (error) => this.#failed(error, file));
      await new Promise<void>((resolve, reject) => file.once('open', () => resolve()).once('error', reject));
      this.#file = file;
      this.#openedMs = nowMs;
      this.#become('ok', 'the recording works');
    } catch (error) {
      this.#failed(error as Error, null);
    }
    this.#opening = false;
  }

  /** Deletes the oldest files of this stream above the limit. */
  async #makeRoom(): Promise<void> {
    const { directory, keepBytes } = this.#options.config;
    const names = (await readdir(directory)).filter((name) => name.startsWith(`${this.#options.stream}-`) && name.endsWith('.ts')).sort();
    const sizes = await Promise.all(names.map(async (name) => (await stat(join(directory, name))).size));
    let sum = sizes.reduce((total, size) => total + size, 0);
    for (const [index, name] of names.entries()) {
      if (sum <= keepBytes) return;
      await rm(join(directory, name), { force: true });
      sum -= sizes[index] ?? 0;
    }
  }

  #failed(error: Error, file: WriteStream | null): void {
    const code = (error as NodeJS.ErrnoException).code;
    if (file === null || this.#file === file) this.#file = null;
    this.#retryAtMs = this.#flushedMs + retryMs;
    this.#become(code === 'ENOSPC' ? 'disk-full' : 'disk-error', `the recording to ${this.#options.config.directory} failed (${code}) and is tried again`);
  }

  #become(state: 'ok' | Reason, text: string): void {
    if (state === this.#state) return;
    const from = this.#state;
    this.#state = state;
    if (state === 'ok' && from === 'ok') return;
    this.#options.onNotice(
      notice({
        severity: state === 'ok' ? 'clear' : 'warning',
        subject: { kind: 'gateway', id: this.#options.stream },
        what: 'gateway.recording',
        from,
        to: state,
        reason: state === 'ok' ? 'recovered' : state,
        text: `stream ${this.#options.stream}: ${text}`,
        measured: { droppedBytes: this.#droppedBytes },
      }),
    );
  }
}
