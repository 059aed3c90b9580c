/** The receiving end: SRTLA and plain SRT in, one libsrt listener behind, streams told apart by their stream id, MPEG-TS out. */
import { monoMs } from '../clock.ts';
import type { GatewayConfig } from '../config/schema.ts';
import type { Logger } from '../log.ts';
import { type Notice, notice } from '../model/event.ts';
import { exitCode, FatalError } from '../model/exit.ts';
import { srtLibrary } from '../uplink/srt/library.ts';
import { ReceiveBatch } from '../uplink/srt/memory.ts';
import type { SrtOptions } from '../uplink/srt/options.ts';
import { SrtSocket } from '../uplink/srt/socket.ts';
import { SrtlaReceiver } from './srtla/receiver.ts';
import { Stream } from './stream.ts';

/** libsrt releases a packet when its latency is over; this is as late as it leaves here on top. */
const turnMs = 2;
/**
 * Behind SRTLA packets of one session come over links of different delay: asking for what is merely late wastes the uplink.
 * So a hole is reported when this many packets have passed it, and once: periodic reports do not wait for the reordering, and
 * cost the demo's 3.5 Mbit/s a fifth on top. A lost report is made good by the sender, who repeats what stays unacknowledged.
 */
const behindSrtla: SrtOptions = { lossMaxTtlPackets: 40, nakReport: false };
/**
 * Plain SRT comes over one network each, in order: what is missing is asked for at once, so that a path that dies leaves no more open than a round trip.
 * Once, too: the sender of a receiver that asks again and again never repeats by itself what was lost at the very end, before it went over to another path.
 */
const plain: SrtOptions = { nakReport: false };
const backlog = 16;

export interface GatewayOptions {
  /** With secrets resolved. */
  config: GatewayConfig;
  onNotice(one: Notice): void;
  log: Logger;
}

export class Gateway {
  readonly #options: GatewayOptions;
  readonly #streams: Stream[];
  readonly #batch = new ReceiveBatch();
  readonly #listeners: SrtSocket[] = [];
  #receiver: SrtlaReceiver | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#streams = options.config.streams.map((stream) => new Stream(stream, options.onNotice, options.log));
  }

  /** @throws FatalError when a port is taken. */
  start(): void {
    const { config, onNotice, log } = this.#options;
    const inner = this.#listen('127.0.0.1', 0, 'gateway.srtlaPort', behindSrtla);
    const innerPlain = this.#listen('127.0.0.1', 0, 'gateway.srtlaPort', plain);
    if (config.srtPort !== undefined) this.#listen(config.host, config.srtPort, 'gateway.srtPort', plain);
    this.#receiver = new SrtlaReceiver({
      host: config.host,
      port: config.srtlaPort,
      forwardTo: { address: '127.0.0.1', port: inner.localPort() },
      forwardPlainTo: { address: '127.0.0.1', port: innerPlain.localPort() },
      onNotice,
      log: log.child({ part: 'srtla' }),
    });
    this.#receiver.start();
    this.#timer = setInterval(() => this.#turn(monoMs()), turnMs);
    const also = config.srtPort === undefined ? '' : `, SRT on ${config.host}:${config.srtPort}`;
    onNotice(
      notice({
        severity: 'info',
        subject: { kind: 'gateway', id: 'gateway' },
        what: 'gateway.state',
        to: 'running',
        reason: 'started',
        text: `the gateway listens: SRTLA and SRT on ${config.host}:${config.srtlaPort}${also}`,
      }),
    );
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#receiver?.stop();
    await Promise.all([...this.#listeners.map((listener) => listener.close()), ...this.#streams.map((stream) => stream.close())]);
  }

  #listen(host: string, port: number, setting: string, more: SrtOptions): SrtSocket {
    const { latencyMs, passphrase } = this.#options.config;
    const listener = SrtSocket.open({ latencyMs, passphrase, peerIdleTimeoutMs: 5000, acceptGroups: srtLibrary().bonding, ...more });
    try {
      listener.bind(host, port);
      listener.listen(backlog);
    } catch (error) {
      void listener.close();
      throw new FatalError(exitCode.system, `${(error as Error).message}: end the other program, or give ${setting} another port`);
    }
    this.#listeners.push(listener);
    return listener;
  }

  #turn(nowMs: number): void {
    for (const listener of this.#listeners) for (let sender = listener.accept(); sender !== null; sender = listener.accept()) this.#accept(sender, nowMs);
    for (const stream of this.#streams) stream.turn(this.#batch, nowMs);
  }

  #accept(sender: SrtSocket, nowMs: number): void {
    const id = sender.streamId();
    const stream =
      this.#streams.find(({ config }) => config.streamId !== undefined && config.streamId === id) ??
      this.#streams.find(({ config }) => config.streamId === undefined);
    const peer = sender.peer === null ? 'somebody' : `${sender.peer.address}:${sender.peer.port}`;
    if (stream === undefined) this.#refuse(sender, `${peer} was refused: no stream has its stream id`);
    else if (!stream.take(sender, nowMs)) this.#refuse(sender, `${peer} was refused: stream ${stream.config.id} has as many senders as it may`);
  }

  #refuse(sender: SrtSocket, text: string): void {
    void sender.close();
    this.#options.onNotice(notice({ severity: 'warning', subject: { kind: 'gateway', id: 'gateway' }, what: 'gateway.refusal', reason: 'rejected', text }));
  }
}
