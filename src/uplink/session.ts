/**
 * `bonded` and `redundant`: one SRT session, whose packets an SRTLA sender on this machine takes over all paths. It is watched, and
 * made anew with back-off when it breaks.
 */
import { type BackoffState, nextTry, noFailures } from '../engine/backoff.ts';
import type { Pin } from '../engine/choice.ts';
import type { Reason } from '../model/reasons.ts';
import type { DestinationStatus, PathStatus } from '../model/status.ts';
import { Importance } from './importance.ts';
import type { ModeCarrier, ModeCarrierOptions } from './modes/mode-carrier.ts';
import { PinFollower, type PinSeen } from './modes/pin-follower.ts';
import { Silence } from './modes/silence.ts';
import { Teller } from './modes/teller.ts';
import type { LivePath } from './paths/watch.ts';
import { payloadBytesMax, payloadBytesOf } from './payload-size.ts';
import { resolveAll } from './resolve.ts';
import { SendBuffer } from './send-buffer.ts';
import { sessionFigures, termsOf } from './session-figures.ts';
import { callerOptions, connectMsMax } from './srt/caller-options.ts';
import { SrtError } from './srt/errors.ts';
import { SrtSocket } from './srt/socket.ts';
import type { Bond } from './srtla/scheduler.ts';
import { SrtlaSender } from './srtla/sender.ts';
import type { Spoil } from './udp/spoiled.ts';

const backoff = { firstMs: 200, maxMs: 5000, stableMs: 10_000 };
/** SRT numbers messages with 26 bits, from 1. */
const messageNumberMax = 0x03ffffff;
/** Names are looked up anew this often while there is no session. */
const lookUpEveryMs = 10_000;

export class Session implements ModeCarrier {
  readonly id: string;
  payloadBytes = payloadBytesMax;
  readonly #options: ModeCarrierOptions;
  readonly #told: Teller;
  readonly #buffer: SendBuffer;
  #socket: SrtSocket | null = null;
  #srtla: SrtlaSender | null = null;
  #localPort = 0;
  readonly #silence = new Silence();
  #lookUpAtMs = 0;
  #connectByMs = 0;
  #retryAtMs = 0;
  #backoff: BackoffState = noFailures;
  #connectedMs = 0;
  #resolving = false;
  #stopped = true;
  readonly #importance = new Importance();
  readonly #pin: PinFollower;
  /** Of the last payload that libsrt took. */
  #message = 0;
  #sinceDarkMs = 0;
  /** Of the last turn: for what ends between two of them. */
  #nowMs = 0;

  constructor(options: ModeCarrierOptions) {
    this.#options = options;
    this.id = options.destination.id;
    this.#told = new Teller(this.id, options.onNotice);
    this.#buffer = new SendBuffer(this.id, this.#address);
    this.#pin = new PinFollower(options.holdDown, options.onNotice);
  }

  get connected(): boolean {
    return this.#told.state === 'connected';
  }

  silentMs(nowMs: number): number {
    return this.connected ? this.#silence.ms(nowMs) : 0;
  }

  silenceMsMax(): number {
    return this.#silence.msMax;
  }

  carrying(): string[] {
    const links = this.connected ? (this.#srtla?.links.all ?? []) : [];
    return links.filter(({ carrier }) => carrier.good).map(({ path }) => path.id);
  }

  spoil(path: string, spoil: Spoil | null): void {
    this.#srtla?.links.all.find((link) => link.path.id === path)?.spoil(spoil);
  }

  remember(): () => void {
    return () => {
      for (const { carrier } of this.#srtla?.links.all ?? []) carrier.pulse.forgive();
    };
  }

  pathChanged(path: LivePath): void {
    this.#srtla?.links.setInterface(path.id, path.interface, path.usable ? null : path.reason);
  }

  pin(pin: Pin | null, nowMs: number): void {
    this.#pin.set(pin);
    this.#follow(nowMs);
  }

  pinSeen(): PinSeen {
    return this.#pin.seen(this.#srtla?.links.seen() ?? []);
  }

  #follow(nowMs: number): void {
    this.#srtla?.keepTo(this.#pin.turn(() => this.#srtla?.links.seen() ?? [], nowMs));
  }

  start(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#stopped = false;
    this.#sinceDarkMs = nowMs;
    this.#retryAtMs = nowMs;
    this.#told.become('connecting', 'connecting', `calling ${this.#address}`, nowMs);
  }

  async stop(nowMs: number): Promise<void> {
    this.#stopped = true;
    this.#told.become('off', 'stopped', 'not called', nowMs);
    const closing = this.#socket?.close();
    const srtla = this.#srtla;
    this.#socket = null;
    // It may be called again before this one has closed.
    this.#srtla = null;
    await closing;
    srtla?.stop();
  }

  /** The packet path: one payload of whole MPEG-TS packets. Drops it when there is no connection: a backlog would only be late. */
  send(payload: Buffer, offset: number, length: number): void {
    if (this.#socket === null || this.#told.state !== 'connected') return;
    const result = this.#socket.send(payload, offset, length);
    if (result === 'full') this.#buffer.dropped++;
    if (result !== 'sent' || this.#srtla === null) return;
    this.#message = this.#message === messageNumberMax ? 1 : this.#message + 1;
    this.#srtla.mark(this.#message, this.#importance.look(payload, offset, length));
  }

  /** What the networks carry, for the choice of the bitrate; null in modes that cannot tell. */
  get bond(): Bond | null {
    return this.#srtla?.bond ?? null;
  }

  /** Polls libsrt, and does what is due. */
  turn(nowMs: number): void {
    this.#nowMs = nowMs;
    if (this.#stopped) return;
    this.#follow(nowMs);
    if (this.#socket === null) {
      if (nowMs >= this.#retryAtMs) this.#call(nowMs);
      return;
    }
    const state = this.#socket.state();
    if (state === 'connected') this.#onConnected(nowMs);
    else if (state === 'broken' || state === 'closed' || state === 'closing') this.#onBroken(nowMs);
    else if (nowMs > this.#connectByMs) this.#lost('unreachable', `${this.#address} does not answer`, nowMs);
  }

  destinationStatus(nowMs: number): Omit<DestinationStatus, 'active'> {
    const { mode, latencyMs } = this.#options.destination;
    const stats = this.connected ? (this.#socket?.stats() ?? null) : null;
    return {
      id: this.id,
      mode,
      address: this.#address,
      state: this.#told.state,
      reason: this.#told.reason,
      text: this.#told.text,
      retryInMs: this.#socket === null && !this.#stopped ? Math.max(0, Math.round(this.#retryAtMs - nowMs)) : null,
      sinceMonoMs: this.#told.sinceMs,
      srt: stats === null ? null : sessionFigures(stats, latencyMs, this.#buffer.dropped, this.#srtla?.bond ?? null),
    };
  }

  pathStatus(nowMs: number): PathStatus[] {
    return this.#srtla?.links.status(nowMs) ?? [];
  }

  get #address(): string {
    const { host, port } = this.#options.destination;
    return `${host}:${port}`;
  }

  #call(nowMs: number): void {
    if (this.#resolving) return;
    if (this.#srtla !== null) {
      if (nowMs >= this.#lookUpAtMs) void this.#lookUp(this.#srtla, nowMs);
      // The links register by themselves; without one a call could only time out.
      if (this.#srtla.links.registered) this.#connect('127.0.0.1', this.#localPort, nowMs);
      else if (this.#told.reason !== 'no-path') this.#told.become('connecting', 'no-path', `waiting for a path to ${this.#address}`, nowMs);
      return;
    }
    this.#resolving = true;
    void this.#resolve().finally(() => {
      this.#resolving = false;
    });
  }

  async #resolve(): Promise<void> {
    const { destination, paths, onNotice, log } = this.#options;
    const targets = await Promise.all(
      paths.map(async (path) => {
        const { host, port } = path.config.via ?? destination;
        const [address] = await resolveAll(host, path.addresses);
        return { path, remote: address === undefined ? null : { address, port } };
      }),
    );
    const nowMs = this.#nowMs;
    if (this.#stopped) return;
    const known = targets.flatMap(({ path, remote }) =>
      remote === null ? [] : [{ id: path.id, interface: path.interface, held: path.usable ? null : path.reason, remote, terms: termsOf(path.config) }],
    );
    this.payloadBytes = Math.min(...targets.map(({ path, remote }) => payloadBytesOf(path.config.mtuBytes, remote?.address ?? '')));
    if (known.length === 0)
      return this.#lost('name-unresolved', `the name ${destination.host} cannot be resolved: check it, and the name server of the network`, nowMs);
    this.#lookUpAtMs = nowMs + lookUpEveryMs;
    this.#srtla = new SrtlaSender({
      destination: this.id,
      mode: destination.mode === 'redundant' ? 'redundant' : 'bonded',
      paths: known,
      latencyMs: destination.latencyMs,
      duplicateShare: destination.duplicatePct / 100,
      kbpsMax: this.#options.kbpsMax,
      onGroupLost: () => this.#onGroupLost(),
      onNotice,
      log,
    });
    this.#localPort = this.#srtla.start();
  }

  /** While there is no session: a gateway that has moved is found under its new address. */
  async #lookUp(srtla: SrtlaSender, nowMs: number): Promise<void> {
    this.#lookUpAtMs = nowMs + lookUpEveryMs;
    const { destination, paths } = this.#options;
    for (const path of paths) {
      const { host, port } = path.config.via ?? destination;
      const addresses = await resolveAll(host, path.addresses);
      const present = srtla.links.remoteOf(path.id);
      if (this.#stopped || addresses[0] === undefined || present === undefined || addresses.includes(present)) continue;
      srtla.links.setRemote(path.id, { address: addresses[0], port });
    }
  }

  #connect(address: string, port: number, nowMs: number): void {
    try {
      const socket = SrtSocket.open(callerOptions(this.#options.destination));
      this.#socket = socket;
      this.#message = 0;
      socket.connect(address, port);
      this.#connectByMs = nowMs + connectMsMax + 500;
      if (this.#told.state !== 'connecting' || this.#told.reason === 'no-path')
        this.#told.become('connecting', 'connecting', `calling ${this.#address}`, nowMs);
    } catch (error) {
      this.#lost('send-error', error instanceof SrtError ? error.message : String(error), nowMs);
    }
  }

  #onConnected(nowMs: number): void {
    if (this.#told.state !== 'connected') {
      this.#connectedMs = nowMs;
      this.#buffer.dropped = 0;
      this.#srtla?.setLatency(this.#socket?.stats()?.sendLatencyMs || this.#options.destination.latencyMs);
      this.#silence.reset(nowMs);
      this.#told.become('connected', 'connected', `connected to ${this.#address}`, nowMs, { darkMs: Math.round(nowMs - this.#sinceDarkMs) });
      this.#sinceDarkMs = nowMs;
    }
    const stats = this.#socket?.stats();
    if (stats) this.#silence.observe(stats, nowMs);
    const full = this.#buffer.turn(nowMs);
    if (full !== null) this.#options.onNotice(full);
  }

  /** Faster than libsrt's own time-out by seconds. A session that is still being made meets the new gateway by itself. */
  #onGroupLost(): void {
    if (this.#told.state === 'connected') this.#lost('session-closed', `the gateway ${this.#address} has been started anew`, this.#nowMs);
  }

  #onBroken(nowMs: number): void {
    const socket = this.#socket;
    if (this.#told.state === 'connected') return this.#lost('session-broken', `the session to ${this.#address} broke`, nowMs);
    const { reason, text } = socket?.rejection() ?? { reason: 'unreachable' as const, text: 'no answer' };
    const advice =
      reason === 'bad-secret' ? ': check the passphrase at both ends' : reason === 'unreachable' ? ': check host and port, and that the gateway runs' : '';
    this.#lost(reason, `${this.#address}: ${text}${advice}`, nowMs);
  }

  #lost(reason: Reason, text: string, nowMs: number): void {
    const worked = this.#told.state === 'connected' ? nowMs - this.#connectedMs : 0;
    if (this.#told.state === 'connected') this.#sinceDarkMs = nowMs;
    void this.#socket?.close();
    this.#socket = null;
    const { state, delayMs } = nextTry(this.#backoff, worked, Math.random(), backoff);
    this.#backoff = state;
    this.#retryAtMs = nowMs + delayMs;
    this.#told.become('waiting', reason, text, nowMs, { retryInMs: delayMs, connectedForMs: Math.round(worked) });
  }
}
