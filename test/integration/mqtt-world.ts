/** A real Mosquitto with its own certificate authority and access control, and a client that watches. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt';
import { freeTcpPort } from '../../src/demo/free-port.ts';
import { ControlWorld, until } from './control-world.ts';

const mosquitto = ['/usr/sbin/mosquitto', '/usr/bin/mosquitto', '/usr/local/sbin/mosquitto'].find((path) => existsSync(path)) ?? null;
export const mosquittoMissing = mosquitto === null ? 'mosquitto is not installed' : null;

export interface BrokerOptions {
  /** Client certificates are required, and their name is the user. */
  tls?: boolean;
  /** Lines of an access control file. */
  acl?: string[];
  /** user → password. */
  users?: Record<string, string>;
  /** Over WebSockets. */
  webSockets?: boolean;
  /** Its certificate ran out yesterday. */
  expired?: boolean;
  /** It lives in this network namespace, at this address; watchers reach it over a socket in the file system. */
  space?: { name: string; address: string };
}

export class Mosquitto {
  readonly directory = mkdtempSync(join(tmpdir(), 'tandem-mosquitto-'));
  readonly tls: boolean;
  readonly #webSockets: boolean;
  readonly #space: BrokerOptions['space'];
  port = 0;
  log = '';
  #process: ChildProcess | null = null;

  constructor(options: BrokerOptions = {}) {
    this.tls = options.tls ?? false;
    this.#webSockets = options.webSockets ?? false;
    this.#space = options.space;
    if (this.tls) makeAuthority(this.directory);
    if (options.expired) makeCertificate(this.directory, 'server', 'ca', 'localhost', -1);
    // Without a limit to what waits for a watcher: a slow one must not miss what it counts.
    const lines = ['persistence false', 'max_queued_messages 0', 'log_type all', 'log_dest stderr'];
    if (options.users) {
      writeFileSync(this.inside('users'), '');
      for (const [user, password] of Object.entries(options.users))
        execFileSync('mosquitto_passwd', ['-b', this.inside('users'), user, password], { stdio: 'ignore' });
      lines.push('allow_anonymous false', `password_file ${this.inside('users')}`);
    } else lines.push(`allow_anonymous ${this.tls ? 'false' : 'true'}`);
    if (options.acl) {
      writeFileSync(this.inside('acl'), `${options.acl.join('\n')}\n`);
      lines.push(`acl_file ${this.inside('acl')}`);
    }
    if (this.tls)
      lines.push(
        `cafile ${this.inside('ca.crt')}`,
        `certfile ${this.inside('server.crt')}`,
        `keyfile ${this.inside('server.key')}`,
        'require_certificate true',
        'use_identity_as_username true',
      );
    if (process.getuid?.() === 0) lines.push('user root');
    writeFileSync(this.inside('rest.conf'), `${lines.join('\n')}\n`);
  }

  async start(): Promise<void> {
    if (this.port === 0) this.port = await freeTcpPort();
    // The listener first: what follows belongs to it. With WebSockets alone Debian's Mosquitto thinks that it listens nowhere.
    writeFileSync(
      this.inside('mosquitto.conf'),
      `listener ${this.port} ${this.#space?.address ?? '127.0.0.1'}\n${this.#space === undefined ? '' : `listener 0 ${this.inside('watchers')}\n`}${this.#webSockets ? `protocol websockets\nlistener ${await freeTcpPort()} 127.0.0.1\n` : ''}${readFileSync(this.inside('rest.conf'), 'utf8')}`,
    );
    const command = [...(this.#space === undefined ? [] : ['ip', 'netns', 'exec', this.#space.name]), mosquitto as string, '-c', this.inside('mosquitto.conf')];
    const child = spawn(command[0] as string, command.slice(1), { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      this.log += text;
    });
    this.#process = child;
    const isOver = () => child.exitCode !== null || child.signalCode !== null;
    await until('mosquitto runs', () => said.includes('running') || isOver());
    if (isOver()) throw new Error(this.log);
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    await new Promise((resolve) => {
      child.once('exit', resolve);
      child.kill(signal);
    });
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }

  inside(name: string): string {
    return join(this.directory, name);
  }

  get url(): string {
    const [plain, secure] = this.#webSockets ? ['ws', 'wss'] : ['mqtt', 'mqtts'];
    return `${this.tls ? secure : plain}://${this.#space?.address ?? 'localhost'}:${this.port}`;
  }

  /** Makes `name`.crt and `name`.key, signed by `authority`. */
  certificate(name: string, authority = 'ca'): { certFile: string; keyFile: string } {
    makeCertificate(this.directory, name, authority);
    return { certFile: this.inside(`${name}.crt`), keyFile: this.inside(`${name}.key`) };
  }

  async #overFile(): Promise<MqttClient> {
    const client = new mqtt.MqttClient(() => connect(this.inside('watchers')), { protocolVersion: 5, reconnectPeriod: 0, clientId: 'watcher' });
    await new Promise((resolve) => client.once('connect', resolve));
    return client;
  }

  /** An independent client that sees everything below `topics`. */
  async watch(topics: string[], options: IClientOptions = {}): Promise<Watcher> {
    const client =
      this.#space === undefined ? await mqtt.connectAsync(this.url, { protocolVersion: 5, reconnectPeriod: 500, ...options }) : await this.#overFile();
    const watcher = new Watcher(client);
    await client.subscribeAsync(topics, { qos: 1 });
    return watcher;
  }
}

export interface Seen {
  topic: string;
  payload: unknown;
  packet: IPublishPacket;
}

export class Watcher {
  readonly client: MqttClient;
  readonly seen: Seen[] = [];

  constructor(client: MqttClient) {
    this.client = client;
    client.on('message', (topic, payload, packet) => {
      let parsed: unknown = null;
      try {
        parsed = JSON.parse(payload.toString('utf8'));
      } catch {
        parsed = payload.toString('latin1');
      }
      this.seen.push({ topic, payload: parsed, packet });
    });
    client.on('error', () => undefined);
  }

  on(topic: string): Seen[] {
    return this.seen.filter((one) => one.topic === topic);
  }

  last<T>(topic: string): T | undefined {
    return this.on(topic).at(-1)?.payload as T | undefined;
  }

  async end(): Promise<void> {
    await this.client.endAsync(true);
  }
}

function makeAuthority(directory: string, name = 'ca'): void {
  openssl(
    directory,
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '30',
    '-subj',
    `/CN=Test ${name}`,
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.crt`,
  );
  if (name === 'ca') makeCertificate(directory, 'server', 'ca', 'localhost');
}

function makeCertificate(directory: string, name: string, authority: string, commonName = name, days = 30): void {
  if (!existsSync(join(directory, `${authority}.crt`))) makeAuthority(directory, authority);
  openssl(directory, 'req', '-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${commonName}`, '-keyout', `${name}.key`, '-out', `${name}.csr`);
  writeFileSync(join(directory, `${name}.ext`), `subjectAltName=DNS:${commonName}\n`);
  openssl(
    directory,
    'x509',
    '-req',
    '-in',
    `${name}.csr`,
    '-CA',
    `${authority}.crt`,
    '-CAkey',
    `${authority}.key`,
    '-CAcreateserial',
    '-days',
    String(days),
    '-extfile',
    `${name}.ext`,
    '-out',
    `${name}.crt`,
  );
}

function openssl(directory: string, ...args: string[]): void {
  execFileSync('openssl', args, { cwd: directory, stdio: 'ignore' });
}

/** Ends with the test: its end joins `cleanups`. */
export async function openBroker(cleanups: (() => Promise<void>)[], options: BrokerOptions = {}): Promise<Mosquitto> {
  const mosquitto = new Mosquitto(options);
  cleanups.push(() => mosquitto.stop());
  await mosquitto.start();
  return mosquitto;
}

/** Ends with the test too. */
export async function openWatcher(cleanups: (() => Promise<void>)[], mosquitto: Mosquitto, ...rest: Parameters<Mosquitto['watch']>): Promise<Watcher> {
  const watching = await mosquitto.watch(...rest);
  cleanups.push(() => watching.end());
  return watching;
}

/** The control daemon's surroundings, with a media daemon that answers. Ends with the test too. */
export async function openControlWorld(cleanups: (() => Promise<void>)[]): Promise<ControlWorld> {
  const world = new ControlWorld();
  cleanups.push(() => world.stop());
  await world.media.start();
  return world;
}
