/**
 * One destination: carried in one way, or on the way to another mode, other settings or other paths. The new way is made first and the
 * program goes over to it when it stands; the old one is kept until what it still holds has been delivered.
 */
import type { DestinationConfig, Mode } from '../config/schema.ts';
import type { Pin } from '../engine/choice.ts';
import type { DestinationSeen } from '../engine/destination.ts';
import type { PathPinSeen } from '../engine/path-pin.ts';
import { type Notice, notice } from '../model/event.ts';
import { type Reason, reasonTexts } from '../model/reasons.ts';
import type { DestinationStatus, PathStatus } from '../model/status.ts';
import { makeModeCarrier } from './modes/make.ts';
import type { ModeCarrier, ModeCarrierOptions } from './modes/mode-carrier.ts';
import type { LivePath } from './paths/watch.ts';
import { pieceBytesOf } from './payload-size.ts';
import type { Bond } from './srtla/scheduler.ts';
import type { Spoil } from './udp/spoiled.ts';

/** A pause of all networks at once is rarely longer: a phone's handover takes up to this. */
const silenceMsMin = 500;
/** A new way that does not stand by then: a person is told. Where only a person asked for it, it is given up; the configuration goes on being tried. */
const changeMsMax = 10_000;
/** The old way has been dark for so long: the new one counts, standing or not. It is what the configuration says. */
const darkMsMax = 2000;
/** On top of its latency: for the way, what is sent again, and clocks that were set while the machine was busy. */
const drainMs = 1000;

/** The new way, until it stands. */
interface Change {
  carrier: ModeCarrier;
  config: DestinationConfig;
  paths: readonly LivePath[];
  byMs: number;
  reason: 'requested' | 'config-changed';
  /** A person was told that it does not come about. */
  told: boolean;
}

export class Destination {
  readonly id: string;
  /** The program is sent there. */
  active = false;
  readonly #options: ModeCarrierOptions;
  /** As in the configuration; a mode that a person asked for may stand over its own. */
  #configured: DestinationConfig;
  #config: DestinationConfig;
  #paths: readonly LivePath[];
  #carrier: ModeCarrier;
  #next: Change | null = null;
  readonly #drained: { carrier: ModeCarrier; untilMs: number }[] = [];
  #started = false;
  #pin: Pin | null = null;
  #darkSinceMs = 0;

  constructor(options: ModeCarrierOptions) {
    this.#options = options;
    this.#configured = options.destination;
    this.#config = options.destination;
    this.#paths = options.paths;
    this.id = options.destination.id;
    this.#carrier = makeModeCarrier(options);
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

  /** More than one way is in use. */
  get changing(): boolean {
    return this.#next !== null || this.#drained.length > 0;
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

  /** The packet path: one payload of whole MPEG-TS packets, in as many pieces as the narrowest of its paths needs. */
  send(payload: Buffer, offset: number, length: number): void {
    const carrier = this.#carrier;
    const step = pieceBytesOf(length, carrier.payloadBytes);
    for (let at = 0; at < length; at += step) carrier.send(payload, offset + at, Math.min(step, length - at));
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
    if (!this.#started) return;
    if (this.#paths.includes(path)) this.#carrier.pathChanged(path, nowMs);
    if (this.#next?.paths.includes(path)) this.#next.carrier.pathChanged(path, nowMs);
  }

  /** Another mode, from the moment on when it stands. Off air it is only noted. */
  setMode(mode: Mode, nowMs: number): void {
    if (mode === (this.#next?.config.mode ?? this.#config.mode)) return;
    const { config, paths } = this.#target;
    this.#change({ ...config, mode }, paths, 'requested', nowMs);
  }

  /** Other settings, or other paths, from the moment on when the new way stands. */
  reconfigure(configured: DestinationConfig, paths: readonly LivePath[], nowMs: number): void {
    const target = this.#target;
    // What a person asked for stays until the configuration says something else.
    const config = same(configured, this.#configured) ? { ...configured, mode: target.config.mode } : configured;
    this.#configured = configured;
    if (same(config, target.config) && sameList(paths, target.paths)) return;
    if (!same(config, this.#config) || !sameList(paths, this.#paths)) return this.#change(config, paths, 'config-changed', nowMs);
    this.#giveUp(nowMs);
    this.#tell(this.#settingsNotice('info', 'config-changed', `${this.id}: the program goes out as it did, and no other way is tried any more`));
  }

  /** What it goes over to, or has. */
  get #target(): Pick<Change, 'config' | 'paths'> {
    return this.#next ?? { config: this.#config, paths: this.#paths };
  }

  #change(config: DestinationConfig, paths: readonly LivePath[], reason: Change['reason'], nowMs: number): void {
    this.#giveUp(nowMs);
    const carrier = makeModeCarrier({ ...this.#options, destination: config, paths });
    carrier.pin(this.#pin, nowMs);
    if (!this.#started) {
      this.#carrier = carrier;
      this.#config = config;
      this.#paths = paths;
      return;
    }
    this.#next = { carrier, config, paths, byMs: nowMs + changeMsMax, reason, told: false };
    carrier.start(nowMs);
  }

  #giveUp(nowMs: number): void {
    void this.#next?.carrier.stop(nowMs);
    this.#next = null;
  }

  /** The program keeps to this path while it works there. */
  pin(pin: Pin | null, nowMs: number): void {
    this.#pin = pin;
    for (const carrier of [this.#carrier, this.#next?.carrier]) carrier?.pin(pin, nowMs);
  }

  pinSeen(nowMs: number): PathPinSeen {
    return { destination: this.id, ...this.#carrier.pinSeen(nowMs) };
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
    if (this.#next === null) return { ...status, active: this.active };
    const { carrier, config, reason } = this.#next;
    const next = carrier.destinationStatus(nowMs);
    // While it is called again, why the last call failed is what helps.
    const why = next.state === 'connecting' && next.reason !== 'connecting' ? ` (${reasonTexts[next.reason]})` : '';
    const text = reason === 'requested' ? `going over to ${config.mode}` : `with its new settings: ${next.text}${why}`;
    return { ...status, text: `${status.text}; ${text}`, active: this.active, changing: true };
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
    if (next.carrier.connected) return this.#wentOver(next, nowMs);
    const isConfigured = next.reason === 'config-changed';
    if (isConfigured && this.darkMs(nowMs) > darkMsMax) {
      void this.#carrier.stop(nowMs);
      return this.#take(next);
    }
    if (nowMs <= next.byMs || next.told) return;
    next.told = true;
    const why = next.carrier.destinationStatus(nowMs);
    const { mode } = this.#config;
    if (isConfigured) {
      const text = `${this.id}: the program still goes out with the settings before, since the new ones do not come about: ${why.text}`;
      return this.#tell(this.#settingsNotice('warning', why.reason, text));
    }
    this.#giveUp(nowMs);
    const text = `${this.id}: stays in mode ${mode}, since ${next.config.mode} does not come about: ${why.text}`;
    this.#tell(this.#modeNotice('warning', mode, mode, why.reason, text));
  }

  #wentOver(next: Change, nowMs: number): void {
    const from = this.#config.mode;
    const to = next.config.mode;
    // The other end may hold for longer than was asked for.
    const latencyMs = Math.max(this.#config.latencyMs, this.#carrier.destinationStatus(nowMs).srt?.latencyMs ?? 0);
    this.#drained.push({ carrier: this.#carrier, untilMs: nowMs + latencyMs + drainMs });
    this.#take(next);
    if (next.reason === 'config-changed') this.#tell(this.#settingsNotice('info', 'config-changed', `${this.id}: the program goes out with its new settings`));
    if (from !== to) this.#tell(this.#modeNotice('info', from, to, next.reason, `${this.id}: the program goes out in mode ${to} instead of ${from}`));
  }

  #take({ carrier, config, paths }: Change): void {
    this.#carrier = carrier;
    this.#config = config;
    this.#paths = paths;
    this.#next = null;
  }

  #modeNotice(severity: Notice['severity'], from: string, to: string, reason: Reason, text: string): Notice {
    return notice({ severity, subject: { kind: 'destination', id: this.id }, what: 'destination.mode', from, to, reason, text });
  }

  #settingsNotice(severity: Notice['severity'], reason: Reason, text: string): Notice {
    return notice({ severity, subject: { kind: 'destination', id: this.id }, what: 'destination.settings', reason, text });
  }

  #tell(one: Notice): void {
    this.#options.onNotice(one);
  }
}

const same = (one: DestinationConfig, other: DestinationConfig): boolean => JSON.stringify(one) === JSON.stringify(other);
const sameList = (one: readonly LivePath[], other: readonly LivePath[]): boolean =>
  one.length === other.length && one.every((path, index) => path === other[index]);
