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

/** A sender that has sent nothing for this long gives way to one that calls: it is most likely the same one, come back. */
export const senderSilentMs = 500;

type StreamConfig = GatewayConfig['streams'][number];

export class Stream {
  readonly config: StreamConfig;
  readonly #outputs: Output[];
  readonly #onNotice: (one: Notice) => void;
  #sender: SrtSocket | null = null;
  #heardMs = 0;
  bytes = 0;

  constructor(config: StreamConfig, onNotice: (one: Notice) => void, log: Logger) {
    this.config = config;
    this.#onNotice = onNotice;
    this.#outputs = config.outputs.map((output) => makeOutput(config.id, output, onNotice, log));
  }

  /** Takes a new sender unless another one is sending. False: refused. */
  take(sender: SrtSocket, nowMs: number): boolean {
    const old = this.#sender;
    if (old !== null && old.state() === 'connected' && nowMs - this.#heardMs < senderSilentMs) return false;
    if (old !== null) void old.close();
    this.#sender = sender;
    this.#heardMs = nowMs;
    const from = sender.peer === null ? '' : ` from ${sender.peer.address}:${sender.peer.port}`;
    this.#tell(
      'info',
      old === null ? 'waiting' : 'receiving',
      'receiving',
      'connected',
      `stream ${this.config.id}: a sender has connected${from}${old === null ? '' : ' in place of one that had gone silent'}`,
    );
    return true;
  }

  /** Moves what has come in to the outputs. */
  turn(batch: ReceiveBatch, nowMs: number): void {
    const sender = this.#sender;
    if (sender !== null) this.#receive(sender, batch, nowMs);
    for (const output of this.#outputs) output.flush(nowMs);
  }

  async close(): Promise<void> {
    await Promise.all([this.#sender?.close(), ...this.#outputs.map((output) => output.close())]);
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
