/** A world for the launcher: copies of this checkout, a machine that lacks something, a registry of our own. */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const checkout = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '');
const launcher = readFileSync(join(checkout, 'tandem'), 'utf8');
export const nodeVersion = /^node_version=(.+)$/m.exec(launcher)?.[1] as string;
export const runtimeName = `node-v${nodeVersion}-${process.arch}`;
/** Nobody, on Debian: owns nothing and may nothing. */
const nobody = 65534;
export const isRoot = process.getuid?.() === 0;

/** What stands before a command that runs in new namespaces (unshare's long options); null when this user may not make them. */
export function inNamespaces(...kinds: string[]): string[] | null {
  const before = ['unshare', ...(isRoot ? [] : ['--map-root-user']), ...kinds];
  try {
    execFileSync(before[0] as string, [...before.slice(1), 'true'], { stdio: 'ignore' });
    return before;
  } catch {
    return null;
  }
}

export interface Ended {
  code: number | null;
  out: string;
  err: string;
  /** Lines of standard error. */
  lines: string[];
  ms: number;
}

export interface Launch {
  /** Folder of the checkout whose launcher runs. */
  in: string;
  env?: NodeJS.ProcessEnv;
  /** What stands before `./tandem`: `unshare -n`, `setpriv …`. */
  before?: string[];
}

export interface Launched {
  ended: Promise<Ended>;
  err(): string;
  kill(signal: NodeJS.Signals): void;
}

export class LauncherWorld {
  readonly directory = mkdtempSync(join(tmpdir(), 'tandem-launcher-'));
  readonly #running = new Set<Launched>();
  #folders = 0;
  readonly #home = this.#folder('home');
  readonly #machine = this.machine();

  constructor() {
    // `nobody` must get through to the copies.
    chmodSync(this.directory, 0o755);
  }

  /** What a clone has that the launcher looks at, and nothing that a set-up leaves. */
  freshCopy({ packages = readFileSync(join(checkout, 'debian-packages.txt'), 'utf8'), name = 'copy' } = {}): string {
    const copy = this.#folder(`${name}-${this.#folders++}`);
    for (const file of ['tandem', 'package.json', 'package-lock.json']) copyFileSync(join(checkout, file), join(copy, file));
    writeFileSync(join(copy, 'debian-packages.txt'), packages);
    symlinkSync(join(checkout, 'src'), join(copy, 'src'));
    return copy;
  }

  /** A fresh copy that has its runtime: this process's own stands for the pinned one. */
  copyWithRuntime(): string {
    const copy = this.freshCopy();
    mkdirSync(join(copy, '.tandem', runtimeName, 'bin'), { recursive: true });
    symlinkSync(process.execPath, join(copy, '.tandem', runtimeName, 'bin/node'));
    return copy;
  }

  /** This checkout when the launcher has set it up, as it has in CI; otherwise a copy with what a set-up leaves. */
  setUpCheckout(): string {
    const stamp = `${createHash('sha256')
      .update(readFileSync(join(checkout, 'package-lock.json')))
      .digest('hex')} node-${nodeVersion} ${process.arch}\n`;
    const stampFile = join(checkout, 'node_modules/.tandem-stamp');
    if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp && existsSync(join(checkout, '.tandem', runtimeName))) return checkout;
    const copy = this.copyWithRuntime();
    mkdirSync(join(copy, 'node_modules'));
    writeFileSync(join(copy, 'node_modules/.tandem-stamp'), stamp);
    return copy;
  }

  /** A folder for PATH with every command of this machine but `without`, and the shell scripts of `scripts` in place of its own. */
  machine({ without = [], scripts = {} }: { without?: string[]; scripts?: Record<string, string> } = {}): string {
    const folder = this.#folder(`machine-${this.#folders++}`);
    const own = new Set([...without, ...Object.keys(scripts)]);
    for (const [name, script] of Object.entries(scripts)) writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const folders = (process.env.PATH ?? '').split(':').filter((one) => one !== '' && !one.includes('/.tandem/') && !one.includes('/node_modules/'));
    for (const from of [...folders, '/usr/bin', '/usr/sbin', '/bin', '/sbin']) {
      for (const name of existsSync(from) ? readdirSync(from) : []) {
        if (own.has(name)) continue;
        own.add(name);
        symlinkSync(join(from, name), join(folder, name));
      }
    }
    return folder;
  }

  launch(args: string[], { in: copy, env = {}, before = [] }: Launch): Launched {
    const startMs = performance.now();
    const [command, ...rest] = [...before, join(copy, 'tandem'), ...args];
    // Nothing of the npm that may have started this test, and nothing of the user's own settings.
    const mine = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_COMPILE_CACHE|TANDEM_|UV_|CI$)/i.test(name)));
    const child = spawn(command as string, rest, {
      cwd: copy,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...mine, HOME: this.#home, npm_config_cache: join(this.#home, 'npm-cache'), PATH: this.#machine, ...env },
    });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => (out += part));
    child.stderr.setEncoding('utf8').on('data', (part: string) => (err += part));
    const launched: Launched = {
      ended: once(child, 'close').then(([code]: (number | null)[]) => {
        this.#running.delete(launched);
        return { code: code ?? null, out, err, lines: err.split('\n').filter(Boolean), ms: performance.now() - startMs };
      }),
      err: () => err,
      kill: (signal) => child.kill(signal),
    };
    this.#running.add(launched);
    return launched;
  }

  async run(args: string[], launch: Launch): Promise<Ended> {
    return await this.launch(args, launch).ended;
  }

  /** Options that run the launcher as a user without any right, who owns `copy`. */
  asNobody(copy: string): Launch {
    if (!isRoot) return { in: copy };
    for (const one of [copy, ...readdirSync(copy).map((name) => join(copy, name))]) if (!one.endsWith('/src')) chownSync(one, nobody, nobody);
    return { in: copy, before: ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'] };
  }

  async end(): Promise<void> {
    for (const launched of this.#running) {
      launched.kill('SIGTERM');
      await launched.ended;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }

  #folder(name: string): string {
    const folder = join(this.directory, name);
    mkdirSync(folder, { recursive: true });
    return folder;
  }
}

interface Package {
  version: string;
  tarball: Buffer;
  /** What the registry says that the tarball has. */
  integrity: string;
}

/** An npm registry on loopback that gives what a test put in. */
export class Registry {
  readonly #server: Server;
  readonly #packages = new Map<string, Package>();
  readonly asked: string[] = [];
  /** Tarballs are given once this has resolved. */
  gate: Promise<void> = Promise.resolve();
  /** Takes every call and answers none. */
  silent = false;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(): Promise<Registry> {
    const server = createServer();
    const registry = new Registry(server);
    server.on('request', (request, response) => void registry.#answer(request.url ?? '/', response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return registry;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Puts a package of one file in. @returns its integrity, as a lock holds it. */
  put(name: string, version: string, main: string, { damaged = false, install = '' } = {}): string {
    const folder = mkdtempSync(join(tmpdir(), 'tandem-registry-'));
    mkdirSync(join(folder, 'package'));
    writeFileSync(join(folder, 'package/package.json'), JSON.stringify({ name, version, main: 'index.js', ...(install && { scripts: { install } }) }));
    writeFileSync(join(folder, 'package/index.js'), main);
    const tarball = execFileSync('tar', ['-czf', '-', '-C', folder, 'package']);
    rmSync(folder, { recursive: true });
    const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
    // A tarball cut short on its way, as a broken proxy leaves it.
    this.#packages.set(name, { version, tarball: damaged ? tarball.subarray(0, -20) : tarball, integrity });
    return integrity;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #answer(url: string, response: ServerResponse): Promise<void> {
    this.asked.push(url);
    if (this.silent) return;
    const name = url.split('/')[1] ?? '';
    const found = this.#packages.get(name);
    if (found === undefined) {
      response.writeHead(404).end('{}');
      return;
    }
    if (url.endsWith('.tgz')) {
      await this.gate;
      response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(found.tarball);
      return;
    }
    const { version, integrity } = found;
    const one = { name, version, main: 'index.js', dist: { integrity, tarball: `${this.url}/${name}/-/${name}-${version}.tgz` } };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ name, 'dist-tags': { latest: version }, versions: { [version]: one } }));
  }
}
