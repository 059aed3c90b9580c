/**
 * The SRTLA sender: takes the packets of a local SRT caller and spreads them over links to one receiver. The I/O shell around
 * the scheduler; a turn each few milliseconds moves everything in batches, with no callback and no allocation a packet. What its links need besides packets: `links.ts`.
 */
import { monoMs } from '../../clock.ts';
import { type PeerHandle, UdpBatchSocket } from '../udp/socket.ts';
import type { Outlet } from './bond-options.ts';
import type { Link } from './link.ts';
import { Links, type LinksOptions, payloadBytesUsual } from './links.ts';
import { Bond } from './scheduler.ts';
import * as wire from './wire.ts';

/** Packets wait half of it in the mean; a tenth of the shortest round trip that matters. */
const turnMs = 2;
/** Of the payloads that may be on their way through libsrt. A power of two. */
const marksKept = 4096;
/** Packets that are remembered for longer than they are of use: reports come late. */
const keptMs = 1000;
const localBufferBytes = 4 * 1024 * 1024;

export interface SrtlaSenderOptions extends LinksOptions {
  mode: 'bonded' | 'redundant';
  /** SRT latency: what arrives later is worth nothing. */
  latencyMs: number;
  /** Second copies of what matters, at most this share of the program. */
  duplicateShare: number;
  /** The most that the program may take. */
  kbpsMax: number;
}

export class SrtlaSender implements Outlet {
  readonly links: Links;
  readonly #bond: Bond;
  /** By message number: a key frame, audio or tables. */
  readonly #marks = new Uint8Array(marksKept);
  #local: UdpBatchSocket | null = null;
  #caller: PeerHandle | null = null;
  #timer: NodeJS.Timeout | undefined;
  #nowMs = 0;
  #lastAckNumber = -1;

  constructor(options: SrtlaSenderOptions) {
    const { latencyMs, duplicateShare, kbpsMax, paths, mode } = options;
    this.#bond = new Bond(
      { latencyMs, duplicateShare, redundant: mode === 'redundant', packets: ((latencyMs + keptMs) * kbpsMax) / 8 / payloadBytesUsual },
      paths.map(({ terms }) => terms),
    );
    this.links = new Links(options, this.#bond);
  }

  /** Opens the UDP port on 127.0.0.1 that the SRT caller connects to, and returns it. */
  start(): number {
    this.#local = UdpBatchSocket.open({ host: '127.0.0.1', receiveBufferBytes: localBufferBytes, sendBufferBytes: localBufferBytes });
    this.#timer = setInterval(() => this.turn(monoMs()), turnMs);
    return this.#local.port;
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const link of this.links.all) link.close();
    this.#local?.close();
    this.#local = null;
    this.#bond.packets.end();
  }

  /** The one path that is to carry everything while it works; null: all of them. */
  keepTo(pathId: string | null): void {
    this.#bond.failover.only = pathId === null ? -1 : this.links.all.findIndex(({ path }) => path.id === pathId);
  }

  /** For the choice of the bitrate. */
  get bond(): Bond {
    return this.#bond;
  }

  /** What the payload is that libsrt sends as message `number` (26 bits, from 1 in each session). It is known before it is encrypted. */
  mark(number: number, important: boolean): void {
    this.#marks[number & (marksKept - 1)] = important ? 1 : 0;
  }

  /** As agreed with the receiver. */
  setLatency(latencyMs: number): void {
    this.#bond.latencyMs = latencyMs;
  }

  /** Moves all packets that wait, in both directions. */
  turn(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#bond.begin(nowMs);
    const { links } = this;
    for (let index = 0; index < links.all.length; index++) {
      const link = links.all[index] as Link;
      links.keep(link, nowMs);
      this.#receive(link, index, nowMs);
    }
    this.#takeFromCaller(nowMs);
    this.#bond.turn(nowMs, this);
    for (const link of links.all) {
      links.askWhenDue(link, nowMs);
      links.flush(link, nowMs);
    }
    this.#local?.flush();
  }

  put(index: number, bytes: Buffer, offset: number, length: number): boolean {
    return this.links.all[index]?.queue(bytes, offset, length, this.#nowMs) ?? false;
  }

  #takeFromCaller(nowMs: number): void {
    const local = this.#local;
    if (local === null) return;
    for (let count = local.receive(); count > 0; count = local.receive()) {
      if (this.#caller === null || !local.isFrom(count - 1, this.#caller)) this.#greet(local.peerHandle(count - 1));
      for (let i = 0; i < count; i++) this.#send(local.received, local.offsetOf(i), local.lengthOf(i), nowMs);
    }
  }

  /** Another SRT session begins: its sequence numbers have nothing to do with the last one's. */
  #greet(caller: PeerHandle): void {
    this.#caller = caller;
    this.#bond.clear();
    this.#lastAckNumber = -1;
  }

  #send(bytes: Buffer, offset: number, length: number, nowMs: number): void {
    const type = wire.packetType(bytes, offset, length);
    if (wire.isSrtData(type, length)) {
      const important = this.#marks[wire.messageNumber(bytes, offset) & (marksKept - 1)] === 1;
      this.#bond.accept(bytes, offset, length, important, nowMs);
    } else this.#bond.control(bytes, offset, length, nowMs, this);
  }

  #receive(link: Link, index: number, nowMs: number): void {
    const { socket } = link;
    if (socket === null || link.remote === null) return;
    for (let count = socket.receive(); count > 0; count = socket.receive()) {
      for (let i = 0; i < count; i++) {
        const length = socket.lengthOf(i);
        // Anybody may send to an open port: only the receiver's own address is heard.
        if (length < 2 || !socket.isFrom(i, link.remote)) continue;
        link.heard(length, nowMs);
        this.#hear(link, index, socket.received, socket.offsetOf(i), length, nowMs);
      }
    }
  }

  #hear(link: Link, index: number, bytes: Buffer, offset: number, length: number, nowMs: number): void {
    const type = wire.packetType(bytes, offset, length);
    switch (type) {
      case wire.srtlaType.keepalive: {
        const sentMs = wire.keepaliveTime(bytes, offset, length);
        if (sentMs < 0 || sentMs > nowMs) return;
        link.carrier.pulse.answered(sentMs, nowMs);
        this.#bond.measured(index, nowMs - sentMs, nowMs);
        return;
      }
      case wire.srtlaType.ack:
        link.acked += this.#bond.acked(index, bytes, offset, length, nowMs);
        return;
      case wire.srtlaType.reg2:
      case wire.srtlaType.reg3:
      case wire.srtlaType.regErr:
      case wire.srtlaType.regNgp:
      case wire.srtlaType.regNak:
        return this.links.hear(link, type, bytes, offset, length, nowMs);
      case wire.srtType.ack: {
        const sequence = wire.ackedSequence(bytes, offset, length);
        if (sequence >= 0) this.#bond.acknowledged(sequence);
        break;
      }
      case wire.srtType.nak:
        // What is reported missing is sent again from here, and sooner; the caller need not do it too.
        if (!this.#bond.reported(bytes, offset, length, nowMs)) return;
    }
    this.#toCaller(type, bytes, offset, length);
  }

  #toCaller(type: number, bytes: Buffer, offset: number, length: number): void {
    if (this.#local === null || this.#caller === null) return;
    if (type === wire.srtType.ack) {
      // The receiver sends each ACK over every link: the caller needs it once.
      const number = wire.ackNumber(bytes, offset);
      if (number !== 0 && number === this.#lastAckNumber) return;
      this.#lastAckNumber = number;
    }
    if (!this.#local.queue(bytes, offset, length, this.#caller)) {
      this.#local.flush();
      this.#local.queue(bytes, offset, length, this.#caller);
    }
  }
}
