/**
 * The media daemon: inputs → switcher → uplink, under the engine. It never blocks on a disk, a broker or a page,
 * and runs headless when nobody is connected to its socket.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { monoMs, wallMs } from '../clock.ts';
import type { EffectiveConfig } from '../config/effective.ts';
import { enabled } from '../config/enabled.ts';
import type { Config } from '../config/schema.ts';
import { Input } from '../inputs/input.ts';
import type { Logger } from '../log.ts';
import { type Notice, notice } from '../model/event.ts';
import type { Reason } from '../model/reasons.ts';
import type { PinStatus, Status } from '../model/status.ts';
import { RateMeter } from '../rate-meter.ts';
import { Switcher } from '../switcher/switcher.ts';
import { Uplink } from '../uplink/uplink.ts';
import { Allowances } from './allowances.ts';
import { BitrateControl } from './bitrate.ts';
import { performCommand } from './commands.ts';
import { EventLog } from './events.ts';
import { Heart } from './heart.ts';
import { coverNotice, ProgramWatch } from './program.ts';
import { Rehearsals } from './rehearsals.ts';
import { Reload, type ReloadOptions } from './reload.ts';
import { Selection } from './selection.ts';
import { startSlate } from './slate.ts';
import { SocketServer } from './socket-server.ts';
import { mediaStatus } from './status.ts';
import { Strength } from './strength.ts';
import { uplinkKbpsMax } from './uplink-size.ts';

/** The uplink's sessions are polled this often; the packets themselves do not wait for it. */
const turnMs = 10;
const secondMs = 1000;
/** A clock that says less was never set: a box without one begins in 1970, or when its image was made. */
const clockSetMs = Date.UTC(2025, 0);
/** Decisions: short enough that a person calls it at once. End of file decides without waiting for it. */
const decideEveryTurns = 5;

export interface MediaDaemonOptions extends Pick<ReloadOptions, 'reread' | 'onRestart'> {
  /** With secrets resolved. */
  config: EffectiveConfig;
  version: string;
  log: Logger;
}

export class MediaDaemon {
  readonly session = randomUUID();
  readonly log: Logger;
  readonly inputs: ReadonlyMap<string, Input>;
  readonly uplink: Uplink;
  readonly program = new ProgramWatch();
  readonly rehearsals: Rehearsals;
  readonly #options: MediaDaemonOptions;
  readonly #bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  readonly #startedMs = monoMs();
  readonly #events: EventLog;
  readonly #server: SocketServer;
  readonly #switcher: Switcher;
  readonly #selection: Selection;
  readonly #strength: Strength;
  readonly #rate = new RateMeter();
  readonly #heart = new Heart();
  #timer: NodeJS.Timeout | undefined;
  #turns = 0;
  #stopSlate: () => void = () => undefined;
  readonly #bitrate: BitrateControl;
  readonly #allowances: Allowances;
  readonly #reload: Reload;
  #secondAtMs = 0;
  #sentMs = Number.NEGATIVE_INFINITY;
  running = false;

  constructor(options: MediaDaemonOptions) {
    const { config, log } = options;
    this.#options = options;
    this.log = log;
    this.#events = new EventLog(this.session, this.#bootId);
    const onNotice = (one: Notice) => this.report(one);
    this.uplink = new Uplink({
      paths: enabled(config.paths),
      destinations: enabled(config.destinations),
      kbpsMax: uplinkKbpsMax(config),
      failover: config.failover,
      onNotice,
      log: log.child({ part: 'uplink' }),
    });
    this.#switcher = new Switcher({
      program: config.program,
      programNumberOf: (id) => programNumberOf(this.#reload.config.inputs, id),
      onPayload: (buffer, offset, length) => this.#send(buffer, offset, length),
      onSwitched: (to, from) => this.#selection.landed(to, from, monoMs()),
      onUnfit: (id, why) => this.inputs.get(id)?.encode(why),
      onCovered: (id, covered) => this.report(coverNotice(id, covered)),
    });
    this.inputs = new Map(enabled(config.inputs).map((input) => [input.id, this.#makeInput(input, onNotice)]));
    this.#strength = new Strength(log.child({ part: 'strength' }));
    this.#bitrate = new BitrateControl({ config, inputs: this.inputs, uplink: this.uplink, box: () => this.#strength.seen, onNotice });
    this.#allowances = new Allowances({
      paths: config.paths,
      file: join(config.media.stateDirectory, 'allowances.json'),
      onAllow: (path, allowed) => this.uplink.allow(path, allowed),
      onNotice,
      log: log.child({ part: 'allowances' }),
    });
    this.#reload = new Reload({
      ...options,
      running: () => this.running,
      setVideoKbps: (kbps) => this.setVideoKbps(kbps),
      inputs: this.inputs,
      uplink: this.uplink,
      allowances: this.#allowances,
      onNotice,
    });
    this.#selection = new Selection({ config, inputs: this.inputs, switcher: this.#switcher, box: () => this.#strength.seen, onNotice });
    this.rehearsals = this.#makeRehearsals(onNotice);
    this.#server = this.#makeServer();
  }

  /** @throws FatalError when the socket cannot be served. */
  async start(): Promise<void> {
    await this.#server.start();
    this.report(stateNotice('running', 'started', 'the media daemon has started'));
    this.#strength.start();
    this.#selection.start(monoMs());
    const { config } = this.#reload;
    if (config.slate.enabled)
      this.#stopSlate = startSlate({
        config,
        onClip: (clip) => this.#switcher.setSlate(clip),
        onNotice: (one) => this.report(one),
        log: this.log.child({ part: 'slate' }),
      });
    if (config.media.autoStart) this.goOnAir();
    this.#timer = setInterval(() => this.#turn(), turnMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.rehearsals.stop({ reason: 'stopped', text: 'the media daemon was stopped' });
    this.#stopSlate();
    this.#strength.stop();
    this.running = false;
    await this.#allowances.save();
    await Promise.all([this.uplink.stop(), ...[...this.inputs.values()].map((input) => input.stop())]);
    this.report(stateNotice('stopped', 'stopped', 'the media daemon was stopped'));
    this.#server.stop();
  }

  goOnAir(): void {
    if (this.running) return;
    if (this.#reload.restartToStart) return this.#options.onRestart?.();
    this.running = true;
    this.uplink.start();
  }

  async goOffAir(): Promise<void> {
    if (!this.running) return;
    this.running = false;
    await this.uplink.stop();
  }

  /** @param forMs how long; null: until it is taken back. Returns how the pin does. */
  pin(input: string | null, forMs: number | null): PinStatus | null {
    const nowMs = monoMs();
    this.#selection.pin(input, forMs, nowMs);
    return this.#selection.pinStatus(nowMs);
  }

  /** The most that the encoders may make, from now on. */
  setVideoKbps(kbps: number): void {
    this.#bitrate.set(kbps);
  }

  /** The input that was chosen; null while the slate stands in. */
  get onAir(): string | null {
    return this.#selection.chosen;
  }

  report(one: Notice): void {
    const event = this.#events.publish(one, monoMs(), wallMs());
    const level = event.severity === 'alarm' ? 'error' : event.severity === 'warning' ? 'warn' : 'info';
    this.log[level](
      { event: { what: event.what, subject: event.subject, from: event.from, to: event.to, reason: event.reason, measured: event.measured } },
      event.text,
    );
  }

  #status(): Status {
    return mediaStatus(
      {
        config: this.#reload.config,
        version: this.#options.version,
        session: this.session,
        bootId: this.#bootId,
        startedMs: this.#startedMs,
        inputs: this.inputs,
        selection: this.#selection,
        switcher: this.#switcher,
        rate: this.#rate,
        bitrate: this.#bitrate,
        uplink: this.uplink,
        allowances: this.#allowances,
        program: this.program,
        rehearsals: this.rehearsals,
      },
      monoMs(),
    );
  }

  #makeRehearsals(onNotice: (one: Notice) => void): Rehearsals {
    return new Rehearsals({
      config: () => this.#reload.config,
      inputs: this.inputs,
      uplink: this.uplink,
      switcher: this.#switcher,
      selection: this.#selection,
      program: this.program,
      kbps: (nowMs) => this.#rate.kbps(nowMs),
      clockSetMs,
      hasManagement: () => this.#server.hasManagement,
      freeze: (id, forMs) => this.#server.freeze(id, forMs),
      onNotice,
      onReport: (report) => this.#server.sendReport(report),
      log: this.log.child({ part: 'rehearsal' }),
    });
  }

  #makeServer(): SocketServer {
    return new SocketServer({
      path: this.#options.config.media.socket,
      session: this.session,
      events: this.#events,
      status: () => this.#status(),
      perform: (command, asker) => performCommand(this, command, asker),
      lastReport: () => this.rehearsals.lastReport,
      onThawed: (id) => this.rehearsals.thawed(id),
      reload: () => this.#reload.reload(),
      log: this.log.child({ part: 'socket' }),
    });
  }

  #makeInput(config: Config['inputs'][number], onNotice: (one: Notice) => void): Input {
    return new Input({
      config,
      program: this.#options.config.program,
      onData: (chunk) => this.#switcher.push(config.id, chunk, monoMs()),
      onEnd: () => this.#switcher.ended(config.id, monoMs()),
      onNotice,
      isPictureless: () => this.#switcher.isPictureless(config.id),
      // Decided upon at once, not at the next turn.
      onChange: () => this.#selection.decide(monoMs()),
      log: this.log.child({ part: 'input', input: config.id }),
    });
  }

  /** The packet path: from the switcher to the uplink without a promise or a log line. */
  #send(buffer: Buffer, offset: number, length: number): void {
    const nowMs = monoMs();
    this.#sentMs = nowMs;
    this.#rate.add(length, nowMs);
    this.rehearsals.current?.push(buffer, offset, length, nowMs);
    if (this.running) this.uplink.send(buffer, offset, length);
  }

  #turn(): void {
    const nowMs = monoMs();
    this.#switcher.turn(nowMs);
    if (this.running) this.uplink.turn(nowMs);
    this.uplink.pins.turn(nowMs);
    this.rehearsals.turn(nowMs);
    if (++this.#turns % decideEveryTurns !== 0) return;
    this.#selection.decide(nowMs);
    if (this.running) this.#bitrate.turn(this.onAir, this.#rate.kbps(nowMs), nowMs);
    if (nowMs >= this.#secondAtMs) {
      this.#secondAtMs = nowMs + secondMs;
      this.#allowances.turn(this.uplink.status(nowMs).paths, wallMs() < clockSetMs ? null : wallMs(), nowMs);
    }
    const changed = this.program.observe(
      {
        running: this.running,
        connected: this.uplink.connected,
        hasInputs: this.inputs.size > 0,
        kbps: this.#rate.kbps(nowMs),
        sentMs: this.#sentMs,
        uptimeMs: nowMs - this.#startedMs,
      },
      nowMs,
    );
    if (changed !== null) this.report(changed);
    this.#heart.turned(this.program.status, nowMs);
  }
}

const stateNotice = (to: 'running' | 'stopped', reason: Reason, text: string): Notice =>
  notice({ severity: 'info', subject: { kind: 'media', id: 'media' }, what: 'media.state', to, reason, text });

function programNumberOf(inputs: Config['inputs'], id: string): number {
  const input = inputs.find((one) => one.id === id);
  return input !== undefined && 'programNumber' in input ? input.programNumber : 0;
}
