/** Real processes of this project for tests: started with a configuration, watched, ended by their process id. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { monoMs } from '../../src/clock.ts';
import type { ConfigInput } from '../../src/config/schema.ts';
import { freeUdpPort } from '../../src/demo/free-port.ts';
import { MediaClient } from '../../src/media-client/client.ts';
import type { TandemEvent } from '../../src/model/event.ts';
import type { Status } from '../../src/model/status.ts';

export interface Running {
  child: ChildProcess;
  /** What it has printed, both streams. */
  said(): string;
  ended: Promise<number | null>;
}

/** A place for one test: files, processes and what they leave. `end()` ends all of it. */
export class Place {
  readonly directory = mkdtempSync(join(tmpdir(), 'tandem-test-'));
  readonly #running: Running[] = [];
  readonly #clients: MediaClient[] = [];

  path(name: string): string {
    return join(this.directory, name);
  }

  config(name: string, config: ConfigInput | string): string {
    const file = this.path(name);
    writeFileSync(file, typeof config === 'string' ? config : stringify(config), { mode: 0o600 });
    return file;
  }

  run(command: string, args: string[], env: NodeJS.ProcessEnv = {}): Running {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (part: string) => (text += part));
    const ended = new Promise<number | null>((resolve) => {
      child.on('close', resolve);
      child.on('error', (error) => {
        text += error.message;
        resolve(null);
      });
    });
    const running = { child, said: () => text, ended };
    this.#running.push(running);
    return running;
  }

  tandem(...args: string[]): Running {
    return this.run(process.execPath, ['src/main.ts', ...args]);
  }

  /** Follows the media daemon behind `socket`. */
  watch(socket: string): { status(): Status | null; events: TandemEvent[]; client: MediaClient } {
    let last: Status | null = null;
    const events: TandemEvent[] = [];
    const client = new MediaClient({
      path: socket,
      statusEveryMs: 100,
      eventsAfter: { session: '', seq: 0 },
      onStatus: (status) => {
        last = status;
      },
      onEvent: (event) => events.push(event),
      onState: () => undefined,
    });
    client.start();
    this.#clients.push(client);
    return { status: () => last, events, client };
  }

  async end(): Promise<void> {
    for (const client of this.#clients) client.stop();
    for (const { child, ended } of this.#running.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGTERM');
      const kill = setTimeout(() => child.kill('SIGKILL'), 5000);
      await ended;
      clearTimeout(kill);
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** A wait that ends as soon as it may costs nothing by its length: a process may take 5 s to start here, and a machine may stop for one or two. */
export const patienceMs = 45_000;

/** Waits until `found` gives something; fails with `what` after `msMax`. */
export async function until<T>(what: string, found: () => T | null | undefined | false, msMax = patienceMs): Promise<T> {
  const endMs = monoMs() + msMax;
  for (;;) {
    const value = found();
    if (value !== null && value !== undefined && value !== false) return value;
    if (monoMs() > endMs) throw new Error(`waited ${msMax} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export { freeUdpPort as freePort };

/** MD5 of each decoded picture, in order. @throws what ffmpeg complains of, unless the file may be cut within a picture. */
export function pictureHashes(file: string, { whole = true } = {}): string[] {
  const said = execFileSync('ffmpeg', ['-v', whole ? 'error' : 'fatal', ...(whole ? ['-xerror'] : []), '-i', file, '-map', '0:v', '-f', 'framemd5', '-'], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return said
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(',').at(-1)?.trim() as string);
}
