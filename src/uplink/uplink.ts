/** The uplink: one MPEG-TS in, several networks out. Destinations in order of preference, one of them on air. */
import { monoMs } from '../clock.ts';
import type { DestinationConfig, PathConfig } from '../config/schema.ts';
import type { Logger } from '../log.ts';
import { type Notice, notice } from '../model/event.ts';
import type { DestinationStatus, PathStatus } from '../model/status.ts';
import { Session } from './session.ts';
import { srtLibrary } from './srt/library.ts';
import type { Bond } from './srtla/scheduler.ts';

/** A destination without a connection for this long is left for the next one: two calls that were not answered. */
const darkMsMax = 4000;
/** A more preferred destination is tried again this often while a less preferred one carries the program. */
const returnTryMs = 30_000;

export interface UplinkOptions {
  paths: PathConfig[];
  /** With secrets resolved; in order of preference. */
  destinations: DestinationConfig[];
  /** The most that the program may take. */
  kbpsMax: number;
  onNotice(one: Notice): void;
  log: Logger;
}

export class Uplink {
  readonly #sessions: Session[];
  readonly #options: UplinkOptions;
  #active: Session | null = null;
  #running = false;
  #returnTryAtMs = 0;

  /** @throws FatalError when there is somewhere to send to, and no libsrt. */
  constructor(options: UplinkOptions) {
    this.#options = options;
    if (options.destinations.length > 0) srtLibrary();
    const { paths, kbpsMax, onNotice, log } = options;
    this.#sessions = options.destinations.map(
      (destination) => new Session({ destination, paths, kbpsMax, onNotice, log: log.child({ destination: destination.id }) }),
    );
  }

  get connected(): boolean {
    return this.#active?.connected ?? false;
  }

  /** What the networks carry, as far as the mode on air can tell. */
  get bond(): Bond | null {
    return this.#active?.srtla?.bond ?? null;
  }

  /** A path whose data is used up is not sent over; what is allowed again is used again. */
  allow(path: string, allowed: boolean): void {
    for (const session of this.#sessions) session.srtla?.allow(path, allowed);
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    const [first] = this.#sessions;
    if (first !== undefined) this.#activate(first, monoMs());
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.#active = null;
    await Promise.all(
      this.#sessions.map((session) => {
        session.active = false;
        return session.stop(monoMs());
      }),
    );
  }

  /** The packet path: one payload of whole MPEG-TS packets, at most 1316 bytes, sent or dropped at once. */
  send(payload: Buffer, offset: number, length: number): void {
    this.#active?.send(payload, offset, length);
  }

  /** Polls the sessions and decides between destinations; to be called every few milliseconds. */
  turn(nowMs: number): void {
    for (const session of this.#sessions) session.turn(nowMs);
    if (this.#running && this.#sessions.length > 1) this.#decide(nowMs);
  }

  status(nowMs: number): { paths: PathStatus[]; destinations: DestinationStatus[] } {
    return {
      paths: this.#sessions.flatMap((session) => session.pathStatus(nowMs)),
      destinations: this.#sessions.map((session) => session.destinationStatus(nowMs)),
    };
  }

  #decide(nowMs: number): void {
    const active = this.#active;
    if (active === null) return;
    const index = this.#sessions.indexOf(active);
    if (active.darkMs(nowMs) > darkMsMax) {
      const next = this.#sessions[(index + 1) % this.#sessions.length] as Session;
      return this.#change(active, next, nowMs);
    }
    const preferred = this.#sessions[0] as Session;
    if (preferred === active) return;
    // The preferred one is called beside the program, and takes over only once it is connected.
    if (preferred.connected) return this.#change(active, preferred, nowMs);
    if (nowMs < this.#returnTryAtMs) return;
    this.#returnTryAtMs = nowMs + returnTryMs;
    preferred.start(nowMs);
  }

  #change(from: Session, to: Session, nowMs: number): void {
    from.active = false;
    void from.stop(nowMs);
    this.#activate(to, nowMs);
    this.#options.onNotice(
      notice({
        severity: 'warning',
        subject: { kind: 'destination', id: to.id },
        what: 'destination.switch',
        from: from.id,
        to: to.id,
        reason: to === this.#sessions[0] ? 'preferred' : 'unreachable',
        text: `the program goes to ${to.id} instead of ${from.id}`,
      }),
    );
  }

  #activate(session: Session, nowMs: number): void {
    this.#active = session;
    session.active = true;
    this.#returnTryAtMs = nowMs + returnTryMs;
    if (!session.connected) session.start(nowMs);
  }
}
