/** Runs the programs that build images: quietly, into a log, and with one clear sentence when one fails or is missing. */
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { dirname } from 'node:path';
import { monoMs } from '../clock.ts';
import { exitCode, FatalError } from '../model/exit.ts';

export interface RunOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** What the program gets on standard input. */
  input?: string;
}

export class Workshop {
  readonly #log: WriteStream;
  readonly logPath: string;
  readonly #say: (line: string) => void;

  constructor(logPath: string, say: (line: string) => void = (line) => process.stderr.write(`tandem: ${line}\n`)) {
    mkdirSync(dirname(logPath), { recursive: true });
    this.logPath = logPath;
    this.#log = createWriteStream(logPath);
    this.#say = say;
  }

  /** Says what is done, does it, and says how long it took. */
  async step<T>(what: string, work: () => Promise<T>): Promise<T> {
    const startedMs = monoMs();
    this.#log.write(`\n== ${what}\n`);
    const result = await work();
    this.#say(`${what}: ${((monoMs() - startedMs) / 1000).toFixed(1)} s`);
    return result;
  }

  say(line: string): void {
    this.#say(line);
  }

  /** @returns standard output. @throws FatalError when the program is missing or ends with another code than 0. */
  run(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
    this.#log.write(`$ ${program} ${args.join(' ')}\n`);
    return new Promise((resolve, reject) => {
      const child = spawn(program, args, { cwd: options.cwd, env: { ...process.env, ...options.env }, stdio: ['pipe', 'pipe', 'pipe'] });
      let stdout = '';
      let tail = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        stdout += text;
        this.#log.write(text);
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        tail = (tail + text).slice(-4000);
        this.#log.write(text);
      });
      // A program that does not read its input is not our fault.
      child.stdin.on('error', () => undefined);
      child.stdin.end(options.input ?? '');
      child.on('error', (error: NodeJS.ErrnoException) => reject(error.code === 'ENOENT' ? missing(program) : error));
      child.on('close', (code, signal) => {
        if (code === 0) return resolve(stdout);
        const last = tail.trim().split('\n').at(-1) ?? '';
        reject(new FatalError(exitCode.failure, `${program} ended with ${code ?? signal}: ${last} (the whole story is in ${this.logPath})`));
      });
    });
  }

  /** @throws FatalError naming every program that is not installed. */
  async need(programs: Readonly<Record<string, string>>): Promise<void> {
    const lacking: string[] = [];
    for (const [program, debianPackage] of Object.entries(programs)) {
      const found = await this.run('sh', ['-c', 'PATH=$PATH:/usr/sbin:/sbin command -v "$1"', 'sh', program]).catch(() => null);
      if (found === null) lacking.push(`${program} (Debian package ${debianPackage})`);
    }
    if (lacking.length > 0) throw new FatalError(exitCode.unavailable, `missing here: ${lacking.join(', ')}`);
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#log.end(resolve));
  }
}

function missing(program: string): FatalError {
  return new FatalError(exitCode.unavailable, `${program} is not installed`);
}
