/** What `standby` and `dual` have in common: a leg a path, and one state made of theirs. */
import type { Pin } from '../../engine/choice.ts';
import type { Notice } from '../../model/event.ts';
import type { Reason } from '../../model/reasons.ts';
import type { DestinationStatus, PathStatus } from '../../model/status.ts';
import type { LivePath } from '../paths/watch.ts';
import { payloadBytesMax } from '../payload-size.ts';
import { Leg, type LegState } from './leg.ts';
import type { ModeCarrier, ModeCarrierOptions } from './mode-carrier.ts';
import { srtDestinationFigures } from './path-status.ts';
import type { PinSeen } from './pin-follower.ts';
import { Teller } from './teller.ts';

/** Names are looked up anew this often while connected: a gateway may have moved. */
const lookUpEveryMs = 60_000;

export abstract class Legs implements ModeCarrier {
  readonly bond = null;
  /** One size for all legs: the far end puts together what came over several by whole payloads. */
  payloadBytes: number;
  protected readonly options: ModeCarrierOptions;
  /** In order of preference. */
  protected readonly legs: Leg[];
  protected readonly teller: Teller;
  /** The last failure of a leg that was new to people, by path. */
  readonly #told = new Map<string, Reason>();
  #lookUpAtMs = Number.POSITIVE_INFINITY;
  #darkSinceMs = 0;

  constructor(options: ModeCarrierOptions) {
    this.options = options;
    this.teller = new Teller(options.destination.id, options.onNotice);
    this.legs = [...options.paths]
      .sort((a, b) => a.config.priority - b.config.priority)
      .map((path) => new Leg({ path, destination: options.destination, onState: (leg, from, text, nowMs) => this.#legState(leg, from, text, nowMs) }));
    this.payloadBytes = this.#fit();
  }

  get connected(): boolean {
    return this.teller.state === 'connected';
  }

  start(nowMs: number): void {
    this.#darkSinceMs = nowMs;
    this.#lookUpAtMs = nowMs + lookUpEveryMs;
    this.teller.become('connecting', 'connecting', `calling ${this.address}`, nowMs);
    this.startLegs(nowMs);
  }

  async stop(nowMs: number): Promise<void> {
    this.teller.become('off', 'stopped', 'not called', nowMs);
    await Promise.all(this.legs.map((leg) => leg.stop(nowMs)));
  }

  turn(nowMs: number): void {
    if (this.teller.state === 'off') return;
    for (const leg of this.legs) leg.turn(nowMs);
    this.decide(nowMs);
    this.#judge(nowMs);
    if (nowMs < this.#lookUpAtMs) return;
    this.#lookUpAtMs = nowMs + lookUpEveryMs;
    for (const leg of this.legs) void leg.stillThere().then((there) => (there ? undefined : this.moved(leg, nowMs)));
  }

  pathChanged(path: LivePath, nowMs: number): void {
    const leg = this.legs.find(({ id }) => id === path.id);
    if (leg === undefined || leg.state === 'off') return;
    if (!path.usable) leg.renew(path.reason, nowMs);
    else this.moved(leg, nowMs);
    this.decide(nowMs);
  }

  destinationStatus(nowMs: number): Omit<DestinationStatus, 'active'> {
    const { destination } = this.options;
    const all = this.legs.flatMap((leg) => leg.stats() ?? []);
    const retries = this.legs.map(({ retryInMs }) => retryInMs).filter((one) => one !== null);
    const { state, reason, text, sinceMs } = this.teller;
    const dropped = this.legs.reduce((sum, leg) => sum + leg.dropped, 0);
    const kbps = this.legs.reduce((sum, leg) => sum + leg.kbps, 0);
    void nowMs;
    return {
      id: destination.id,
      mode: destination.mode,
      address: this.address,
      state,
      reason,
      text,
      retryInMs: state === 'waiting' && retries.length > 0 ? Math.min(...retries) : null,
      sinceMonoMs: sinceMs,
      srt: srtDestinationFigures(all, destination.latencyMs, dropped, kbps),
    };
  }

  pathStatus(_nowMs: number): PathStatus[] {
    return this.legs.map((leg) => leg.status(this.options.destination.id));
  }

  abstract pin(pin: Pin | null, nowMs: number): void;
  abstract pinSeen(nowMs: number): PinSeen;
  abstract send(payload: Buffer, offset: number, length: number): void;
  abstract carrying(nowMs: number): string[];
  abstract silentMs(nowMs: number): number;
  abstract silenceMsMax(): number;
  protected abstract startLegs(nowMs: number): void;
  protected abstract decide(nowMs: number): void;
  /** The leg's connection is no longer good for its path: the address changed at one of the ends. */
  protected abstract moved(leg: Leg, nowMs: number): void;

  /** A leg that has been silent for so long has nothing left to deliver. Called anew it is back as soon as its network is; libsrt would wait for 5 s. */
  protected renewSilent(nowMs: number): void {
    for (const leg of this.legs)
      if (leg.silentMs(nowMs) > leg.drainMs && this.legs.some((other) => other !== leg && other.connected)) leg.renew('path-silent', nowMs);
  }

  protected get address(): string {
    const { host, port } = this.options.destination;
    return `${host}:${port}`;
  }

  protected notify(one: Notice): void {
    this.options.onNotice(one);
  }

  #judge(nowMs: number): void {
    if (this.legs.some((leg) => leg.connected)) {
      if (!this.connected)
        this.teller.become('connected', 'connected', `connected to ${this.address}`, nowMs, { darkMs: Math.round(nowMs - this.#darkSinceMs) });
      this.#darkSinceMs = nowMs;
      return;
    }
    if (this.legs.some(({ state }) => state === 'connecting')) {
      if (this.connected) this.teller.become('connecting', 'connecting', `calling ${this.address}`, nowMs);
      return;
    }
    // The most preferred path says best what is wrong; one that has no network says nothing of the gateway.
    const blamed = this.legs.find(({ state, path }) => state === 'waiting' && path.usable) ?? this.legs.find(({ state }) => state === 'waiting');
    if (blamed === undefined) return;
    const reason = blamed.path.usable ? blamed.reason : 'no-path';
    this.teller.become('waiting', reason, `${this.address}: ${reason === 'no-path' ? 'no network path is up' : 'is not connected over any path'}`, nowMs);
  }

  #fit(): number {
    return Math.min(payloadBytesMax, ...this.legs.map(({ payloadBytes }) => payloadBytes));
  }

  #legState(leg: Leg, from: LegState, text: string, nowMs: number): void {
    const { state, reason, id } = leg;
    if (state === 'connected') this.payloadBytes = this.#fit();
    if (state === 'off' || state === 'connecting') return;
    // What the kernel says of an interface is told by the watch of the paths.
    if (state === 'waiting' && !leg.path.usable) return;
    if (state === 'waiting' && this.#told.get(id) === reason) return;
    if (state === 'connected') this.#told.delete(id);
    else this.#told.set(id, reason);
    this.teller.path(id, from === 'connected' ? 'up' : 'registering', state === 'connected' ? 'up' : 'down', reason, text, {
      rttMs: leg.stats()?.rttMs ?? null,
      silentMs: Math.round(leg.silentMs(nowMs)),
    });
  }
}
