/** The uplink: one MPEG-TS in, several networks out. Destinations in order of preference, one of them on air. */
import { monoMs } from '../clock.ts';
import type { DestinationConfig, PathConfig } from '../config/schema.ts';
import { type DestinationCommand, type DestinationState, decideDestination, initialDestination } from '../engine/destination.ts';
import { BrokenInvariant } from '../engine/invariants.ts';
import type { Logger } from '../log.ts';
import { type Notice, notice } from '../model/event.ts';
import { reasonTexts } from '../model/reasons.ts';
import type { DestinationStatus, PathStatus } from '../model/status.ts';
import { Session } from './session.ts';
import { srtLibrary } from './srt/library.ts';
import type { Bond } from './srtla/scheduler.ts';

export interface UplinkOptions {
  paths: PathConfig[];
  /** With secrets resolved; in order of preference. */
  destinations: DestinationConfig[];
  /** The most that the program may take. */
  kbpsMax: number;
  onNotice(one: Notice): void;
  log: Logger;
}

type Executors = {
  [K in DestinationCommand['kind']]: (session: Session, command: Extract<DestinationCommand, { kind: K }>, nowMs: number) => void;
};

export class Uplink {
  readonly #sessions: Session[];
  readonly #options: UplinkOptions;
  #active: Session | null = null;
  #running = false;
  #choice: DestinationState = initialDestination;

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
    this.#decide(monoMs());
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.#active = null;
    this.#choice = initialDestination;
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
    if (this.#running) this.#decide(nowMs);
  }

  status(nowMs: number): { paths: PathStatus[]; destinations: DestinationStatus[] } {
    return {
      paths: this.#sessions.flatMap((session) => session.pathStatus(nowMs)),
      destinations: this.#sessions.map((session) => session.destinationStatus(nowMs)),
    };
  }

  /** A mistake in the engine leaves the program where it is sent (docs/adr/0022). */
  #decide(nowMs: number): void {
    const seen = this.#sessions.map((session) => ({ id: session.id, connected: session.connected, reason: session.reason }));
    try {
      const { state, commands } = decideDestination(this.#choice, seen, nowMs);
      this.#choice = state;
      for (const command of commands) this.#perform(command, nowMs);
    } catch (error) {
      if (!(error instanceof BrokenInvariant)) throw error;
      this.#choice = { ...initialDestination, used: this.#choice.used, usedSinceMs: nowMs, calls: this.#choice.calls };
      this.#options.onNotice(
        notice({ severity: 'alarm', subject: { kind: 'media', id: 'engine' }, what: 'engine.state', to: 'broken', reason: 'internal', text: error.message }),
      );
    }
  }

  #perform(command: DestinationCommand, nowMs: number): void {
    const session = this.#sessions.find(({ id }) => id === command.id);
    if (session === undefined) return;
    (this.#executors[command.kind] as (session: Session, command: DestinationCommand, nowMs: number) => void)(session, command, nowMs);
  }

  /** A new command does not compile until something performs it. */
  readonly #executors: Executors = {
    call: (session, _, nowMs) => session.start(nowMs),
    'hang-up': (session, _, nowMs) => void session.stop(nowMs),
    use: (session, command, nowMs) => this.#use(session, command, nowMs),
  };

  #use(session: Session, { from, reason }: Extract<DestinationCommand, { kind: 'use' }>, nowMs: number): void {
    const before = this.#active;
    if (before !== null) before.active = false;
    this.#active = session;
    session.active = true;
    if (from === null) return;
    const tookMs = before === null || before.connected ? null : Math.round(before.darkMs(nowMs));
    this.#options.onNotice(
      notice({
        severity: reason === 'preferred' ? 'clear' : 'warning',
        subject: { kind: 'destination', id: session.id },
        what: 'destination.switch',
        from,
        to: session.id,
        reason,
        text: `the program goes to ${session.id} instead of ${from}: ${reason === 'preferred' ? `${from} was only standing in` : reasonTexts[reason]}`,
        tookMs,
      }),
    );
  }
}
