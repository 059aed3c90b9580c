/** One run of the demo: starts the world in order, breaks it on schedule, measures, and ends everything that it started. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { monoMs } from '../clock.ts';
import { EmulatorProcess } from '../lab/emulator/process.ts';
import { profiles } from '../lab/emulator/profiles.ts';
import type { Disturbance, ViewerFigures } from '../lab/viewer/figures.ts';
import { ViewerProcess } from '../lab/viewer/process.ts';
import { MediaClient } from '../media-client/client.ts';
import type { Command, CommandReply } from '../model/command.ts';
import type { TandemEvent } from '../model/event.ts';
import { exitCode, FatalError } from '../model/exit.ts';
import type { Status } from '../model/status.ts';
import { controlNiceness, Supervisor } from '../run/supervisor.ts';
import { startBroker } from './broker.ts';
import { type DemoWorld, demoProgram, testCameras, writeConfigurations } from './configuration.ts';
import type { ProcessName, TimedFault } from './faults.ts';
import { freeTcpPort, freeUdpPort } from './free-port.ts';
import { liveLine } from './live-line.ts';
import { PathTotals } from './path-totals.ts';
import { performFault } from './perform.ts';
import { ProcessAccounts } from './processes.ts';
import { faultReports, type Report } from './report.ts';

/** A cold start of the whole chain on a slow, busy machine. */
const onAirMsMax = 60_000;
const pageMsMax = 20_000;
/** Statuses carry the references that delay is measured by; also often enough to see a killed process's last CPU figure. */
const statusEveryMs = 200;

export interface DemoRunOptions {
  directory: string;
  seed: number;
  latencyMs: number;
  faults: TimedFault[];
  /** File descriptor for the logs of all processes. */
  logFile: number;
  /** What differs from the demo's own world: other inputs, a smaller picture. */
  world?: Partial<Pick<DemoWorld, 'inputs' | 'program' | 'switching' | 'recordIn'>>;
  /** Of the box's processes, beside this one's. */
  env?: Record<string, string>;
  say(text: string): void;
}

export class DemoRun {
  readonly #options: DemoRunOptions;
  readonly #emulator = new EmulatorProcess();
  readonly #viewer = new ViewerProcess();
  readonly #accounts = new ProcessAccounts();
  readonly #paths = new PathTotals();
  readonly #events: TandemEvent[] = [];
  readonly #performed: { atMs: number; what: string }[] = [];
  readonly #references = new Map<number, number>();
  readonly #failed = Promise.withResolvers<'failed'>();
  readonly #timers: NodeJS.Timeout[] = [];
  #supervisor: Supervisor | null = null;
  #client: MediaClient | null = null;
  #broker: { port: number; stop(): Promise<void> } | null = null;
  #status: Status | null = null;
  #startMs = 0;

  constructor(options: DemoRunOptions) {
    this.#options = options;
  }

  /** Resolves once the viewer sees the program over both networks. @throws FatalError when it does not. */
  async start(): Promise<void> {
    const { directory, latencyMs, seed, say } = this.#options;
    say('camera, encoder, two networks, gateway and viewer are starting');
    this.#broker = await startBroker();
    const viewerPort = await this.#viewer.start();
    const gatewayPort = await freeUdpPort();
    const pathPorts = await this.#emulator.start([
      { id: 'eth', to: { address: '127.0.0.1', port: gatewayPort }, profile: profiles.ethernet, seed },
      { id: 'lte', to: { address: '127.0.0.1', port: gatewayPort }, profile: profiles.lte, seed: seed + 1 },
    ]);
    const pagePort = await freeTcpPort();
    const files = writeConfigurations({
      directory,
      latencyMs,
      gatewayPort,
      pathPorts,
      viewerPort,
      brokerPort: this.#broker.port,
      pagePort,
      inputs: testCameras,
      program: demoProgram,
      switching: {},
      recordIn: null,
      ...this.#options.world,
    });
    this.#startProcesses(files);
    this.#client = new MediaClient({
      path: files.socket,
      statusEveryMs,
      onStatus: (status) => this.#observe(status),
      onEvent: (event) => this.#events.push(event),
      onState: () => undefined,
    });
    this.#client.start();
    this.#timers.push(setInterval(() => this.#sample(), 200));
    await Promise.race([this.#onAir(), this.#failed.promise]);
    const page = await this.#page(files.pageUrlFile);
    say(`page    ${page ?? `http://127.0.0.1:${pagePort}/ does not answer yet`} (password ${files.password})`);
    say(`mqtt    mqtt://127.0.0.1:${this.#broker.port} (tandem/v1/demo/#)`);
    say(`log     ${join(directory, 'log')}`);
    say(`seed    ${seed}, SRT latency ${latencyMs} ms`);
  }

  /** Measures for `forMs` (null: until somebody ends the run), performing the faults on schedule. */
  async measure(forMs: number | null): Promise<'done' | 'failed'> {
    await this.#viewer.startMeasuring();
    this.#startMs = monoMs();
    for (const timed of this.#options.faults) this.#timers.push(setTimeout(() => void this.#perform(timed), timed.atMs));
    this.#timers.push(setInterval(() => void this.#live(), 1000));
    const over = forMs === null ? new Promise<'done'>(() => undefined) : new Promise<'done'>((resolve) => setTimeout(resolve, forMs, 'done'));
    return Promise.race([over, this.#failed.promise]);
  }

  /** What the box says of itself; null before it has said anything. */
  get status(): Status | null {
    return this.#status;
  }

  /** All since the start, in order. */
  get events(): readonly TandemEvent[] {
    return this.#events;
  }

  async command(command: Command): Promise<CommandReply> {
    if (this.#client === null) throw new Error('the demo does not run');
    return this.#client.command(command, 'demo');
  }

  /** Rejects with a sentence when the box refuses. */
  async pin(input: string | null): Promise<void> {
    const reply = await this.command(input === null ? { name: 'unpin-input' } : { name: 'pin-input', input });
    if (!reply.ok) throw new Error(reply.text);
  }

  /** A SIGKILL. @throws when it does not run. */
  kill(name: ProcessName): void {
    process.kill(this.#pid(name) ?? Number.NaN, 'SIGKILL');
  }

  /** What the viewer has seen since it was last asked, and when what went wrong did. */
  async seen(): Promise<ViewerFigures & { disturbances: Disturbance[] }> {
    const figures = await this.#viewer.report([]);
    await this.#viewer.startMeasuring();
    return figures;
  }

  /** The longest that a process which asks for next to nothing had to wait for this machine since it was last asked, ms. */
  async heldUpMs(): Promise<number> {
    return Math.round((await this.#emulator.pause()).hiccupMsMax);
  }

  /** What the processes have cost so far. */
  get accounts(): ProcessAccounts {
    return this.#accounts;
  }

  async report(): Promise<Report> {
    const endMs = monoMs();
    this.#sample();
    const { disturbances, ...viewer } = await this.#viewer.report([...this.#references].map(([pcr, atMs]) => ({ pcr, monoMs: atMs })));
    const groups = ['media', 'workers', 'control', 'gateway'] as const;
    const figures = (read: (name: string) => number) =>
      Object.fromEntries(groups.map((group) => [group, this.#sum(group, read)])) as Record<(typeof groups)[number], number>;
    return {
      seconds: Math.round((endMs - this.#startMs) / 100) / 10,
      seed: this.#options.seed,
      viewer,
      paths: this.#paths.totals(),
      faults: faultReports(this.#performed, disturbances, this.#startMs, endMs),
      events: this.#events,
      cpuSeconds: figures((name) => this.#accounts.cpuSeconds(name)),
      rssMb: figures((name) => this.#accounts.rssMbMax(name)),
    };
  }

  /** Ends everything that was started, whatever state it is in. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#client?.stop();
    await this.#supervisor?.stop();
    await Promise.allSettled([this.#emulator.stop(), this.#viewer.stop(), this.#broker?.stop()]);
  }

  #startProcesses(files: ReturnType<typeof writeConfigurations>): void {
    const { say, logFile, env = {} } = this.#options;
    this.#supervisor = new Supervisor({
      onExit: (name, code, signal, restartInMs) => {
        say(`${name} ended ${signal === null ? `with exit code ${code}` : `by ${signal}`}`);
        if (restartInMs === null) this.#failed.resolve('failed');
      },
    });
    this.#supervisor.start({ name: 'gateway', args: ['gateway', '--config', files.gateway], stderr: logFile });
    this.#supervisor.start({ name: 'media', args: ['media', '--config', files.box], stderr: logFile, env });
    this.#supervisor.start({
      name: 'control',
      args: ['control', '--config', files.box],
      stderr: logFile,
      niceness: controlNiceness,
      env: { ...env, TANDEM_PAGE_PASSWORD_FILE: files.passwordFile },
    });
  }

  async #onAir(): Promise<void> {
    const untilMs = monoMs() + onAirMsMax;
    while (monoMs() < untilMs) {
      const snapshot = await this.#viewer.snapshot();
      const paths = this.#status?.paths ?? [];
      if (snapshot.pictures > 0 && paths.length > 0 && paths.every(({ state }) => state === 'up')) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const why = this.#status === null ? 'the media daemon does not answer' : this.#status.program.text;
    throw new FatalError(exitCode.failure, `the demo did not get on air within ${onAirMsMax / 1000} s: ${why}`);
  }

  /** Its address, once it can be opened there: management stands back, and may be up after the program. */
  async #page(urlFile: string): Promise<string | null> {
    const untilMs = monoMs() + pageMsMax;
    while (!existsSync(urlFile)) {
      if (monoMs() > untilMs) return null;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return readFileSync(urlFile, 'utf8').trim();
  }

  #observe(status: Status): void {
    this.#status = status;
    this.#paths.observe(status);
    const { reference } = status.program;
    if (reference !== null && this.#startMs > 0) this.#references.set(reference.pcr, reference.monoMs);
  }

  /** Over all encoder processes, where it is those that are asked about. */
  #sum(group: string, read: (name: string) => number): number {
    const names = group === 'workers' ? this.#accounts.names('worker ') : [group];
    return Math.round(names.reduce((sum, name) => sum + read(name), 0) * 100) / 100;
  }

  #workerPid(input: string): number | null {
    return this.#status?.inputs.find(({ id }) => id === input)?.workerPid ?? null;
  }

  #pid(name: ProcessName): number | null {
    if (name === 'worker') return this.#status?.inputs.find(({ onAir }) => onAir)?.workerPid ?? null;
    return this.#supervisor?.pid(name) ?? null;
  }

  #sample(): void {
    for (const name of ['media', 'control', 'gateway'] as const) this.#accounts.sample(name, this.#pid(name));
    for (const { id, workerPid } of this.#status?.inputs ?? []) this.#accounts.sample(`worker ${id}`, workerPid);
  }

  async #perform({ fault, what }: TimedFault): Promise<void> {
    this.#sample();
    const failure = await performFault(fault, {
      changePath: (id, patch) => this.#emulator.change(id, patch),
      pid: (name) => this.#pid(name),
      workerPid: (input) => this.#workerPid(input),
      pin: (input) => this.pin(input),
    });
    this.#performed.push({ atMs: monoMs(), what: failure === null ? what : `${what} (${failure})` });
    this.#options.say(`fault   ${what}${failure === null ? '' : `: ${failure}`}`);
  }

  async #live(): Promise<void> {
    const snapshot = await this.#viewer.snapshot();
    if (this.#status !== null) this.#options.say(liveLine((monoMs() - this.#startMs) / 1000, this.#status, snapshot));
  }
}
