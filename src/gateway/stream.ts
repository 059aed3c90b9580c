/** One accepted stream: which senders feed it, and where it goes. */
import type { GatewayConfig } from '../config/schema.ts';
import type { Logger } from '../log.ts';
import { type Notice, notice } from '../model/event.ts';
import { packetBytes, syncByte } from '../switcher/mpegts/packet.ts';
import type { ReceiveBatch } from '../uplink/srt/memory.ts';
import type { SrtSocket } from '../uplink/srt/socket.ts';
import { Join, type Member, silentMsMax } from './join.ts';
import { FileOutput } from './outputs/file.ts';
import type { Output } from './outputs/output.ts';
import { SrtOutput } from './outputs/srt.ts';
import { UdpOutput } from './outputs/udp.ts';

/** A box has a connection a path, and for a moment those of its next mode beside them. Those that have ended do not count. */
const sendersMax = 8;

/** What a connection that has ended still holds comes out within its latency, and this on top for the way and the clocks. */
const endedSpareMs = 1000;

interface Sender {
  socket: SrtSocket;
  member: Member;
  /** libsrt's number of the packet that should come next; −1 before the first. */
  sequence: number;
  /** Its connection has ended: what it still holds comes out until then. */
  endsMs: number;
}

type StreamConfig = GatewayConfig['streams'][number];

export class Stream {
  readonly config: StreamConfig;
  readonly #outputs: Output[];
  readonly #onNotice: (one: Notice) => void;
  readonly #senders: Sender[] = [];
  readonly #join = new Join((bytes, offset, length) => this.#pass(bytes, offset, length));
  bytes = 0;

  constructor(config: StreamConfig, onNotice: (one: Notice) => void, log: Logger) {
    this.config = config;
    this.#onNotice = onNotice;
    this.#outputs = config.outputs.map((output) => makeOutput(config.id, output, onNotice, log));
  }

  /** Another sender. False: there is no room. */
  take(socket: SrtSocket, nowMs: number): boolean {
    if (this.#senders.filter(({ endsMs }) => endsMs === Number.POSITIVE_INFINITY).length >= sendersMax) return false;
    const address = socket.peer === null ? 'somebody' : `${socket.peer.address}:${socket.peer.port}`;
    const peer = socket.isGroup ? `a group from ${address}` : address;
    const member = this.#join.add(peer, socket.receiveLatencyMs(), nowMs);
    this.#senders.push({ socket, member, sequence: -1, endsMs: Number.POSITIVE_INFINITY });
    if (this.#join.leader === member) this.#tellLeads(member, null);
    return true;
  }

  /** Moves what has come in to the outputs. */
  turn(batch: ReceiveBatch, nowMs: number): void {
    // The one that leads first: what the others hold is measured by it.
    const leader = this.#senders.find(({ member }) => member === this.#join.leader);
    if (leader !== undefined) this.#receive(leader, batch, nowMs);
    for (const sender of [...this.#senders]) if (sender !== leader) this.#receive(sender, batch, nowMs);
    this.#judge(nowMs);
    for (const output of this.#outputs) output.flush(nowMs);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#senders.map(({ socket }) => socket.close()), ...this.#outputs.map((output) => output.close())]);
  }

  #judge(nowMs: number): void {
    const verdict = this.#join.judge(nowMs);
    if (verdict === null) return;
    if (verdict.kind === 'leads') return this.#tellLeads(verdict.member, verdict.before);
    const { id } = this.config;
    const stranger = this.#senders.find(({ member }) => member === verdict.member);
    if (stranger !== undefined) this.#forget(stranger);
    this.#tell('warning', 'receiving', 'receiving', 'rejected', `stream ${id}: ${verdict.member.peer} was refused, since another sender is live`);
  }

  #tellLeads(member: Member, before: Member | null): void {
    const instead = before === null ? '' : ' in place of one that had gone silent';
    this.#tell('info', before === null ? 'waiting' : 'receiving', 'receiving', 'connected', `stream ${this.config.id}: ${member.peer} sends${instead}`);
  }

  #receive(sender: Sender, batch: ReceiveBatch, nowMs: number): void {
    const { socket, member } = sender;
    for (let count = socket.receive(batch); count !== 0; count = socket.receive(batch)) {
      if (count < 0) return this.#ended(sender, nowMs);
      for (let i = 0; i < count; i++) {
        const sequence = batch.sequences[i] as number;
        const holed = sender.sequence >= 0 && sequence !== sender.sequence && !socket.isGroup;
        sender.sequence = nextSequence(sequence);
        this.#join.bring(member, batch.bytes, batch.offsetOf(i), batch.lengths[i] as number, nowMs, holed);
      }
      if (count < batch.slots) return;
    }
    // A group without members answers nothing, not even that it is broken.
    if (socket.isGroup && socket.state() !== 'connected' && nowMs - member.heardMs > silentMsMax) this.#lost(sender, nowMs);
  }

  /** libsrt goes on handing out what a connection that has ended holds, each packet at its time, while whoever asks before that is told that it is broken. */
  #ended(sender: Sender, nowMs: number): void {
    const { socket, member } = sender;
    sender.endsMs = Math.min(sender.endsMs, nowMs + member.latencyMs + endedSpareMs);
    if (socket.isGroup || socket.state() === 'closed' || nowMs >= sender.endsMs) this.#lost(sender, nowMs);
  }

  /** Only whole MPEG-TS packets leave here, whatever came in. */
  #pass(bytes: Buffer, offset: number, length: number): void {
    const whole = length - (length % packetBytes);
    if (whole === 0 || bytes[offset] !== syncByte) return;
    this.bytes += whole;
    for (const output of this.#outputs) output.write(bytes, offset, whole);
  }

  #lost(sender: Sender, nowMs: number): void {
    const led = sender.member === this.#join.leader;
    this.#forget(sender);
    if (led && !this.#join.isSucceeded(nowMs)) this.#tell('warning', 'receiving', 'waiting', 'session-closed', `stream ${this.config.id}: its sender is gone`);
  }

  #forget(sender: Sender): void {
    this.#join.remove(sender.member);
    this.#senders.splice(this.#senders.indexOf(sender), 1);
    void sender.socket.close();
  }

  #tell(severity: Notice['severity'], from: string, to: string, reason: Notice['reason'], text: string): void {
    this.#onNotice(notice({ severity, subject: { kind: 'gateway', id: this.config.id }, what: 'gateway.stream', from, to, reason, text }));
  }
}

/** 31 bits (draft-sharabayko-srt, 3.1). */
const nextSequence = (sequence: number): number => (sequence + 1) & 0x7fff_ffff;

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
