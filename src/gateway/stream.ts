/** One accepted stream: which sender feeds it, and where it goes. */
import type { GatewayConfig } from '../config/schema.ts';
import type { Logger } from '../log.ts';
import { type Notice, notice } from '../model/event.ts';
import { packetBytes, syncByte } from '../switcher/mpegts/packet.ts';
import type { ReceiveBatch } from '../uplink/srt/memory.ts';
import type { SrtSocket } from '../uplink/srt/socket.ts';
import { FileOutput } from './outputs/file.ts';
import type { Output } from './outputs/output.ts';
import { SrtOutput } from './outputs/srt.ts';
import { UdpOutput } from './outputs/udp.ts';

/**
 * A sender that is silent for this long while another one waits gives way to it: most likely it is the same one, come back.
 * libsrt hands packets out in the rhythm in which they were sent, so a live stream never pauses for five pictures.
 */
const silentMsMax = 150;
/** What a dead sender sent last is still handed out for its latency; whoever sends after that is alive. */
const waitMsMax = 5000;

type StreamConfig = GatewayConfig['streams'][number];

export class Stream {
  readonly config: StreamConfig;
  readonly #outputs: Output[];
  readonly #onNotice: (one: Notice) => void;
  #sender: SrtSocket | null = null;
  #heardMs = 0;
  #candidate: SrtSocket | null = null;
  #candidateMs = 0;
  bytes = 0;

  constructor(config: StreamConfig, onNotice: (one: Notice) => void, log: Logger) {
    this.config = config;
    this.#onNotice = onNotice;
    this.#outputs = config.outputs.map((output) => makeOutput(config.id, output, onNotice, log));
  }

  /** A new sender: takes over at once, or waits to see whether the one before is dead; meanwhile libsrt keeps what it sends. False: there is no room. */
  take(sender: SrtSocket, nowMs: number): boolean {
    if (this.#candidate !== null && this.#candidate.state() === 'connected') return false;
    void this.#candidate?.close();
    this.#candidate = sender;
    this.#candidateMs = nowMs;
    this.#judge(nowMs);
    return true;
  }

  /** Moves what has come in to the outputs. */
  turn(batch: ReceiveBatch, nowMs: number): void {
    if (this.#sender !== null) this.#receive(this.#sender, batch, nowMs);
    this.#judge(nowMs);
    for (const output of this.#outputs) output.flush(nowMs);
  }

  async close(): Promise<void> {
    await Promise.all([this.#sender?.close(), this.#candidate?.close(), ...this.#outputs.map((output) => output.close())]);
  }

  #judge(nowMs: number): void {
    const candidate = this.#candidate;
    if (candidate === null) return;
    const old = this.#sender;
    const peer = candidate.peer === null ? 'somebody' : `${candidate.peer.address}:${candidate.peer.port}`;
    if (old !== null && old.state() === 'connected' && nowMs - this.#heardMs < silentMsMax) {
      if (nowMs - this.#candidateMs < waitMsMax) return;
      this.#candidate = null;
      void candidate.close();
      return this.#tell('warning', 'receiving', 'receiving', 'rejected', `stream ${this.config.id}: ${peer} was refused, since another sender is live`);
    }
    void old?.close();
    this.#sender = candidate;
    this.#candidate = null;
    // Its first packet comes out when its latency is over: until then silence means nothing.
    this.#heardMs = nowMs + (candidate.stats()?.receiveLatencyMs ?? 0);
    this.#tell(
      'info',
      old === null ? 'waiting' : 'receiving',
      'receiving',
      'connected',
      `stream ${this.config.id}: ${peer} sends${old === null ? '' : ' in place of one that had gone silent'}`,
    );
  }

  #receive(sender: SrtSocket, batch: ReceiveBatch, nowMs: number): void {
    for (let count = sender.receive(batch); count !== 0; count = sender.receive(batch)) {
      if (count < 0) return this.#lost(sender);
      this.#heardMs = nowMs;
      for (let i = 0; i < count; i++) this.#pass(batch.bytes, batch.offsetOf(i), batch.lengths[i] as number);
      if (count < batch.slots) return;
    }
  }

  /** Only whole MPEG-TS packets leave here, whatever came in. */
  #pass(bytes: Buffer, offset: number, length: number): void {
    const whole = length - (length % packetBytes);
    if (whole === 0 || bytes[offset] !== syncByte) return;
    this.bytes += whole;
    for (const output of this.#outputs) output.write(bytes, offset, whole);
  }

  #lost(sender: SrtSocket): void {
    this.#sender = null;
    void sender.close();
    this.#tell('warning', 'receiving', 'waiting', 'session-closed', `stream ${this.config.id}: its sender is gone`);
  }

  #tell(severity: Notice['severity'], from: string, to: string, reason: Notice['reason'], text: string): void {
    this.#onNotice(notice({ severity, subject: { kind: 'gateway', id: this.config.id }, what: 'gateway.stream', from, to, reason, text }));
  }
}

function makeOutput(stream: string, config: StreamConfig['outputs'][number], onNotice: (one: Notice) => void, log: Logger): Output {
  switch (config.kind) {
    case 'udp':
      return new UdpOutput(config);
    case 'srt':
      return new SrtOutput({ stream, config, onNotice, log });
    case 'file':
      return new FileOutput({ stream, config, onNotice });
  }
}
