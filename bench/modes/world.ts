/**
 * A box, its networks, gateways and viewers, for one mode: real processes and a program that is encoded already. The networks are either
 * the lab's emulated links, or real interfaces between namespaces that are made for it.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { monoMs } from '../../src/clock.ts';
import type { ConfigInput, Mode } from '../../src/config/schema.ts';
import { freeUdpPort } from '../../src/demo/free-port.ts';
import { makeClip, playClip } from '../../src/lab/clip.ts';
import { EmulatorProcess } from '../../src/lab/emulator/process.ts';
import { profiles } from '../../src/lab/emulator/profiles.ts';
import { ViewerProcess } from '../../src/lab/viewer/process.ts';
import { MediaClient } from '../../src/media-client/client.ts';
import type { TandemEvent } from '../../src/model/event.ts';
import type { Status } from '../../src/model/status.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const clipFormat = { kbps: 4000, width: 1280, height: 720, fps: 30, seconds: 20 };

export interface WorldOptions {
  mode: Mode;
  latencyMs: number;
  /** One gateway each; the box prefers them in this order. */
  gateways?: number;
  /** emulated: the lab's Ethernet and LTE. interfaces: two veth pairs between two namespaces (root). plain: one path, this machine's loopback. */
  networks: 'emulated' | 'interfaces' | 'plain';
  seed?: number;
  /** Merged into the box's configuration. */
  box?: Partial<ConfigInput>;
  destination?: Record<string, unknown>;
  /** Of the processes, beside this one's. */
  env?: Record<string, string>;
  /** Of the program; default 4 Mbit/s at 720p30. */
  clip?: Partial<typeof clipFormat>;
}

export class ModesWorld {
  readonly directory = mkdtempSync(join(tmpdir(), 'tandem-modes-'));
  readonly events: TandemEvent[] = [];
  readonly viewers: ViewerProcess[] = [];
  readonly gateways: ChildProcess[] = [];
  readonly emulator = new EmulatorProcess();
  status: Status | null = null;
  readonly #options: WorldOptions;
  readonly #spaces: { box: string; gateway: string } | null;
  readonly #children: ChildProcess[] = [];
  #player: { stop(): void } | null = null;
  #client: MediaClient | null = null;
  #media: ChildProcess | null = null;
  #box: ConfigInput = { version: 1 };

  constructor(options: WorldOptions) {
    this.#options = options;
    this.#spaces = options.networks === 'interfaces' ? { box: `tb${process.pid}`, gateway: `tg${process.pid}` } : null;
  }

  /** Resolves once the first viewer sees the program and all paths of a connected destination are up, or what `seen` says. */
  async start(seen: () => boolean | Promise<boolean> = () => this.#isSeen()): Promise<void> {
    const { mode, latencyMs, networks, gateways = 1, seed = 1 } = this.#options;
    if (this.#spaces !== null) this.#makeNetworks(this.#spaces);
    const clip = await makeClip({ ...clipFormat, ...this.#options.clip });
    const ports: number[] = [];
    for (let n = 0; n < gateways; n++) ports.push(await this.#startGateway(n));
    const emulated = networks === 'emulated' ? await this.#emulate(ports, seed) : {};
    const port = await freeUdpPort();
    const box: ConfigInput = {
      version: 1,
      // Its player may be held up on a busy machine: that is no fault of the uplink, and no slate is to stand in.
      inputs: [{ id: 'clip', kind: 'udp', passThrough: true, host: '127.0.0.1', port, watch: { stallMs: 0 } }],
      paths: this.#paths(emulated),
      destinations: ports.map((own, n) => ({
        id: `gateway${n + 1}`,
        mode,
        host: this.#gatewayHost,
        port: own,
        latencyMs,
        ...(networks === 'emulated' && gateways > 1 ? { paths: [`eth${n + 1}`, `lte${n + 1}`] } : {}),
        ...this.#options.destination,
      })),
      media: { socket: join(this.directory, 'media.sock'), stateDirectory: join(this.directory, 'state') },
      ...this.#options.box,
    };
    this.#box = box;
    this.#media = this.#tandem('media', box, this.#spaces?.box ?? null);
    this.#player = this.#play(clip, port);
    this.#client = new MediaClient({
      path: join(this.directory, 'media.sock'),
      statusEveryMs: 100,
      eventsAfter: { session: '', seq: 0 },
      onStatus: (status) => {
        this.status = status;
      },
      onEvent: (event) => this.events.push(event),
      onState: () => undefined,
    });
    this.#client.start();
    await this.until('the program at the viewer, over all paths', seen);
  }

  async command(command: Parameters<MediaClient['command']>[0]) {
    if (this.#client === null) throw new Error('the world has not started');
    return this.#client.command(command, 'test');
  }

  /** The box's configuration as it is. */
  get box(): ConfigInput {
    return this.#box;
  }

  /** Another configuration of the box, which the media daemon is told to read. Resolves to what it says. */
  async reconfigure(changed: Partial<ConfigInput>) {
    if (this.#client === null) throw new Error('the world has not started');
    this.#box = { ...this.#box, ...changed };
    writeFileSync(join(this.directory, 'media.yaml'), stringify(this.#box), { mode: 0o600 });
    return this.#client.reload();
  }

  /** After it was killed: with the same ports. */
  restartGateway(n: number): void {
    this.gateways[n] = this.#spawn(`gateway${n + 1}`, this.#spaces?.gateway ?? null);
  }

  /** Runs `ip` in the box's or the gateway's namespace. */
  ip(where: 'box' | 'gateway', ...args: string[]): void {
    if (this.#spaces === null) throw new Error('there are no namespaces');
    execFileSync('ip', ['-n', this.#spaces[where], ...args]);
  }

  /** CPU time of the media daemon so far, s. */
  mediaCpuSeconds(): number {
    const stat = readFileSync(`/proc/${this.#media?.pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  /** @throws what the processes said, after `msMax`. */
  async until(what: string, found: () => boolean | Promise<boolean>, msMax = 60_000): Promise<void> {
    const endMs = monoMs() + msMax;
    while (!(await found())) {
      if (monoMs() > endMs)
        throw new Error(
          `waited ${msMax} ms in vain for ${what}; paths ${JSON.stringify(this.status?.paths.map(({ id, state, reason }) => [id, state, reason]))}\n${this.log().slice(-3000)}`,
        );
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  log(): string {
    return readFileSync(join(this.directory, 'log'), 'utf8');
  }

  async stop(): Promise<void> {
    this.#client?.stop();
    this.#player?.stop();
    for (const child of this.#children.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      const kill = setTimeout(() => child.kill('SIGKILL'), 5000);
      await ended;
      clearTimeout(kill);
    }
    await Promise.allSettled([this.emulator.stop(), ...this.viewers.map((viewer) => viewer.stop())]);
    if (this.#spaces !== null)
      for (const space of Object.values(this.#spaces))
        try {
          execFileSync('ip', ['netns', 'del', space], { stdio: 'ignore' });
        } catch {
          // It was never made.
        }
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #isSeen(): Promise<boolean> {
    const seen = await this.viewers[0]?.snapshot();
    const paths = this.status?.paths.filter(({ destination }) => destination === 'gateway1') ?? [];
    return (seen?.pictures ?? 0) > 60 && paths.length > 0 && paths.every(({ state }) => state === 'up');
  }

  async #startGateway(n: number): Promise<number> {
    const viewer = new ViewerProcess(this.#spaces === null ? [] : ['ip', 'netns', 'exec', this.#spaces.gateway]);
    this.viewers.push(viewer);
    const [viewerPort, port] = [await viewer.start(), await freeUdpPort()];
    const config: ConfigInput = {
      version: 1,
      gateway: { host: this.#gatewayHost, srtlaPort: port, streams: [{ id: 'program', outputs: [{ kind: 'udp', host: '127.0.0.1', port: viewerPort }] }] },
    };
    this.gateways.push(this.#tandem(`gateway${n + 1}`, config, this.#spaces?.gateway ?? null));
    return port;
  }

  /** An address of its own, so that its answers come from where they were sent to. */
  get #gatewayHost(): string {
    return this.#spaces === null ? '127.0.0.1' : '10.77.9.1';
  }

  #tandem(name: string, config: ConfigInput, space: string | null): ChildProcess {
    writeFileSync(join(this.directory, `${name}.yaml`), stringify(config), { mode: 0o600 });
    return this.#spawn(name, space);
  }

  #spawn(name: string, space: string | null): ChildProcess {
    const log = openSync(join(this.directory, 'log'), 'a');
    const verb = name.startsWith('gateway') ? 'gateway' : 'media';
    const command = [process.execPath, main, verb, '--config', join(this.directory, `${name}.yaml`)];
    const [program, ...args] = space === null ? command : ['ip', 'netns', 'exec', space, ...command];
    const child = spawn(program as string, args, { stdio: ['ignore', log, log], env: { ...process.env, ...this.#options.env } });
    closeSync(log);
    this.#children.push(child);
    return child;
  }

  #play(clip: string, port: number): { stop(): void } {
    if (this.#spaces === null) return playClip(clip, { host: '127.0.0.1', port });
    const url = `udp://127.0.0.1:${port}?pkt_size=1316`;
    const args = ['netns', 'exec', this.#spaces.box, 'ffmpeg', '-v', 'error', '-re', '-stream_loop', '-1', '-i', clip, '-c', 'copy', '-f', 'mpegts', url];
    const child = spawn('ip', args, { stdio: 'ignore' });
    return { stop: () => void child.kill('SIGKILL') };
  }

  async #emulate(ports: number[], seed: number): Promise<Record<string, number>> {
    const several = ports.length > 1;
    return this.emulator.start(
      ports.flatMap((port, n) => [
        { id: several ? `eth${n + 1}` : 'eth', to: { address: '127.0.0.1', port }, profile: profiles.ethernet, seed: seed + 2 * n },
        { id: several ? `lte${n + 1}` : 'lte', to: { address: '127.0.0.1', port }, profile: profiles.lte, seed: seed + 2 * n + 1 },
      ]),
    );
  }

  #paths(emulated: Record<string, number>): NonNullable<ConfigInput['paths']> {
    switch (this.#options.networks) {
      case 'emulated':
        return Object.entries(emulated).map(([id, port], n) => ({ id, via: { host: '127.0.0.1', port }, priority: 10 * (n + 1) }));
      case 'interfaces':
        return [
          { id: 'eth', interface: 'teth', priority: 10 },
          { id: 'lte', interface: 'tlte', priority: 20 },
        ];
      case 'plain':
        return [{ id: 'loop' }];
    }
  }

  /** Two interfaces of the box, each with a network of its own to the gateway, which has one address of its own behind them. */
  #makeNetworks({ box, gateway }: { box: string; gateway: string }): void {
    const ip = (...args: string[]) => execFileSync('ip', args);
    for (const space of [box, gateway]) {
      ip('netns', 'add', space);
      ip('-n', space, 'link', 'set', 'lo', 'up');
    }
    ip('-n', gateway, 'address', 'add', '10.77.9.1/32', 'dev', 'lo');
    for (const [n, name] of ['teth', 'tlte'].entries()) {
      ip('-n', box, 'link', 'add', name, 'type', 'veth', 'peer', 'name', `g${name}`, 'netns', gateway);
      ip('-n', box, 'link', 'set', name, 'address', `02:00:5e:00:77:0${n + 1}`);
      ip('-n', box, 'address', 'add', `10.77.${n}.2/24`, 'dev', name);
      ip('-n', gateway, 'address', 'add', `10.77.${n}.1/24`, 'dev', `g${name}`);
      ip('-n', gateway, 'link', 'set', `g${name}`, 'up');
      ip('-n', box, 'link', 'set', name, 'up');
      ip('-n', box, 'route', 'add', 'default', 'via', `10.77.${n}.1`, 'dev', name, 'metric', String(100 + n));
    }
  }
}
