/** One accepted stream: which senders feed it, and where it goes. */
import type { GatewayConfig } from '../config/schema.ts';
import type { Logger } from '../log.ts';
import { type Notice, notice } from '../model/event.ts';
import { packetBytes, syncByte } from '../switcher/mpegts/packet.ts';
import type { ReceiveBatch } from '../uplink/srt/memory.ts';
import type { SrtSocket } from '../uplink/srt/socket.ts';
import { Follower, Merge } from './merge.ts';
import { FileOutput } from './outputs/file.ts';
import type { Output } from './outputs/output.ts';
import { SrtOutput } from './outputs/srt.ts';
import { UdpOutput } from './outputs/udp.ts';

/**
 * A sender that is silent for this long gives way to another that is not: most likely it is the same one, come back or over another path.
 * libsrt hands packets out in the rhythm in which they were sent, so a live stream never pauses for five pictures.
 */
const silentMsMax = 150;
/** Another program on the same stream is refused after it: what a dead sender sent last is still handed out for its latency. */
const strangerMsMax = 5000;
/** A box has a connection a path, and for a moment those of its next mode beside them. */
const sendersMax = 8;

interface Sender {
  socket: SrtSocket;
  peer: string;
  follower: Follower;
  /** When it last brought something; the future while its first packet cannot be out yet. */
  heardMs: number;
  /** When it brought the first payload that nobody else has; null before. */
  firstMs: number | null;
}

type StreamConfig = GatewayConfig['streams'][number];

export class Stream {
  readonly config: StreamConfig;
  readonly #outputs: Output[];
  readonly #onNotice: (one: Notice) => void;
  readonly #senders: Sender[] = [];
  readonly #merge = new Merge((bytes, offset, length) => this.#pass(bytes, offset, length));
  #leader: Sender | null = null;
  bytes = 0;

  constructor(config: StreamConfig, onNotice: (one: Notice) => void, log: Logger) {
    this.config = config;
    this.#onNotice = onNotice;
    this.#outputs = config.outputs.map((output) => makeOutput(config.id, output, onNotice, log));
  }

  /** Another sender: leads at once where nobody does, else it is held beside the one that leads. False: there is no room. */
  take(socket: SrtSocket, nowMs: number): boolean {
    if (this.#senders.length >= sendersMax) return false;
    const address = socket.peer === null ? 'somebody' : `${socket.peer.address}:${socket.peer.port}`;
    const peer = socket.isGroup ? `a group from ${address}` : address;
    // Its first packet comes out when its latency is over: until then silence means nothing.
    const sender = { socket, peer, follower: new Follower(), heardMs: nowMs + socket.receiveLatencyMs(), firstMs: null };
    this.#senders.push(sender);
    if (this.#leader === null) this.#lead(sender, nowMs);
    return true;
  }

  /** Moves what has come in to the outputs. */
  turn(batch: ReceiveBatch, nowMs: number): void {
    // The one that leads first: what the others hold is measured by it.
    if (this.#leader !== null) this.#receive(this.#leader, batch, nowMs);
    for (const sender of [...this.#senders]) if (sender !== this.#leader) this.#receive(sender, batch, nowMs);
    this.#judge(nowMs);
    for (const output of this.#outputs) output.flush(nowMs);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#senders.map(({ socket }) => socket.close()), ...this.#outputs.map((output) => output.close())]);
  }

  #judge(nowMs: number): void {
    const leader = this.#leader;
    const silent = leader === null || nowMs - leader.heardMs > silentMsMax || leader.follower.brought === 0;
    if (silent) {
      const next = this.#senders.find((sender) => sender !== leader && sender.follower.held.length > 0);
      if (next !== undefined) return this.#lead(next, nowMs);
    }
    for (const sender of this.#senders) {
      const { follower, firstMs } = sender;
      if (sender === this.#leader || silent || firstMs === null || follower.isTwin || nowMs - firstMs < strangerMsMax) continue;
      this.#forget(sender);
      this.#tell('warning', 'receiving', 'receiving', 'rejected', `stream ${this.config.id}: ${sender.peer} was refused, since another sender is live`);
      return;
    }
  }

  #lead(sender: Sender, nowMs: number): void {
    const before = this.#leader;
    this.#leader = sender;
    this.#merge.promote(sender.follower);
    if (sender.follower.brought > 0) sender.heardMs = nowMs;
    // It is measured anew, by the other one.
    if (before !== null) {
      before.follower = new Follower();
      before.firstMs = null;
    }
    const instead = before === null ? '' : ' in place of one that had gone silent';
    this.#tell('info', before === null ? 'waiting' : 'receiving', 'receiving', 'connected', `stream ${this.config.id}: ${sender.peer} sends${instead}`);
  }

  #receive(sender: Sender, batch: ReceiveBatch, nowMs: number): void {
    const { socket, follower } = sender;
    const leads = sender === this.#leader;
    const others = leads ? this.#senders.filter((one) => one !== sender && one.follower.held.length > 0).map((one) => one.follower) : [];
    for (let count = socket.receive(batch); count !== 0; count = socket.receive(batch)) {
      if (count < 0) return this.#lost(sender);
      sender.heardMs = nowMs;
      for (let i = 0; i < count; i++) {
        const offset = batch.offsetOf(i);
        const length = batch.lengths[i] as number;
        if (leads) this.#merge.lead(batch.bytes, offset, length, others);
        else this.#merge.follow(follower, batch.bytes, offset, length);
      }
      if (leads) follower.brought += count;
      else if (follower.held.length > 0) sender.firstMs ??= nowMs;
      if (count < batch.slots) return;
    }
    // A group without members answers nothing, not even that it is broken.
    if (socket.isGroup && socket.state() !== 'connected' && nowMs - sender.heardMs > silentMsMax) this.#lost(sender);
  }

  /** Only whole MPEG-TS packets leave here, whatever came in. */
  #pass(bytes: Buffer, offset: number, length: number): void {
    const whole = length - (length % packetBytes);
    if (whole === 0 || bytes[offset] !== syncByte) return;
    this.bytes += whole;
    for (const output of this.#outputs) output.write(bytes, offset, whole);
  }

  #lost(sender: Sender): void {
    const led = sender === this.#leader;
    this.#forget(sender);
    if (!led) return;
    this.#leader = null;
    const next = this.#senders.find(({ follower }) => follower.held.length > 0);
    if (next === undefined) this.#tell('warning', 'receiving', 'waiting', 'session-closed', `stream ${this.config.id}: its sender is gone`);
  }

  #forget(sender: Sender): void {
    this.#senders.splice(this.#senders.indexOf(sender), 1);
    void sender.socket.close();
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
