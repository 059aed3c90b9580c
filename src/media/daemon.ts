/**
 * The media daemon: inputs → switcher → uplink, under the engine. It never blocks on a disk, a broker or a page,
 * and runs headless when nobody is connected to its socket.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { monoMs, wallMs } from '../clock.ts';
import type { EffectiveConfig } from '../config/effective.ts';
import type { Config } from '../config/schema.ts';
import { Input } from '../inputs/input.ts';
import type { Logger } from '../log.ts';
import type { CommandReply } from '../model/command.ts';
import { type Notice, notice } from '../model/event.ts';
import { FatalError } from '../model/exit.ts';
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
import { planReload } from './reload.ts';
import { Selection } from './selection.ts';
import { startSlate } from './slate.ts';
import { SocketServer } from './socket-server.ts';
import { Strength } from './strength.ts';
import { uplinkKbpsMax } from './uplink-size.ts';

/** The uplink's sessions are polled this often; the packets themselves do not wait for it. */
const turnMs = 10;
const secondMs = 1000;
/** A clock that says less was never set: a box without one begins in 1970, or when its image was made. */
const clockSetMs = Date.UTC(2025, 0);
/** Decisions: short enough that a person calls it at once. End of file decides without waiting for it. */
const decideEveryTurns = 5;

export interface MediaDaemonOptions {
  /** With secrets resolved. */
  config: EffectiveConfig;
  /** Reads the configuration that is in force now. Rejects or throws a FatalError that says every mistake. */
  reread?: () => EffectiveConfig | Promise<EffectiveConfig>;
  /** The process should end, and be started again. */
  onRestart?: () => void;
  version: string;
  log: Logger;
}

export class MediaDaemon {
  readonly session = randomUUID();
  config: EffectiveConfig;
  readonly log: Logger;
  readonly inputs: ReadonlyMap<string, Input>;
  readonly uplink: Uplink;
  readonly program = new ProgramWatch();
  readonly rehearsals: Rehearsals;
  readonly #options: MediaDaemonOptions;
  readonly #version: string;
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
  /** A changed configuration waits for the next start: a restart would go on air by itself. */
  #restartToStart = false;
  readonly #bitrate: BitrateControl;
  readonly #allowances: Allowances;
  #secondAtMs = 0;
  #sentMs = Number.NEGATIVE_INFINITY;
  running = false;

  constructor(options: MediaDaemonOptions) {
    const { config, version, log } = options;
    this.#options = options;
    this.config = config;
    this.log = log;
    this.#version = version;
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
      programNumberOf: (id) => programNumberOf(this.config.inputs, id),
      onPayload: (buffer, offset, length) => this.#send(buffer, offset, length),
      onSwitched: (to, from) => this.#selection.landed(to, from, monoMs()),
      onUnfit: (id, why) => this.inputs.get(id)?.encode(why),
      onCovered: (id, covered) => this.report(coverNotice(id, covered)),
    });
    this.inputs = new Map(config.inputs.filter(({ enabled }) => enabled).map((input) => [input.id, this.#makeInput(input, onNotice)]));
    this.#strength = new Strength(log.child({ part: 'strength' }));
    this.#bitrate = new BitrateControl({ config, inputs: this.inputs, uplink: this.uplink, box: () => this.#strength.seen, onNotice });
    this.#allowances = new Allowances({
      paths: config.paths,
      file: join(config.media.stateDirectory, 'allowances.json'),
      onAllow: (path, allowed) => this.uplink.allow(path, allowed),
      onNotice,
      log: log.child({ part: 'allowances' }),
    });
    this.#selection = new Selection({ config, inputs: this.inputs, switcher: this.#switcher, box: () => this.#strength.seen, onNotice });
    this.rehearsals = new Rehearsals({
      config: () => this.config,
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
      log: log.child({ part: 'rehearsal' }),
    });
    this.#server = new SocketServer({
      path: config.media.socket,
      session: this.session,
      events: this.#events,
      status: () => this.status(),
      perform: (command, asker) => performCommand(this, command, asker),
      lastReport: () => this.rehearsals.lastReport,
      onThawed: (id) => this.rehearsals.thawed(id),
      reload: () => this.reload(),
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
    this.#strength.start();
    this.#selection.start(monoMs());
    if (this.config.slate.enabled)
      this.#stopSlate = startSlate({
        config: this.config,
        onClip: (clip) => this.#switcher.setSlate(clip),
        onNotice: (one) => this.report(one),
        log: this.log.child({ part: 'slate' }),
      });
    if (this.config.media.autoStart) this.goOnAir();
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
    if (this.#restartToStart) return this.#options.onRestart?.();
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

  /** Puts the configuration in force as it is now. Never rejects. The reply’s reason is `restarted` where this process ends for it. */
  async reload(): Promise<CommandReply> {
    const { reread, onRestart } = this.#options;
    if (reread === undefined) return { ok: false, reason: 'unsupported', text: 'this media daemon has no configuration file' };
    let next: EffectiveConfig;
    try {
      next = await reread();
    } catch (error) {
      return { ok: false, reason: 'invalid', text: error instanceof FatalError ? error.message : 'the configuration cannot be read' };
    }
    const plan = planReload(this.config, next);
    if (plan.kind === 'restart') {
      const text = `${plan.because} changed`;
      if (!this.running) {
        this.#restartToStart = true;
        return { ok: true, reason: 'stopped', text: `${text}: in force when the program goes on air` };
      }
      this.report(this.#reloaded(next, `${text}: the media daemon starts anew, off air for a moment`));
      // The reply and the event get out first.
      setTimeout(() => onRestart?.(), 50);
      return { ok: true, reason: 'restarted', text: `${text}: the media daemon starts anew` };
    }
    this.config = next;
    if (plan.videoKbps !== null) this.setVideoKbps(plan.videoKbps);
    for (const input of plan.inputs) this.inputs.get(input.id)?.reconfigure(input);
    if (plan.uplink.length > 0) {
      this.uplink.reconfigure(enabled(next.paths), enabled(next.destinations));
      this.#allowances.reconfigure(next.paths, this.uplink.status(monoMs()).paths);
    }
    const bitrate = plan.videoKbps === null ? [] : [`video bitrate ${plan.videoKbps} kbit/s`];
    const what = [...bitrate, ...plan.inputs.map(({ id }) => `input ${id}`), ...plan.uplink];
    const text = `the configuration is in force without leaving the air: ${what.join(', ') || 'nothing changed for the program'}`;
    this.report(this.#reloaded(next, text));
    return { ok: true, reason: 'config-changed', text };
  }

  #reloaded(next: EffectiveConfig, text: string): Notice {
    return notice({
      severity: 'info',
      subject: { kind: 'config', id: 'media' },
      what: 'config.media',
      to: String(next.origin?.rev ?? 0),
      reason: 'config-changed',
      text,
    });
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
      configRev: this.config.origin?.rev ?? 0,
      rehearsal: this.rehearsals.progress,
      program: {
        ...this.program.status,
        input: this.#switcher.onAir ?? this.onAir,
        pinned: this.#selection.pinned,
        pin: this.#selection.pinStatus(nowMs),
        pathPin: this.uplink.pins.status(nowMs),
        destination: destinations.find(({ active }) => active)?.id ?? null,
        kbps: this.#rate.kbps(nowMs),
        targetKbps: this.#bitrate.kbps,
        packets: this.#switcher.packets,
        reference: this.#switcher.lastPcr,
      },
      inputs: [...this.inputs.values()].map((input) => ({ ...this.#selection.status(input.status(nowMs)), onAir: input.id === this.#switcher.onAir })),
      paths: paths.map((path) => ({ ...path, data: this.#allowances.usage(path.id) })),
      destinations,
    };
  }

  #makeInput(config: Config['inputs'][number], onNotice: (one: Notice) => void): Input {
    return new Input({
      config,
      program: this.config.program,
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

const enabled = <T extends { enabled: boolean }>(list: readonly T[]): T[] => list.filter((one) => one.enabled);

function programNumberOf(inputs: Config['inputs'], id: string): number {
  const input = inputs.find((one) => one.id === id);
  return input !== undefined && 'programNumber' in input ? input.programNumber : 0;
}
