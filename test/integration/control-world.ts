/** What the tests of the control daemon share: a stand-in for the media daemon that speaks its socket, and control as a real process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { monoMs } from '../../src/clock.ts';
import type { ConfigInput } from '../../src/config/schema.ts';
import { FakeMedia } from './fake-media.ts';
import { patienceMs } from './processes.ts';

const runner = fileURLToPath(new URL('./control-process.ts', import.meta.url));

/** A state directory, a media stand-in and a control process with its log. */
export class ControlWorld {
  readonly directory = mkdtempSync(join(tmpdir(), 'tandem-control-'));
  readonly media: FakeMedia;
  readonly password = 'correct horse battery';
  log = '';
  /** Network namespace that control lives in. */
  space: string | null = null;
  #process: ChildProcess | null = null;
  #config: ConfigInput = { version: 1 };
  #nodeFlags: string[] = [];

  constructor() {
    this.media = new FakeMedia(join(this.directory, 'media.sock'));
  }

  /** Starts control as a process of its own. `control` is the section of the configuration; the page takes a free port. */
  start(control: NonNullable<ConfigInput['control']> = {}, options: { passwordFile?: boolean; rest?: Partial<ConfigInput>; nodeFlags?: string[] } = {}): void {
    this.#nodeFlags = options.nodeFlags ?? [];
    this.#config = {
      version: 1,
      box: { name: 'box7' },
      media: { socket: join(this.directory, 'media.sock') },
      ...options.rest,
      control: { stateDirectory: this.inside('state'), web: { host: '127.0.0.1', port: 0 }, ...control },
    };
    writeFileSync(this.inside('config.json'), JSON.stringify(this.#config));
    if (options.passwordFile) writeFileSync(this.inside('first-password'), `${this.password}\n`, { mode: 0o600 });
    this.restart();
  }

  /** The same again, after `kill`; with `port`, the page where it was. */
  restart(options: { port?: number } = {}): void {
    if (options.port !== undefined) {
      const web = { host: '127.0.0.1', port: options.port };
      writeFileSync(this.inside('config.json'), JSON.stringify({ ...this.#config, control: { ...this.#config.control, web } }));
    }
    rmSync(this.inside('state/page.url'), { force: true });
    const env: NodeJS.ProcessEnv = { ...process.env, TANDEM_LOG: 'debug' };
    if (existsSync(this.inside('first-password'))) env.TANDEM_PAGE_PASSWORD_FILE = this.inside('first-password');
    const [program = '', ...args] = [
      ...(this.space === null ? [] : ['ip', 'netns', 'exec', this.space]),
      process.execPath,
      ...this.#nodeFlags,
      runner,
      this.inside('config.json'),
    ];
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.log += text;
    });
    this.#process = child;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** Ends control; returns its exit code, or null for a signal, once all that it said is in the log. */
  async kill(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const child = this.#process;
    this.#process = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    return new Promise((resolve) => {
      child.once('close', (code) => resolve(code));
      child.kill(signal);
    });
  }

  /** Control stands still during `work`: what it would do meanwhile comes after it. */
  async holding<T>(work: () => Promise<T>): Promise<T> {
    this.#process?.kill('SIGSTOP');
    try {
      return await work();
    } finally {
      this.#process?.kill('SIGCONT');
    }
  }

  async stop(): Promise<void> {
    await this.kill('SIGKILL');
    this.media.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  inside(name: string): string {
    return join(this.directory, name);
  }

  /** Address of the page, once it listens. Ends in a slash. */
  async url(): Promise<string> {
    await until('the page listens', () => existsSync(this.inside('state/page.url')));
    return readFileSync(this.inside('state/page.url'), 'utf8').trim();
  }

  async tokenOf(stateDirectory: string): Promise<Record<string, string>> {
    return { Authorization: `Bearer ${readFileSync(join(stateDirectory, 'api-token'), 'utf8').trim()}` };
  }

  /** Headers that let a script in. */
  async token(): Promise<Record<string, string>> {
    await this.url();
    return { Authorization: `Bearer ${readFileSync(this.inside('state/api-token'), 'utf8').trim()}` };
  }

  async get<T>(path: string): Promise<T> {
    const response = await fetch(new URL(path, await this.url()), { headers: await this.token() });
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return (await response.json()) as T;
  }
}

/** Waits until `test` holds. @throws after `msMax`, naming `what`. */
export async function until(what: string, test: () => boolean | Promise<boolean>, msMax = patienceMs): Promise<void> {
  const endMs = monoMs() + msMax;
  for (;;) {
    if (await test()) return;
    if (monoMs() > endMs) throw new Error(`not within ${msMax} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
