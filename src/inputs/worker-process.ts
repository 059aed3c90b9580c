/** The parent's end of one encoder worker: starts it, reads its pipe, talks to it, ends it. Knows nothing of retries. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { InputSettings, ProgramConfig } from '../config/schema.ts';
import type { Logger } from '../log.ts';
import { type FromWorker, fromWorkerSchema } from './worker/messages.ts';
import type { ToWorker } from './worker/orders.ts';

const workerPath = fileURLToPath(new URL('./worker/main.ts', import.meta.url));
/** pollBus and each appsink pull hold a thread of libuv's pool for good; the default of 4 leaves too few. */
const threadPool = '8';
/** A worker prints what GStreamer prints; a flood of it is worth nothing. */
const stderrLinesMax = 50;
/** The end of the pipe follows the end of the process within milliseconds, unless a grandchild still holds it. */
const drainMsMax = 200;

export interface WorkerProcessOptions {
  input: InputSettings;
  program: ProgramConfig;
  platform: string;
  /** The source has no picture. */
  soundOnly?: boolean;
  onData(chunk: Buffer): void;
  onMessage(message: FromWorker): void;
  /** Once, after the last data: its pipe is at its end, or its process is gone. */
  onEnd(): void;
  log: Logger;
}

export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #options: WorkerProcessOptions;
  #ended = false;
  #stderrLines = 0;

  constructor(options: WorkerProcessOptions) {
    this.#options = options;
    // A daemon's threads share one arena of glibc's to save memory; encoders allocate in many threads at once.
    const { MALLOC_ARENA_MAX: _, ...environment } = process.env;
    this.#child = spawn(process.execPath, [workerPath], {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'ipc'],
      // In English: explain.ts recognises GStreamer's sentences.
      env: { ...environment, UV_THREADPOOL_SIZE: threadPool, GST_DEBUG_NO_COLOR: '1', LC_ALL: 'C.UTF-8' },
    });
    const pipe = this.#child.stdio[3] as Readable;
    pipe.on('data', (chunk: Buffer) => this.#ended || options.onData(chunk));
    pipe.on('end', () => this.#end());
    pipe.on('error', () => this.#end());
    this.#child.on('error', () => this.#end());
    // What it wrote before it died still stands in the pipe.
    this.#child.on('exit', () => setTimeout(() => this.#end(), drainMsMax));
    this.#child.on('message', (raw) => this.#read(raw));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#note(text));
    this.#send({ type: 'job', input: options.input, program: options.program, platform: options.platform, soundOnly: options.soundOnly ?? false });
  }

  get pid(): number | null {
    return this.#ended ? null : (this.#child.pid ?? null);
  }

  send(message: Exclude<ToWorker, { type: 'job' }>): void {
    this.#send(message);
  }

  /** At once: a hung or unwanted worker has nothing left to say. Resolves when it is gone. */
  kill(): Promise<void> {
    const child = this.#child;
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
    return new Promise((resolve) => {
      child.once('exit', () => resolve());
      child.kill('SIGKILL');
    });
  }

  #send(message: ToWorker): void {
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  #read(raw: unknown): void {
    const parsed = fromWorkerSchema.safeParse(raw);
    if (parsed.success && !this.#ended) this.#options.onMessage(parsed.data);
  }

  #note(text: string): void {
    for (const line of text.split('\n')) {
      if (line.trim() === '' || ++this.#stderrLines > stderrLinesMax) continue;
      this.#options.log.debug({ line: line.slice(0, 500) }, 'worker');
    }
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.onEnd();
    void this.kill();
  }
}
