/** MPEG-TS on to another SRT listener: a caller that comes back by itself. */
import type { OutputConfig } from '../../config/schema.ts';
import { type BackoffState, nextTry, noFailures } from '../../engine/backoff.ts';
import type { Logger } from '../../log.ts';
import { type Notice, notice } from '../../model/event.ts';
import { resolveAddress } from '../../uplink/resolve.ts';
import { SrtSocket } from '../../uplink/srt/socket.ts';
import type { Output } from './output.ts';

const backoff = { firstMs: 200, maxMs: 5000, stableMs: 10_000 };
const connectMsMax = 3000;

export interface SrtOutputOptions {
  stream: string;
  config: Extract<OutputConfig, { kind: 'srt' }>;
  onNotice(one: Notice): void;
  log: Logger;
}

export class SrtOutput implements Output {
  readonly #options: SrtOutputOptions;
  #socket: SrtSocket | null = null;
  #connected = false;
  #backoff: BackoffState = noFailures;
  #sinceMs = 0;
  #retryAtMs = 0;
  #calling = false;
  #closed = false;

  constructor(options: SrtOutputOptions) {
    this.#options = options;
  }

  write(bytes: Buffer, offset: number, length: number): void {
    if (this.#connected) this.#socket?.send(bytes, offset, length);
  }

  flush(nowMs: number): void {
    if (this.#closed) return;
    if (this.#socket === null) {
      if (!this.#calling && nowMs >= this.#retryAtMs) void this.#call(nowMs);
      return;
    }
    const state = this.#socket.state();
    if (state === 'connected') {
      if (!this.#connected) this.#become(true, nowMs);
    } else if (state === 'broken' || state === 'closed' || nowMs - this.#sinceMs > connectMsMax + 1000) this.#lost(nowMs);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#socket?.close();
    this.#socket = null;
  }

  async #call(nowMs: number): Promise<void> {
    const { host, port, latencyMs, streamId, passphrase } = this.#options.config;
    this.#calling = true;
    const found = await resolveAddress(host, port);
    this.#calling = false;
    if (this.#closed) return;
    this.#sinceMs = nowMs;
    if (found === null) return this.#lost(nowMs);
    try {
      this.#socket = SrtSocket.open({ latencyMs, streamId, passphrase, connectTimeoutMs: connectMsMax });
      this.#socket.connect(found.address, found.port);
    } catch (error) {
      this.#options.log.debug({ said: (error as Error).message }, 'SRT output');
      this.#lost(nowMs);
    }
  }

  #lost(nowMs: number): void {
    const worked = this.#connected ? nowMs - this.#sinceMs : 0;
    void this.#socket?.close();
    this.#socket = null;
    const { state, delayMs } = nextTry(this.#backoff, worked, Math.random(), backoff);
    this.#backoff = state;
    this.#retryAtMs = nowMs + delayMs;
    if (this.#connected) this.#become(false, nowMs);
  }

  #become(connected: boolean, nowMs: number): void {
    const { stream, config, onNotice } = this.#options;
    this.#connected = connected;
    this.#sinceMs = nowMs;
    const to = `${config.host}:${config.port}`;
    onNotice(
      notice({
        severity: connected ? 'info' : 'warning',
        subject: { kind: 'gateway', id: stream },
        what: 'gateway.output',
        to: connected ? 'connected' : 'waiting',
        reason: connected ? 'connected' : 'session-broken',
        text: `stream ${stream}: the output to ${to} ${connected ? 'is connected' : 'broke, and is called again'}`,
      }),
    );
  }
}
