/** The uplink: one MPEG-TS in, several networks out. Destinations in order of preference or by score, one of them on air, or all. */
import { monoMs } from '../clock.ts';
import type { DestinationConfig, FailoverConfig, Mode, PathConfig } from '../config/schema.ts';
import { type DestinationCommand, type DestinationState, decideDestination, initialDestination } from '../engine/destination.ts';
import { pardon } from '../engine/pardon.ts';
import type { Logger } from '../log.ts';
import { type Notice, notice } from '../model/event.ts';
import { reasonTexts } from '../model/reasons.ts';
import type { DestinationStatus, PathStatus } from '../model/status.ts';
import { askEngine } from './ask.ts';
import { Destination } from './destination.ts';
import { PathPins } from './path-pins.ts';
import { type LivePath, PathWatch } from './paths/watch.ts';
import { srtLibrary } from './srt/library.ts';
import type { Bond } from './srtla/scheduler.ts';
import type { Spoil } from './udp/spoiled.ts';

export interface UplinkOptions {
  paths: PathConfig[];
  /** With secrets resolved; in order of preference. */
  destinations: DestinationConfig[];
  /** The most that the program may take. */
  kbpsMax: number;
  failover: FailoverConfig;
  onNotice(one: Notice): void;
  log: Logger;
}

type Executors = {
  [K in DestinationCommand['kind']]: (destination: Destination, command: Extract<DestinationCommand, { kind: K }>, nowMs: number) => void;
};

export class Uplink {
  readonly pins: PathPins;
  readonly #destinations: Destination[];
  readonly #options: UplinkOptions;
  readonly #watch: PathWatch;
  /** Those that get the program. */
  #active: Destination[] = [];
  #running = false;
  #choice: DestinationState = initialDestination;

  /** @throws FatalError when there is somewhere to send to, and no libsrt. */
  constructor(options: UplinkOptions) {
    this.#options = options;
    if (options.destinations.length > 0) srtLibrary();
    const { paths, failover, kbpsMax, onNotice, log } = options;
    this.#watch = new PathWatch({ paths, onChange: (path) => this.#pathChanged(path), onNotice });
    this.#destinations = options.destinations.map(
      (destination) =>
        new Destination({
          destination,
          paths: this.#pathsOf(destination),
          holdDown: failover,
          kbpsMax,
          onNotice,
          log: log.child({ destination: destination.id }),
        }),
    );
    this.pins = new PathPins({ destinations: this.#destinations, deadPinMs: failover.deadPinMs, onNotice });
  }

  get connected(): boolean {
    return this.#active.some(({ connected }) => connected);
  }

  /** What the networks carry, as far as the mode on air can tell. */
  get bond(): Bond | null {
    return this.#active[0]?.bond ?? null;
  }

  /** A path whose data is used up is not sent over; what is allowed again is used again. */
  allow(path: string, allowed: boolean): void {
    this.#watch.hold(path, 'allowance-used', !allowed);
  }

  /** A rehearsal: as if its cable were pulled, in all modes but those in which a running path is libsrt's own. */
  pull(path: string, pulled: boolean): void {
    this.#watch.hold(path, 'rehearsed', pulled);
  }

  /** A rehearsal holds the packets of a path back, in modes in which they pass through our hands; null ends it. */
  spoil(path: string, spoil: Spoil | null): void {
    for (const destination of this.#destinations) destination.spoil(path, spoil);
  }

  /** Ids of the paths that the program goes over now, to the first destination on air. */
  carrying(nowMs: number): string[] {
    return this.#active[0]?.carrying(nowMs) ?? [];
  }

  /** How the destination on air is reached; null: none is. */
  get mode(): Mode | null {
    return this.#active[0]?.mode ?? null;
  }

  /** Returns what makes destinations and paths trusted again as they are now; `only`: this path, since of others something is really wrong. */
  remember(): (only: string | null) => void {
    const { records } = this.#choice.choice;
    const others = this.#destinations.map((destination) => destination.remember());
    return (only) => {
      this.#choice = { ...this.#choice, choice: pardon(this.#choice.choice, records, only) };
      for (const other of others) other(only);
    };
  }

  /** Other paths, and other settings of the same destinations: each in force as soon as the way that is made with them stands. */
  reconfigure(paths: readonly PathConfig[], destinations: readonly DestinationConfig[]): void {
    this.#watch.reconfigure(paths);
    for (const config of destinations) this.#destinations.find(({ id }) => id === config.id)?.reconfigure(config, this.#pathsOf(config), monoMs());
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    const nowMs = monoMs();
    this.#watch.turn(nowMs);
    if (this.#options.failover.mode !== 'all') return this.#decide(nowMs);
    this.#active = [...this.#destinations];
    for (const destination of this.#active) {
      destination.active = true;
      destination.start(nowMs);
    }
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.#active = [];
    this.#choice = initialDestination;
    await Promise.all(
      this.#destinations.map((destination) => {
        destination.active = false;
        return destination.stop(monoMs());
      }),
    );
  }

  /** The packet path: one payload of whole MPEG-TS packets, at most 1316 bytes, sent or dropped at once. */
  send(payload: Buffer, offset: number, length: number): void {
    for (const destination of this.#active) destination.send(payload, offset, length);
  }

  /** Polls everything and decides between destinations; to be called every few milliseconds. */
  turn(nowMs: number): void {
    this.#watch.turn(nowMs);
    for (const destination of this.#destinations) destination.turn(nowMs);
    if (!this.#destinations.some(({ changing }) => changing)) this.#watch.forgetLeft();
    // Of one there is no choice once it is called.
    if (this.#running && this.#destinations.length > 1 && this.#options.failover.mode !== 'all') this.#decide(nowMs);
  }

  /** False: there is no such destination. */
  setMode(id: string, mode: Mode): boolean {
    const destination = this.#destinations.find((one) => one.id === id);
    destination?.setMode(mode, monoMs());
    return destination !== undefined;
  }

  get pathIds(): string[] {
    return this.#watch.live.map(({ id }) => id);
  }

  get destinationIds(): string[] {
    return this.#destinations.map(({ id }) => id);
  }

  status(nowMs: number): { paths: PathStatus[]; destinations: DestinationStatus[] } {
    return {
      paths: this.#destinations.flatMap((destination) => destination.pathStatus(nowMs)),
      destinations: this.#destinations.map((destination) => destination.status(nowMs)),
    };
  }

  #pathsOf(destination: DestinationConfig): LivePath[] {
    return this.#watch.live.filter(({ id }) => destination.paths?.includes(id) ?? true);
  }

  #decide(nowMs: number): void {
    const { failover, onNotice } = this.#options;
    const seen = this.#destinations.map((destination) => destination.seen(nowMs));
    const config = { ...failover, mode: failover.mode === 'score' ? ('active' as const) : ('standby' as const) };
    const decision = askEngine(() => decideDestination(this.#choice, seen, nowMs, config), onNotice);
    if (decision === null) {
      this.#choice = { ...initialDestination, used: this.#choice.used, usedSinceMs: nowMs, calls: this.#choice.calls };
      return;
    }
    this.#choice = decision.state;
    for (const command of decision.commands) this.#perform(command, nowMs);
  }

  #perform(command: DestinationCommand, nowMs: number): void {
    const destination = this.#destinations.find(({ id }) => id === command.id);
    if (destination === undefined) return;
    (this.#executors[command.kind] as (destination: Destination, command: DestinationCommand, nowMs: number) => void)(destination, command, nowMs);
  }

  /** A new command does not compile until something performs it. */
  readonly #executors: Executors = {
    call: (destination, _, nowMs) => destination.start(nowMs),
    'hang-up': (destination, _, nowMs) => void destination.stop(nowMs),
    use: (destination, command, nowMs) => this.#use(destination, command, nowMs),
  };

  #use(to: Destination, { reason }: Extract<DestinationCommand, { kind: 'use' }>, nowMs: number): void {
    const [from] = this.#active;
    this.#active = [to];
    to.active = true;
    if (from === undefined) return;
    from.active = false;
    const [silentMs, darkMs] = [Math.round(from.silentMs(nowMs)), Math.round(from.darkMs(nowMs))];
    const back = reason === 'preferred' || reason === 'better-score';
    this.#options.onNotice(
      notice({
        severity: reason === 'preferred' ? 'clear' : back ? 'info' : 'warning',
        // Of the program: the return of the preferred one clears what its failure raised.
        subject: { kind: 'program', id: 'program' },
        what: 'destination.switch',
        from: from.id,
        to: to.id,
        reason,
        text: `the program goes to ${to.id} instead of ${from.id}: ${back ? to.id : from.id} ${reasonTexts[reason]}`,
        measured: { silentMs, darkMs },
        tookMs: back ? null : Math.max(silentMs, darkMs),
      }),
    );
  }

  #pathChanged(path: LivePath): void {
    const nowMs = monoMs();
    for (const destination of this.#destinations) destination.pathChanged(path, nowMs);
  }
}
