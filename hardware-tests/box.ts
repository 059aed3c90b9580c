/** The box under test, as the tests see it: a shell on it, and what can be done to it from outside. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parse } from 'yaml';
import { monoMs } from '../src/clock.ts';
import { type Config, configSchema } from '../src/config/schema.ts';
import { type Status, statusSchema } from '../src/model/status.ts';
import { Skip } from './suite.ts';

export interface Ran {
  /** Null: killed after its time, or the box could not be reached. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/** What only the world around the box can do. The virtual box has all of it; at a real one each may be missing. */
export interface Outside {
  /** Takes the power away and gives it back. */
  cutPower?(): Promise<void>;
  /** Drives an input line of the box, numbered as in its configuration. */
  setLine?(line: number, high: boolean): Promise<void>;
  /** Pulls or plugs the Ethernet cable. */
  setCable?(plugged: boolean): Promise<void>;
}

export interface Reach {
  /** How a person would call this box. */
  readonly name: string;
  /** The tests run on the box itself: what ends the box would end them. */
  readonly local: boolean;
  readonly outside: Outside;
  /** How many times as long as a real board this box may take for anything: more than 1 where its processor is emulated. */
  readonly patience: number;
  /** Where the box's page is, seen from here. Null: at the configured port of the box's own address. */
  readonly page: string | null;
  /** The broker of the box's configuration, seen from here. */
  readonly broker: string | null;
  shell(script: string, timeoutMs: number): Promise<Ran>;
  close(): void;
}

/** Nothing is known of the box: neither that it lacks something, nor that something is wrong with it. */
export class Unreachable extends Error {}

export class Box {
  readonly reach: Reach;
  #config: Config | null = null;

  constructor(reach: Reach) {
    this.reach = reach;
  }

  /** Runs a script on the box as root. Never rejects. */
  try(script: string, timeoutMs = 30_000): Promise<Ran> {
    return this.reach.shell(script, timeoutMs * this.reach.patience);
  }

  /** @returns standard output. @throws Unreachable; any other error when the script fails. */
  async run(script: string, timeoutMs = 30_000): Promise<string> {
    const ran = await this.try(script, timeoutMs);
    if (ran.code === null) throw new Unreachable(`the box does not answer: ${ran.stderr.trim().slice(-200)}`);
    if (ran.code !== 0)
      throw new Error(`on the box, ${JSON.stringify(script.slice(0, 120))} ended with ${ran.code}: ${(ran.stderr || ran.stdout).trim().slice(-300)}`);
    return ran.stdout.trim();
  }

  /** The configuration that the box runs with. */
  async config(): Promise<Config> {
    this.#config ??= configSchema.parse(parse(await this.run('cat /etc/tandem/tandem.yaml')));
    return this.#config;
  }

  /** What the media daemon says. @throws when it does not answer. */
  async status(): Promise<Status> {
    return statusSchema.parse(JSON.parse(await this.run('tandem status --json')));
  }

  /** Asks the box's own API, on the box, with the token for scripts. @param method GET, or POST with an empty object. */
  async api(path: string, method: 'GET' | 'POST' = 'GET', token = true): Promise<{ code: number; body: string }> {
    const { web, stateDirectory } = (await this.config()).control;
    const program = `const headers = { 'content-type': 'application/json' };
      if (${token}) headers.authorization = 'Bearer ' + require('fs').readFileSync('${stateDirectory}/api-token', 'utf8').trim();
      fetch('http://127.0.0.1:${web.port}${path}', { method: '${method}', headers, redirect: 'manual', ${method === 'POST' ? "body: '{}'," : ''} signal: AbortSignal.timeout(${10_000 * this.reach.patience}) })
        .then(async (r) => console.log(JSON.stringify({ code: r.status, body: (await r.text()).slice(0, 200000) })))`;
    return JSON.parse(await this.run(`/usr/lib/tandem/bin/node -e '${program.replaceAll("'", `'"'"'`)}'`)) as { code: number; body: string };
  }

  async property(unit: string, name: string): Promise<string> {
    return this.run(`systemctl show --value -p ${name} ${unit}`);
  }

  async bootId(): Promise<string> {
    return this.run('cat /proc/sys/kernel/random/boot_id');
  }

  /** Waits until the box, gone or not, has booted again. @returns how long that took, ms. */
  async untilBooted(after: string, timeoutMs: number): Promise<number> {
    const startedMs = monoMs();
    for (;;) {
      const ran = await this.try('cat /proc/sys/kernel/random/boot_id', 10_000);
      if (ran.code === 0 && ran.stdout.trim() !== after) return monoMs() - startedMs;
      if (monoMs() - startedMs > timeoutMs * this.reach.patience)
        throw new Error(`the box has not booted again within ${(timeoutMs * this.reach.patience) / 1000} s`);
      await delay(1000);
    }
  }

  /** @throws Skip where Tandem is not installed as a system service. */
  async needServices(): Promise<void> {
    const ran = await this.try('test -d /run/systemd/system && systemctl cat tandem-media.service tandem-control.service >/dev/null');
    if (ran.code === null) throw new Unreachable(`the box does not answer: ${ran.stderr.trim().slice(-200)}`);
    if (ran.code !== 0) throw new Skip('Tandem is not installed here as a system service (there is no tandem-media.service)');
  }

  /** @throws Skip where the box has nowhere to send to. */
  async needDestination(): Promise<void> {
    if ((await this.config()).destinations.length === 0) throw new Skip('no destination is configured: the box cannot be on air');
  }

  /** Commands the box as the page would, and waits for its answer. */
  async command(name: string): Promise<void> {
    const { code, body } = await this.api(`/api/commands/${name}`, 'POST');
    if (code !== 200) throw new Error(`the command ${name} was answered with ${code}: ${body.slice(0, 200)}`);
  }

  /** Asks again until there is an answer other than null or false, also when the box does not answer. @param timeoutMs for a real board. @throws after that. */
  until<T>(what: string, timeoutMs: number, probe: () => Promise<T | null | false>): Promise<T> {
    const patient = (error: unknown): null => {
      if (error instanceof Unreachable) return null;
      throw error;
    };
    return until(what, timeoutMs * this.reach.patience, () => probe().catch(patient));
  }

  async untilOnAir(timeoutMs: number): Promise<Status> {
    return this.until('on air', timeoutMs, async () => {
      const status = await this.status().catch(() => null);
      return status?.program.state === 'on-air' ? status : null;
    });
  }
}

/** Asks again until there is an answer other than null or false. @throws after `timeoutMs`. */
export async function until<T>(what: string, timeoutMs: number, probe: () => Promise<T | null | false>): Promise<T> {
  const startedMs = monoMs();
  for (;;) {
    const answer = await probe();
    if (answer !== null && answer !== false) return answer;
    if (monoMs() - startedMs > timeoutMs) throw new Error(`not ${what} within ${timeoutMs / 1000} s`);
    await delay(500);
  }
}

/** Tests on the machine that they run on. */
export function hereReach(): Reach {
  return {
    name: 'this machine',
    local: true,
    outside: {},
    patience: 1,
    page: null,
    broker: null,
    shell: (script, timeoutMs) => ran('sh', ['-c', script], timeoutMs),
    close: () => undefined,
  };
}

export interface SshPlace {
  /** `root@tandem.local`. */
  destination: string;
  port?: number;
  identity?: string;
  page?: string;
  broker?: string;
  /** A fresh machine each time: its host key means nothing. */
  anyHostKey?: boolean;
  /** See Reach; 1 by default. */
  patience?: number;
}

/** Tests on another machine. One connection is kept open: logging in takes seconds on a small board. */
export function sshReach(place: SshPlace, outside: Outside = {}): Reach {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-ssh-'));
  const patience = place.patience ?? 1;
  const args = ['-o', 'BatchMode=yes', '-o', 'LogLevel=ERROR', '-o', `ConnectTimeout=${8 * patience}`];
  args.push('-o', `ServerAliveInterval=${3 * patience}`, '-o', 'ServerAliveCountMax=4');
  args.push('-o', 'ControlMaster=auto', '-o', 'ControlPersist=30', '-o', `ControlPath=${folder}/master`);
  if (place.port !== undefined) args.push('-p', String(place.port));
  if (place.identity !== undefined) args.push('-i', place.identity, '-o', 'IdentitiesOnly=yes');
  if (place.anyHostKey === true) args.push('-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null');
  return {
    name: place.destination,
    local: false,
    outside,
    patience,
    page: place.page ?? null,
    broker: place.broker ?? null,
    shell: async (script, timeoutMs) => {
      const answer = await ran('ssh', [...args, place.destination, script], timeoutMs);
      // ssh(1): 255 is its own error, not the script's.
      return answer.code === 255 ? { ...answer, code: null } : answer;
    },
    close: () => {
      execFile('ssh', [...args, '-O', 'exit', place.destination], () => rmSync(folder, { recursive: true, force: true }));
    },
  };
}

function ran(program: string, args: string[], timeoutMs: number): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
      resolve({ code, stdout, stderr: stderr || (error?.message ?? '') });
    });
  });
}
