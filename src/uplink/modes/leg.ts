/**
 * One plain SRT connection over one path: called, watched, and made anew with back-off when it breaks. What several legs do together is
 * the modes' business.
 */
import type { DestinationConfig } from '../../config/schema.ts';
import { type BackoffState, nextTry, noFailures } from '../../engine/backoff.ts';
import type { Reason } from '../../model/reasons.ts';
import type { PathStatus } from '../../model/status.ts';
import type { LivePath } from '../paths/watch.ts';
import { payloadBytesOf } from '../payload-size.ts';
import { resolveAll } from '../resolve.ts';
import { callerOptions, connectMsMax } from '../srt/caller-options.ts';
import { SrtError } from '../srt/errors.ts';
import { type SendResult, SrtSocket } from '../srt/socket.ts';
import type { SrtStats } from '../srt/stats.ts';
import { CountedRate, srtPathStatus } from './path-status.ts';
import { Silence } from './silence.ts';

const backoff = { firstMs: 200, maxMs: 5000, stableMs: 10_000 };
/** On top of its latency a connection that nothing is sent over any more is kept: for the way, and for clocks that were set while the machine was busy. */
const drainSpareMs = 1000;
/** On top of two round trips: what libsrt's timer waits for before it sends again what stays unacknowledged, where the receiver does not ask for it. */
const repairMs = 200;

export type LegState = 'off' | 'connecting' | 'connected' | 'waiting';

export interface LegOptions {
  path: LivePath;
  destination: DestinationConfig;
  /** Every change of state, with what it was. */
  onState(leg: Leg, from: LegState, text: string, nowMs: number): void;
}

export class Leg {
  readonly path: LivePath;
  readonly #options: LegOptions;
  readonly #silence = new Silence();
  readonly #rate = new CountedRate();
  state: LegState = 'off';
  reason: Reason = 'stopped';
  sinceMs = 0;
  /** Payloads that libsrt had no room for. */
  dropped = 0;
  /** The number of the last payload that this connection was given, for those who number them (replay.ts). */
  given = 0;
  #socket: SrtSocket | null = null;
  readonly #abandoned: { socket: SrtSocket; untilMs: number }[] = [];
  #address = '';
  #nowMs = 0;
  #callAtMs = 0;
  #connectByMs = 0;
  #resolving = false;
  /** As both ends agreed, and the round trip: of the last connection. */
  #latencyMs = 0;
  #rttMs = 0;
  #backoff: BackoffState = noFailures;

  constructor(options: LegOptions) {
    this.#options = options;
    this.path = options.path;
  }

  get id(): string {
    return this.path.id;
  }

  get connected(): boolean {
    return this.state === 'connected';
  }

  /** What fits into a packet of its path, with the headers of the address that it calls. */
  get payloadBytes(): number {
    return payloadBytesOf(this.path.config.mtuBytes, this.#address);
  }

  get retryInMs(): number | null {
    return this.state === 'waiting' ? Math.max(0, Math.round(this.#callAtMs - this.#nowMs)) : null;
  }

  /** Calls unless it is called already. */
  start(nowMs: number): void {
    if (this.state !== 'off') return;
    this.#callAtMs = nowMs;
    this.#become('connecting', 'connecting', 'is called', nowMs);
  }

  stop(nowMs: number): Promise<void> {
    const closing = [this.#close(), ...this.#abandoned.splice(0).map(({ socket }) => socket.close())];
    this.#become('off', 'stopped', 'is not called', nowMs);
    return Promise.all(closing).then(() => undefined);
  }

  /** Given up at once and called anew, as soon as the path allows. */
  renew(reason: Reason, nowMs: number): void {
    if (this.state === 'off') return;
    this.#abandon(nowMs);
    this.#callAtMs = nowMs;
    this.#become('waiting', reason, 'is called anew', nowMs);
  }

  /**
   * A connection that is left may still have much to deliver, and one that is closed over a network that works makes the receiver throw away what it holds:
   * as much as its latency. A cable that is pulled does neither.
   */
  #abandon(nowMs: number): void {
    const delivers = this.connected && this.#silence.ms(nowMs) <= this.drainMs;
    if (this.#socket !== null && delivers) this.#abandoned.push({ socket: this.#socket, untilMs: nowMs + this.drainMs });
    else void this.#close();
    this.#socket = null;
    this.#address = '';
  }

  /** How long the connection still delivers what it has. */
  get drainMs(): number {
    return Math.max(this.#options.destination.latencyMs, this.#latencyMs) + drainSpareMs;
  }

  send(payload: Buffer, offset: number, length: number): SendResult {
    if (this.#socket === null || this.state !== 'connected') return 'broken';
    const result = this.#socket.send(payload, offset, length);
    if (result === 'full') this.dropped++;
    return result;
  }

  /**
   * A payload that was made `agoMs` ago and that another path may not have delivered. It is handed out as if it had been sent then, so that it is in time
   * for a hole that the other path left; not where that leaves no time to repair a loss on this one.
   */
  sendLate(payload: Buffer, offset: number, length: number, agoMs: number, nowMs: number): void {
    const ms = Math.min(agoMs, this.#lateMsMax, nowMs - this.sinceMs);
    if (this.#socket === null || !this.connected || ms < 1) this.send(payload, offset, length);
    else if (this.#socket.sendLate(payload, offset, length, ms) !== 'sent') this.send(payload, offset, length);
  }

  get #lateMsMax(): number {
    return Math.max(0, this.#latencyMs - 2 * this.#rttMs - repairMs);
  }

  turn(nowMs: number): void {
    this.#nowMs = nowMs;
    if (this.state === 'off') return;
    if (this.#abandoned[0] !== undefined && nowMs >= this.#abandoned[0].untilMs) void this.#abandoned.shift()?.socket.close();
    if (this.#socket === null) {
      if (nowMs >= this.#callAtMs && this.path.usable && !this.#resolving) this.#call(nowMs);
      return;
    }
    const state = this.#socket.state();
    if (state === 'connected') this.#carries(nowMs);
    else if (state === 'broken' || state === 'closed' || state === 'closing') this.#broke(nowMs);
    else if (nowMs > this.#connectByMs) this.#lost('unreachable', 'nobody answers', nowMs);
  }

  /** For how long nothing has been acknowledged although something waits for it. */
  silentMs(nowMs: number): number {
    return this.connected ? this.#silence.ms(nowMs) : 0;
  }

  get silenceMsMax(): number {
    return this.#silence.msMax;
  }

  /** Payloads that the far end has not acknowledged, libsrt's given-up ones among them. */
  get unacknowledged(): number {
    const stats = this.stats();
    return stats === null ? 0 : this.#silence.owed(stats);
  }

  stats(): SrtStats | null {
    return this.connected ? (this.#socket?.stats() ?? null) : null;
  }

  get kbps(): number {
    return this.connected ? this.#rate.kbps : 0;
  }

  /** Whether the name still stands for the address that is called; true when it cannot be resolved now. */
  async stillThere(): Promise<boolean> {
    if (this.#address === '') return true;
    const addresses = await resolveAll(this.#target.host, this.path.addresses);
    return addresses.length === 0 || addresses.includes(this.#address);
  }

  status(destination: string): PathStatus {
    const state = this.connected ? 'up' : this.state === 'connecting' ? 'registering' : 'down';
    return srtPathStatus(this.path, destination, { state, reason: this.reason, sinceMs: this.sinceMs }, this.stats(), this.kbps);
  }

  get #target(): { host: string; port: number } {
    return this.path.config.via ?? this.#options.destination;
  }

  #call(nowMs: number): void {
    this.#resolving = true;
    void resolveAll(this.#target.host, this.path.addresses).then((addresses) => {
      this.#resolving = false;
      // Stopped or already called meanwhile.
      if (this.state === 'off' || this.#socket !== null) return;
      const [address] = addresses;
      if (address === undefined) this.#lost('name-unresolved', `the name ${this.#target.host} cannot be resolved`, this.#nowMs);
      else this.#connect(address, this.#nowMs);
    });
    if (this.state === 'waiting') this.#become('connecting', 'connecting', 'is called', nowMs);
  }

  #connect(address: string, nowMs: number): void {
    const device = this.path.interface;
    try {
      const socket = SrtSocket.open(callerOptions(this.#options.destination));
      this.#socket = socket;
      if (device !== null) socket.bindToDevice(device, address);
      socket.connect(address, this.#target.port);
      this.#address = address;
      this.#connectByMs = nowMs + connectMsMax + 500;
    } catch (error) {
      const missing = error instanceof SrtError && error.code === 'ENODEV';
      this.#lost(missing ? 'interface-missing' : 'send-error', missing ? `the network interface ${device} does not exist` : (error as Error).message, nowMs);
    }
  }

  #carries(nowMs: number): void {
    if (this.state !== 'connected') {
      this.#silence.reset(nowMs);
      this.dropped = 0;
      this.given = 0;
      this.#become('connected', 'connected', 'is connected', nowMs);
    }
    const stats = this.#socket?.stats();
    if (stats === null || stats === undefined) return;
    this.#latencyMs = stats.sendLatencyMs;
    this.#rttMs = stats.rttMs;
    this.#silence.observe(stats, nowMs);
    this.#rate.observe(stats.sentBytes, nowMs);
  }

  #broke(nowMs: number): void {
    if (this.connected) return this.#lost('session-broken', 'the connection broke', nowMs);
    const { reason, text } = this.#socket?.rejection() ?? { reason: 'unreachable' as const, text: 'no answer' };
    const advice =
      reason === 'bad-secret' ? ': check the passphrase at both ends' : reason === 'unreachable' ? ': check host and port, and that the gateway runs' : '';
    this.#lost(reason, `${text}${advice}`, nowMs);
  }

  #lost(reason: Reason, text: string, nowMs: number): void {
    const worked = this.connected ? nowMs - this.sinceMs : 0;
    void this.#close();
    const { state, delayMs } = nextTry(this.#backoff, worked, Math.random(), backoff);
    this.#backoff = state;
    this.#callAtMs = nowMs + delayMs;
    this.#become('waiting', reason, text, nowMs);
  }

  #close(): Promise<void> {
    const closing = this.#socket?.close() ?? Promise.resolve();
    this.#socket = null;
    this.#address = '';
    return closing;
  }

  #become(state: LegState, reason: Reason, text: string, nowMs: number): void {
    const from = this.state;
    this.state = state;
    // While it tries again, why the last try failed is what matters.
    if (!(state === 'connecting' && from === 'waiting')) this.reason = reason;
    this.sinceMs = nowMs;
    if (state !== from) this.#options.onState(this, from, text, nowMs);
  }
}
