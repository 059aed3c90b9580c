/** The uplink: one MPEG-TS in, several networks out. Destinations in order of preference or by score, one of them on air, or all. */
import { monoMs } from '../clock.ts';
import type { DestinationConfig, FailoverConfig, Mode, PathConfig } from '../config/schema.ts';
import type { Logger } from '../log.ts';
import { type Notice, notice } from '../model/event.ts';
import { type Reason, reasonTexts } from '../model/reasons.ts';
import type { DestinationStatus, PathStatus } from '../model/status.ts';
import { Destination } from './destination.ts';
import { type LivePath, PathWatch } from './paths/watch.ts';
import { Preference } from './preference.ts';
import { srtLibrary } from './srt/library.ts';

/** A destination that is called only when it is needed is called when the one on air has been without a connection for so long: two calls not answered. */
const darkMsMax = 4000;
/** A more preferred destination is tried again this often while a less preferred one carries the program. */
const returnTryMs = 30_000;

export interface UplinkOptions {
  paths: PathConfig[];
  /** With secrets resolved; in order of preference. */
  destinations: DestinationConfig[];
  failover: FailoverConfig;
  onNotice(one: Notice): void;
  log: Logger;
}

export class Uplink {
  readonly #destinations: Destination[];
  readonly #options: UplinkOptions;
  readonly #preference: Preference;
  readonly #watch: PathWatch;
  /** Those that get the program. */
  #active: Destination[] = [];
  #running = false;
  #startedMs = 0;
  #returnTryAtMs = 0;

  /** @throws FatalError when there is somewhere to send to, and no libsrt. */
  constructor(options: UplinkOptions) {
    this.#options = options;
    if (options.destinations.length > 0) srtLibrary();
    const { paths, failover, onNotice, log } = options;
    const preference = { ...failover, mode: 'standby' as const };
    this.#preference = new Preference({ ...failover, mode: failover.mode === 'score' ? 'active' : 'standby' }, onNotice);
    this.#watch = new PathWatch({ paths, onChange: (path) => this.#pathChanged(path), onNotice });
    this.#destinations = options.destinations.map(
      (destination) =>
        new Destination({
          destination,
          paths: this.#watch.live.filter(({ id }) => destination.paths?.includes(id) ?? true),
          preference,
          onNotice,
          log: log.child({ destination: destination.id }),
        }),
    );
  }

  get connected(): boolean {
    return this.#active.some(({ connected }) => connected);
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    const nowMs = monoMs();
    this.#watch.turn(nowMs);
    this.#startedMs = nowMs;
    this.#returnTryAtMs = nowMs + returnTryMs;
    const [first] = this.#destinations;
    if (first === undefined) return;
    if (this.#options.failover.mode === 'all') this.#active = [...this.#destinations];
    else this.#active = [first];
    for (const destination of this.#active) destination.active = true;
    for (const destination of this.#destinations) if (destination.active || this.#isKeptReady(destination)) destination.start(nowMs);
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.#active = [];
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
    if (this.#running && this.#destinations.length > 1 && this.#options.failover.mode !== 'all') this.#decide(nowMs);
  }

  /** False: there is no such destination. */
  setMode(id: string, mode: Mode): boolean {
    const destination = this.#destinations.find((one) => one.id === id);
    destination?.setMode(mode, monoMs());
    return destination !== undefined;
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

  /** By score there is nothing to compare unless all are connected. */
  #isKeptReady({ id }: Destination): boolean {
    const config = this.#options.destinations.find((one) => one.id === id);
    return config?.spare === 'connected' || this.#options.failover.mode === 'score';
  }

  #decide(nowMs: number): void {
    this.#callSpares(nowMs);
    const options = this.#destinations.map((destination) => destination.option(nowMs));
    if (this.#isFirstCall(nowMs)) for (const other of options.slice(1)) Object.assign(other, { usable: false, delivers: false, idle: true });
    const change = this.#preference.decide(options, nowMs);
    const to = this.#destinations.find(({ id }) => id === change?.to);
    const [from] = this.#active;
    // Where none works the last one stays: it is the first to be told when it does again.
    if (change === null || to === undefined || from === undefined || to === from) return;
    this.#change(from, to, change.reason, nowMs);
  }

  /** All are called at once at the start: which of them answers first says nothing of which one is wanted. */
  #isFirstCall(nowMs: number): boolean {
    const [first] = this.#destinations;
    return this.#preference.chosen === null && first?.status(nowMs).state === 'connecting' && nowMs - this.#startedMs < darkMsMax;
  }

  /** Those that are not kept ready: called when the one on air fails, and the more preferred ones again now and then. */
  #callSpares(nowMs: number): void {
    const [active] = this.#active;
    if (active === undefined) return;
    const index = this.#destinations.indexOf(active);
    if (active.darkMs(nowMs) > darkMsMax || !active.option(nowMs).usable) {
      // All at once: the one that answers first has it.
      if (active.darkMs(nowMs) > darkMsMax || active.connected) for (const other of this.#destinations) other.start(nowMs);
    } else if (nowMs >= this.#returnTryAtMs) {
      this.#returnTryAtMs = nowMs + returnTryMs;
      for (const preferred of this.#destinations.slice(0, index)) preferred.start(nowMs);
    }
  }

  #change(from: Destination, to: Destination, reason: Reason, nowMs: number): void {
    const silentMs = from.silentMs(nowMs);
    const darkMs = from.darkMs(nowMs);
    from.active = false;
    to.active = true;
    this.#active = [to];
    this.#returnTryAtMs = nowMs + returnTryMs;
    to.start(nowMs);
    // A less preferred one that is not kept ready has done its duty.
    if (reason === 'preferred' && !this.#isKeptReady(from)) void from.stop(nowMs);
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
        measured: { silentMs: Math.round(silentMs), darkMs: Math.round(darkMs) },
      }),
    );
  }

  #pathChanged(path: LivePath): void {
    const nowMs = monoMs();
    for (const destination of this.#destinations) destination.pathChanged(path, nowMs);
  }
}
