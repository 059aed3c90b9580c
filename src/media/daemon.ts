/**
 * The media daemon: inputs → switcher → uplink, under the engine. It never blocks on a disk, a broker or a page,
 * and runs headless when nobody is connected to its socket.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { monoMs, wallMs } from '../clock.ts';
import type { Config } from '../config/schema.ts';
import { type ChoiceState, chooseInput, initialChoice } from '../engine/choice.ts';
import { Input } from '../inputs/input.ts';
import type { Logger } from '../log.ts';
import { type Notice, notice } from '../model/event.ts';
import type { Status } from '../model/status.ts';
import { RateMeter } from '../rate-meter.ts';
import { Packetizer } from '../switcher/packetizer.ts';
import { Uplink } from '../uplink/uplink.ts';
import { performCommand } from './commands.ts';
import { EventLog } from './events.ts';
import { Heart } from './heart.ts';
import { ProgramWatch } from './program.ts';
import { SocketServer } from './socket-server.ts';

/** The uplink's sessions are polled this often; the packets themselves do not wait for it. */
const turnMs = 10;
/** Decisions: short enough that a person calls it at once. End of file decides without waiting for it. */
const decideEveryTurns = 5;
/** Longer than a picture lasts. */
const pauseMs = 60;
/** A preferred input that comes back must stay this long before the program returns to it. */
const holdDownMs = 3000;

export interface MediaDaemonOptions {
  /** With secrets resolved. */
  config: Config;
  version: string;
  log: Logger;
}

export class MediaDaemon {
  readonly session = randomUUID();
  readonly config: Config;
  readonly log: Logger;
  readonly inputs: ReadonlyMap<string, Input>;
  readonly uplink: Uplink;
  readonly program = new ProgramWatch();
  readonly #version: string;
  readonly #bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  readonly #startedMs = monoMs();
  readonly #events: EventLog;
  readonly #server: SocketServer;
  readonly #packetizer: Packetizer;
  readonly #rate = new RateMeter();
  readonly #heart = new Heart();
  #choice: ChoiceState = initialChoice;
  #switchedMs = monoMs();
  #timer: NodeJS.Timeout | undefined;
  #turns = 0;
  #receivedMs = 0;
  running = false;
  videoKbps: number;

  constructor({ config, version, log }: MediaDaemonOptions) {
    this.config = config;
    this.log = log;
    this.#version = version;
    this.videoKbps = config.program.videoKbps;
    this.#events = new EventLog(this.session, this.#bootId);
    const onNotice = (one: Notice) => this.report(one);
    this.uplink = new Uplink({
      paths: config.paths.filter(({ enabled }) => enabled),
      destinations: config.destinations.filter(({ enabled }) => enabled),
      onNotice,
      log: log.child({ part: 'uplink' }),
    });
    this.#packetizer = new Packetizer((buffer, offset, length) => {
      if (this.running) this.uplink.send(buffer, offset, length);
    });
    this.inputs = new Map(config.inputs.filter(({ enabled }) => enabled).map((input) => [input.id, this.#makeInput(input, onNotice)]));
    this.#server = new SocketServer({
      path: config.media.socket,
      session: this.session,
      events: this.#events,
      status: () => this.status(),
      perform: (command, from) => performCommand(this, command, from),
      log: log.child({ part: 'socket' }),
    });
  }

  /** @throws FatalError when the socket cannot be served. */
  async start(): Promise<void> {
    await this.#server.start();
    this.report(
      notice({
        severity: 'info',
        subject: { kind: 'media', id: 'media' },
        what: 'media.state',
        to: 'running',
        reason: 'started',
        text: 'the media daemon has started',
      }),
    );
    for (const input of this.inputs.values()) input.start();
    if (this.config.media.autoStart) this.goOnAir();
    this.#timer = setInterval(() => this.#turn(), turnMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.running = false;
    await Promise.all([this.uplink.stop(), ...[...this.inputs.values()].map((input) => input.stop())]);
    this.report(
      notice({
        severity: 'info',
        subject: { kind: 'media', id: 'media' },
        what: 'media.state',
        to: 'stopped',
        reason: 'stopped',
        text: 'the media daemon was stopped',
      }),
    );
    this.#server.stop();
  }

  goOnAir(): void {
    if (this.running) return;
    this.running = true;
    this.uplink.start();
  }

  async goOffAir(): Promise<void> {
    if (!this.running) return;
    this.running = false;
    await this.uplink.stop();
  }

  pin(input: string | null): void {
    this.#choice = { ...this.#choice, pinned: input };
    this.#decide(monoMs());
  }

  get onAir(): string | null {
    return this.#choice.onAir;
  }

  report(one: Notice): void {
    const event = this.#events.publish(one, monoMs(), wallMs());
    const level = event.severity === 'alarm' ? 'error' : event.severity === 'warning' ? 'warn' : 'info';
    this.log[level](
      { event: { what: event.what, subject: event.subject, from: event.from, to: event.to, reason: event.reason, measured: event.measured } },
      event.text,
    );
  }

  status(): Status {
    const nowMs = monoMs();
    const { paths, destinations } = this.uplink.status(nowMs);
    return {
      box: this.config.box.name,
      version: this.#version,
      session: this.session,
      bootId: this.#bootId,
      pid: process.pid,
      monoMs: nowMs,
      uptimeMs: nowMs - this.#startedMs,
      rssBytes: process.memoryUsage.rss(),
      program: {
        ...this.program.status,
        input: this.onAir,
        pinned: this.#choice.pinned,
        destination: destinations.find(({ active }) => active)?.id ?? null,
        kbps: this.#rate.kbps(nowMs),
        targetKbps: this.videoKbps,
        packets: this.#packetizer.packets,
        reference: this.#packetizer.lastPcr,
      },
      inputs: [...this.inputs.values()].map((input) => ({ ...input.status(nowMs), onAir: input.id === this.onAir })),
      paths,
      destinations,
    };
  }

  #makeInput(config: Config['inputs'][number], onNotice: (one: Notice) => void): Input {
    return new Input({
      config,
      program: this.config.program,
      onData: (chunk) => this.#receive(config.id, chunk),
      onNotice,
      // Decided upon at once, not at the next turn: the bytes that follow the change already go where they belong.
      onChange: () => this.#decide(monoMs()),
      log: this.log.child({ part: 'input', input: config.id }),
    });
  }

  /** The packet path: from the worker's pipe to the uplink without a copy, a promise or a log line. */
  #receive(inputId: string, chunk: Buffer): void {
    if (inputId !== this.#choice.onAir) return;
    const nowMs = monoMs();
    this.#receivedMs = nowMs;
    this.#rate.add(chunk.length, nowMs);
    this.#packetizer.push(chunk, nowMs);
  }

  #turn(): void {
    const nowMs = monoMs();
    if (this.running) this.uplink.turn(nowMs);
    if (++this.#turns % decideEveryTurns !== 0) return;
    // What waits for company to fill a payload must not wait while the source pauses.
    if (nowMs - this.#receivedMs > pauseMs) this.#packetizer.flush();
    this.#decide(nowMs);
    const changed = this.program.observe(
      {
        running: this.running,
        connected: this.uplink.connected,
        hasInputs: this.inputs.size > 0,
        kbps: this.#rate.kbps(nowMs),
        uptimeMs: nowMs - this.#startedMs,
      },
      nowMs,
    );
    if (changed !== null) this.report(changed);
    this.#heart.turned(this.program.status, nowMs);
  }

  #decide(nowMs: number): void {
    const observations = [...this.inputs.values()].map((input) => {
      const { state, reason } = input.status(nowMs);
      return { id: input.id, usable: state === 'running' || state === 'degraded', reason };
    });
    const { state, change } = chooseInput(this.#choice, observations, nowMs, { holdDownMs });
    this.#choice = state;
    if (change === null) return;
    this.#packetizer.reset();
    this.inputs.get(change.to)?.requestKeyFrame();
    const tookMs = nowMs - this.#switchedMs;
    this.#switchedMs = nowMs;
    this.report(
      notice({
        severity: change.from === null ? 'info' : 'warning',
        subject: { kind: 'program', id: 'program' },
        what: 'program.switch',
        from: change.from,
        to: change.to,
        reason: change.reason,
        text: change.from === null ? `${change.to} is on air` : `${change.to} is on air instead of ${change.from}`,
        measured: { previousOnAirForMs: Math.round(tookMs) },
      }),
    );
  }
}
