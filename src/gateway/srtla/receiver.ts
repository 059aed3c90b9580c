/**
 * The SRTLA receiver: one UDP port for many senders, each a group of links. SRT packets go on to an SRT listener over a
 * socket a group, so that libsrt sees one peer that never changes its address. Plain SRT on the same port passes through.
 */
import { randomBytes } from 'node:crypto';
import { monoMs } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import { type Notice, notice } from '../../model/event.ts';
import { exitCode, FatalError } from '../../model/exit.ts';
import * as wire from '../../uplink/srtla/wire.ts';
import { type PeerHandle, type PeerKey, UdpBatchSocket, UdpError } from '../../uplink/udp/socket.ts';
import { type Group, Groups, type ReceiverLink } from './groups.ts';

const turnMs = 2;
const expireEveryMs = 1000;
const bufferBytes = 8 * 1024 * 1024;
/** Senders of plain SRT at one time; the port is open to the world. */
const plainFlowsMax = 64;
const strangersMax = 256;
/** A sender hears of its new address from its kernel within 10 ms. */
const strangerMsMin = 50;
const plainSilentMsMax = 15_000;

export interface SrtlaReceiverOptions {
  host: string;
  port: number;
  /** The SRT listener. */
  forwardTo: { address: string; port: number };
  /** That of plain SRT; default the same. */
  forwardPlainTo?: { address: string; port: number };
  /** Loss reports over all links, not only the one last heard from. Default true. */
  reportEverywhere?: boolean;
  onNotice(one: Notice): void;
  log: Logger;
}

interface PlainFlow {
  peer: PeerHandle;
  socket: UdpBatchSocket;
  heardMs: number;
}

export class SrtlaReceiver {
  readonly #options: SrtlaReceiverOptions;
  readonly #groups = new Groups(randomBytes);
  readonly #plain = new Map<PeerKey, PlainFlow>();
  /** Senders of keepalives that belong to no link, and since when. */
  readonly #strangers = new Map<PeerKey, number>();
  readonly #scratch = Buffer.alloc(512);
  #outside: UdpBatchSocket | null = null;
  #timer: NodeJS.Timeout | undefined;
  #expireAtMs = 0;

  constructor(options: SrtlaReceiverOptions) {
    this.#options = options;
  }

  get port(): number {
    return this.#outside?.port ?? this.#options.port;
  }

  /** @throws FatalError when the port is taken or may not be used. */
  start(): void {
    const { host, port } = this.#options;
    try {
      this.#outside = UdpBatchSocket.open({ host, port, receiveBufferBytes: bufferBytes, sendBufferBytes: bufferBytes });
    } catch (error) {
      const code = error instanceof UdpError ? error.code : 'unknown';
      throw new FatalError(
        exitCode.system,
        `cannot listen on UDP ${host}:${port}: ${code === 'EADDRINUSE' ? 'the port is taken; end the other program, or give gateway.srtlaPort another one' : code}`,
      );
    }
    this.#timer = setInterval(() => this.turn(monoMs()), turnMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#outside?.close();
    for (const group of this.#groups.all) group.socket?.close();
    for (const flow of this.#plain.values()) flow.socket.close();
    this.#outside = null;
  }

  status(nowMs: number): { groups: { links: { address: string; port: number; silentMs: number; packets: number; bytes: number }[] }[]; plain: number } {
    return {
      groups: this.#groups.all.map(({ links }) => ({
        links: links.map(({ peer, heardMs, packets, bytes }) => ({
          address: peer.address,
          port: peer.port,
          silentMs: Math.round(nowMs - heardMs),
          packets,
          bytes,
        })),
      })),
      plain: this.#plain.size,
    };
  }

  turn(nowMs: number): void {
    const outside = this.#outside;
    if (outside === null) return;
    for (let count = outside.receive(); count > 0; count = outside.receive()) {
      for (let i = 0; i < count; i++) this.#fromOutside(outside, i, nowMs);
      for (const group of this.#groups.all) group.socket?.flush();
      for (const flow of this.#plain.values()) flow.socket.flush();
    }
    for (const group of this.#groups.all) this.#fromListener(group);
    for (const flow of this.#plain.values()) this.#relayPlain(flow);
    outside.flush();
    if (nowMs < this.#expireAtMs) return;
    this.#expireAtMs = nowMs + expireEveryMs;
    this.#expire(nowMs);
  }

  #fromOutside(outside: UdpBatchSocket, i: number, nowMs: number): void {
    const length = outside.lengthOf(i);
    if (length < 2) return;
    const offset = outside.offsetOf(i);
    const type = wire.packetType(outside.received, offset, length);
    const link = this.#groups.links.get(outside.peerOf(i));
    if (wire.isSrtla(type)) return this.#srtla(outside, i, type, offset, length, link, nowMs);
    if (link !== undefined) return this.#srt(link, outside.received, type, offset, length, nowMs);
    this.#plainSrt(outside, i, type, offset, length, nowMs);
  }

  #srtla(outside: UdpBatchSocket, i: number, type: number, offset: number, length: number, link: ReceiverLink | undefined, nowMs: number): void {
    switch (type) {
      case wire.srtlaType.keepalive:
        if (link === undefined) return this.#stranger(outside, i, nowMs);
        link.heardMs = link.group.heardMs = nowMs;
        return this.#reply(link.peer, outside.received, offset, length);
      case wire.srtlaType.reg1: {
        const id = wire.registrationId(outside.received, offset, length);
        if (id === null) return;
        const group = this.#groups.register(id, nowMs);
        const bytes =
          group === null ? wire.writeReply(this.#scratch, wire.srtlaType.regErr) : wire.writeRegistration(this.#scratch, wire.srtlaType.reg2, group.id);
        return this.#reply(outside.peerHandle(i), this.#scratch, 0, bytes);
      }
      case wire.srtlaType.reg2:
        return this.#join(outside, i, offset, length, nowMs);
      default:
    }
  }

  /**
   * A sign of life over a link that nobody registered: this receiver was started anew, and the sender need not wait for a time-out to learn
   * it. Or the link has another address just now, and is about to register from there: its last packet before that is no reason to end its group.
   */
  #stranger(outside: UdpBatchSocket, i: number, nowMs: number): void {
    const key = outside.peerOf(i);
    const sinceMs = this.#strangers.get(key);
    if (sinceMs === undefined) {
      if (this.#strangers.size >= strangersMax) this.#strangers.clear();
      this.#strangers.set(key, nowMs);
    } else if (nowMs - sinceMs >= strangerMsMin) this.#reply(outside.peerHandle(i), this.#scratch, 0, wire.writeReply(this.#scratch, wire.srtlaType.regNgp));
  }

  #join(outside: UdpBatchSocket, i: number, offset: number, length: number, nowMs: number): void {
    const id = wire.registrationId(outside.received, offset, length);
    if (id === null) return;
    const peer = outside.peerHandle(i);
    const group = this.#groups.find(id);
    if (group === null) return this.#reply(peer, this.#scratch, 0, wire.writeReply(this.#scratch, wire.srtlaType.regNgp));
    const isNew = !this.#groups.links.has(peer.key);
    const link = this.#groups.join(group, peer, nowMs);
    if (link === null) return this.#reply(peer, this.#scratch, 0, wire.writeReply(this.#scratch, wire.srtlaType.regErr));
    link.heardMs = group.heardMs = nowMs;
    this.#reply(peer, this.#scratch, 0, wire.writeReply(this.#scratch, wire.srtlaType.reg3));
    if (isNew) this.#tell('up', 'connected', `a link from ${peer.address}:${peer.port} joined; its group has ${group.links.length}`);
  }

  #srt(link: ReceiverLink, bytes: Buffer, type: number, offset: number, length: number, nowMs: number): void {
    const { group } = link;
    link.heardMs = group.heardMs = nowMs;
    link.packets++;
    link.bytes += length;
    group.lastHeard = link;
    group.socket ??= this.#openInside();
    if (group.socket === null) return;
    if (!group.socket.queue(bytes, offset, length, null)) {
      group.socket.flush();
      group.socket.queue(bytes, offset, length, null);
    }
    if (!wire.isSrtData(type, length)) return;
    link.sequences[link.sequenceCount++] = wire.dataSequence(bytes, offset);
    if (link.sequenceCount < wire.ackSequences) return;
    link.sequenceCount = 0;
    this.#reply(link.peer, this.#scratch, 0, wire.writeAck(this.#scratch, link.sequences));
  }

  /** ACKs go over all links (each frees what others carried), NAKs too (the sender's retransmission must not wait for a dead link); the rest over the link last heard from. */
  #fromListener(group: Group): void {
    const { socket } = group;
    if (socket === null) return;
    for (let count = socket.receive(); count > 0; count = socket.receive()) {
      for (let i = 0; i < count; i++) {
        const length = socket.lengthOf(i);
        const offset = socket.offsetOf(i);
        const type = wire.packetType(socket.received, offset, length);
        const everywhere = type === wire.srtType.ack || (type === wire.srtType.nak && this.#options.reportEverywhere !== false);
        if (everywhere) for (const link of group.links) this.#reply(link.peer, socket.received, offset, length);
        else if (group.lastHeard !== null) this.#reply(group.lastHeard.peer, socket.received, offset, length);
      }
    }
  }

  #plainSrt(outside: UdpBatchSocket, i: number, type: number, offset: number, length: number, nowMs: number): void {
    const key = outside.peerOf(i);
    let flow = this.#plain.get(key);
    if (flow === undefined) {
      // Only a handshake opens a flow: random bytes from anywhere must cost nothing.
      if (type !== wire.srtType.handshake || length < wire.handshakeBytesMin || this.#plain.size >= plainFlowsMax) return;
      const socket = this.#openInside(this.#options.forwardPlainTo);
      if (socket === null) return;
      flow = { peer: outside.peerHandle(i), socket, heardMs: nowMs };
      this.#plain.set(key, flow);
    }
    flow.heardMs = nowMs;
    if (flow.socket.queue(outside.received, offset, length, null)) return;
    flow.socket.flush();
    flow.socket.queue(outside.received, offset, length, null);
  }

  #relayPlain({ peer, socket }: PlainFlow): void {
    for (let count = socket.receive(); count > 0; count = socket.receive())
      for (let i = 0; i < count; i++) this.#reply(peer, socket.received, socket.offsetOf(i), socket.lengthOf(i));
  }

  #reply(peer: PeerHandle, bytes: Buffer, offset: number, length: number): void {
    const outside = this.#outside;
    if (outside === null || outside.queue(bytes, offset, length, peer)) return;
    outside.flush();
    outside.queue(bytes, offset, length, peer);
  }

  #openInside(connectTo = this.#options.forwardTo): UdpBatchSocket | null {
    try {
      return UdpBatchSocket.open({ host: '127.0.0.1', connectTo, receiveBufferBytes: bufferBytes, sendBufferBytes: bufferBytes });
    } catch (error) {
      this.#options.log.error({ code: error instanceof UdpError ? error.code : undefined }, 'cannot open a socket towards the SRT listener');
      return null;
    }
  }

  #expire(nowMs: number): void {
    for (const group of this.#groups.expire(nowMs)) {
      group.socket?.close();
      if (group.lastHeard !== null || group.socket !== null) this.#tell('down', 'path-silent', 'a sender has been silent for too long and is forgotten');
    }
    for (const [key, flow] of this.#plain) {
      if (nowMs - flow.heardMs <= plainSilentMsMax) continue;
      flow.socket.close();
      this.#plain.delete(key);
    }
  }

  #tell(to: string, reason: Notice['reason'], text: string): void {
    this.#options.onNotice(notice({ severity: 'info', subject: { kind: 'gateway', id: 'srtla' }, what: 'gateway.link', to, reason, text }));
  }
}
