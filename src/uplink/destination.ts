/**
 * One destination: carried in one mode, or on the way from one mode to another. The new way is made first and the program goes over
 * to it when it stands; the old one is kept until what it still holds has been delivered.
 */
import type { DestinationConfig, Mode } from '../config/schema.ts';
import type { DestinationSeen } from '../engine/destination.ts';
import { type Notice, notice } from '../model/event.ts';
import type { Reason } from '../model/reasons.ts';
import type { DestinationStatus, PathStatus } from '../model/status.ts';
import type { Carrier, CarrierOptions } from './modes/carrier.ts';
import { makeCarrier } from './modes/make.ts';
import type { LivePath } from './paths/watch.ts';
import type { Bond } from './srtla/scheduler.ts';
import type { Spoil } from './udp/spoiled.ts';

/** A pause of all networks at once is rarely longer: a phone's handover takes up to this. */
const silenceMsMin = 500;
/** A new way that does not stand by then is given up, and the old one stays. */
const changeMsMax = 10_000;
/** On top of its latency, for what the old way still sends again. */
const drainMs = 500;

/** The new way, until it stands. */
interface Change {
  carrier: Carrier;
  config: DestinationConfig;
  byMs: number;
  reason: Reason;
}

export class Destination {
  readonly id: string;
  /** The program is sent there. */
  active = false;
  readonly #options: CarrierOptions;
  #config: DestinationConfig;
  #carrier: Carrier;
  #next: Change | null = null;
  readonly #drained: { carrier: Carrier; untilMs: number }[] = [];
  #started = false;
  #darkSinceMs = 0;

  constructor(options: CarrierOptions) {
    this.#options = options;
    this.#config = options.destination;
    this.id = options.destination.id;
    this.#carrier = makeCarrier(options);
  }

  get connected(): boolean {
    return this.#carrier.connected;
  }

  /** What the networks carry, as far as the mode can tell. */
  get bond(): Bond | null {
    return this.#carrier.bond;
  }

  get mode(): Mode {
    return this.#config.mode;
  }

  darkMs(nowMs: number): number {
    return this.connected ? 0 : nowMs - this.#darkSinceMs;
  }

  start(nowMs: number): void {
    if (this.#started) return;
    this.#started = true;
    this.#darkSinceMs = nowMs;
    this.#carrier.start(nowMs);
  }

  async stop(nowMs: number): Promise<void> {
    this.#started = false;
    const all = [this.#carrier, ...(this.#next === null ? [] : [this.#next.carrier]), ...this.#drained.splice(0).map(({ carrier }) => carrier)];
    this.#next = null;
    await Promise.all(all.map((carrier) => carrier.stop(nowMs)));
  }

  send(payload: Buffer, offset: number, length: number): void {
    this.#carrier.send(payload, offset, length);
  }

  turn(nowMs: number): void {
    if (!this.#started) return;
    this.#carrier.turn(nowMs);
    if (this.#carrier.connected) this.#darkSinceMs = nowMs;
    if (this.#next !== null) this.#goOver(this.#next, nowMs);
    for (const old of this.#drained) old.carrier.turn(nowMs);
    const over = this.#drained.findIndex(({ untilMs }) => nowMs >= untilMs);
    if (over >= 0) void this.#drained.splice(over, 1)[0]?.carrier.stop(nowMs);
  }

  pathChanged(path: LivePath, nowMs: number): void {
    if (!this.#options.paths.includes(path) || !this.#started) return;
    for (const carrier of [this.#carrier, this.#next?.carrier]) carrier?.pathChanged(path, nowMs);
  }

  /** Another mode, from the moment on when it stands. Off air it is only noted. */
  setMode(mode: Mode, nowMs: number): void {
    if (mode === (this.#next?.config.mode ?? this.#config.mode)) return;
    const config = { ...this.#config, mode };
    const carrier = makeCarrier({ ...this.#options, destination: config });
    void this.#next?.carrier.stop(nowMs);
    this.#next = null;
    if (!this.#started) {
      this.#carrier = carrier;
      this.#config = config;
      return;
    }
    this.#next = { carrier, config, byMs: nowMs + changeMsMax, reason: 'requested' };
    carrier.start(nowMs);
  }

  carrying(nowMs: number): string[] {
    return this.#carrier.carrying(nowMs);
  }

  spoil(path: string, spoil: Spoil | null): void {
    for (const carrier of [this.#carrier, this.#next?.carrier]) carrier?.spoil?.(path, spoil);
  }

  remember(): (only: string | null) => void {
    return this.#carrier.remember?.() ?? (() => undefined);
  }

  /** How it is, for the choice among destinations. */
  seen(nowMs: number): DestinationSeen {
    const { id } = this;
    const { state, reason } = this.#carrier.destinationStatus(nowMs);
    if (state !== 'connected') return { id, state: 'broken', reason, score: 0 };
    const paths = this.#carrier.pathStatus(nowMs);
    const up = paths.filter((one) => one.state === 'up').length;
    const silent = this.#carrier.silentMs(nowMs) > Math.max(silenceMsMin, 2 * this.#carrier.silenceMsMax());
    if (silent) return { id, state: 'silent', reason: 'destination-silent', score: 0 };
    if (up === 0) return { id, state: 'broken', reason: 'no-path', score: 0 };
    return { id, state: 'works', reason: 'connected', score: this.#score(up / paths.length, nowMs) };
  }

  /** For how long it has acknowledged nothing. */
  silentMs(nowMs: number): number {
    return this.#carrier.silentMs(nowMs);
  }

  status(nowMs: number): DestinationStatus {
    const status = this.#carrier.destinationStatus(nowMs);
    const text = this.#next === null ? status.text : `${status.text}; going over to ${this.#next.config.mode}`;
    return { ...status, text, active: this.active };
  }

  pathStatus(nowMs: number): PathStatus[] {
    return this.#carrier.pathStatus(nowMs);
  }

  /** Paths that are up weigh most, then a short round trip, then what had to be sent twice. */
  #score(share: number, nowMs: number): number {
    const srt = this.#carrier.destinationStatus(nowMs).srt;
    const slow = Math.min(1, (srt?.rttMs ?? 0) / 500);
    const lossy = srt === null || srt.sentPackets === 0 ? 0 : Math.min(1, srt.lostPackets / srt.sentPackets / 0.1);
    return Math.round(100 * (0.5 * share + 0.3 * (1 - slow) + 0.2 * (1 - lossy)));
  }

  #goOver(next: Change, nowMs: number): void {
    next.carrier.turn(nowMs);
    const from = this.#config.mode;
    const to = next.config.mode;
    if (next.carrier.connected) {
      this.#drained.push({ carrier: this.#carrier, untilMs: nowMs + this.#config.latencyMs + drainMs });
      this.#carrier = next.carrier;
      this.#config = next.config;
      this.#next = null;
      this.#tell(this.#modeNotice('info', from, to, next.reason, `${this.id}: the program goes out in mode ${to} instead of ${from}`));
    } else if (nowMs > next.byMs) {
      const why = next.carrier.destinationStatus(nowMs);
      this.#next = null;
      void next.carrier.stop(nowMs);
      this.#tell(this.#modeNotice('warning', from, from, why.reason, `${this.id}: stays in mode ${from}, since ${to} does not come about: ${why.text}`));
    }
  }

  #modeNotice(severity: Notice['severity'], from: string, to: string, reason: Reason, text: string): Notice {
    return notice({ severity, subject: { kind: 'destination', id: this.id }, what: 'destination.mode', from, to, reason, text });
  }

  #tell(one: Notice): void {
    this.#options.onNotice(one);
  }
}
