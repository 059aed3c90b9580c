/**
 * The SRTLA sender: takes the packets of a local SRT caller and spreads them over links to one receiver. The I/O shell around
 * the scheduler; a turn each few milliseconds moves everything in batches, with no callback and no allocation a packet.
 */
import { randomBytes } from 'node:crypto';
import { monoMs } from '../../clock.ts';
import type { PathSeen } from '../../engine/path.ts';
import type { Logger } from '../../log.ts';
import type { Notice } from '../../model/event.ts';
import type { Reason } from '../../model/reasons.ts';
import type { PathState, PathStatus } from '../../model/status.ts';
import { type PeerHandle, UdpBatchSocket } from '../udp/socket.ts';
import type { Outlet } from './bond-options.ts';
import { Link, type LinkPath } from './link.ts';
import { linkNotice, linkSeen } from './link-words.ts';
import { backOffMs, Registration, registerAgainMs } from './registration.ts';
import { Bond } from './scheduler.ts';
import * as wire from './wire.ts';

/** Packets wait half of it in the mean; a tenth of the shortest round trip that matters. */
const turnMs = 2;
/** A suspect link is out of use at once; people are told when it is more than a hiccup. */
const tellSilentMs = 300;
/** Nothing at all heard for this long: the path registers again, in case the receiver dropped it. */
const silentMsMax = 2000;
const reopenEveryMs = 500;
/** Every link is told of a forgotten group: what comes within this of the first telling is about the same one. */
const forgottenOnceMs = 1000;
/** Idle links are asked each 200 ms: a link that was proved this lately belongs to a group that the receiver knows. */
const deliversMs = 500;
/** Of the payloads that may be on their way through libsrt. A power of two. */
const marksKept = 4096;
/** Packets that are remembered for longer than they are of use: reports come late. */
const keptMs = 1000;
const packetBytes = 1316;
const localBufferBytes = 4 * 1024 * 1024;

export interface SrtlaSenderOptions {
  /** Id of the destination, for statuses. */
  destination: string;
  mode: 'bonded' | 'redundant';
  paths: LinkPath[];
  /** SRT latency: what arrives later is worth nothing. */
  latencyMs: number;
  /** Second copies of what matters, at most this share of the program. */
  duplicateShare: number;
  /** The most that the program may take. */
  kbpsMax: number;
  /** The receiver does not know the group any more: it was started anew, and with it the SRT session is gone. */
  onGroupLost(): void;
  onNotice(one: Notice): void;
  log: Logger;
}

export class SrtlaSender implements Outlet {
  readonly #options: SrtlaSenderOptions;
  readonly #links: Link[];
  readonly #bond: Bond;
  /** By message number: a key frame, audio or tables. */
  readonly #marks = new Uint8Array(marksKept);
  readonly #registration = new Registration(randomBytes);
  readonly #scratch = Buffer.alloc(512);
  #local: UdpBatchSocket | null = null;
  #caller: PeerHandle | null = null;
  #timer: NodeJS.Timeout | undefined;
  #nowMs = 0;
  #lastAckNumber = -1;
  #forgottenMs = Number.NEGATIVE_INFINITY;

  constructor(options: SrtlaSenderOptions) {
    this.#options = options;
    const { latencyMs, duplicateShare, kbpsMax, paths, mode } = options;
    this.#bond = new Bond(
      { latencyMs, duplicateShare, redundant: mode === 'redundant', packets: ((latencyMs + keptMs) * kbpsMax) / 8 / packetBytes },
      paths.map(({ terms }) => terms),
    );
    this.#links = this.#bond.carriers.map((carrier, index) => new Link(paths[index] as LinkPath, carrier));
  }

  /** Opens the UDP port on 127.0.0.1 that the SRT caller connects to, and returns it. */
  start(): number {
    this.#local = UdpBatchSocket.open({ host: '127.0.0.1', receiveBufferBytes: localBufferBytes, sendBufferBytes: localBufferBytes });
    this.#timer = setInterval(() => this.turn(monoMs()), turnMs);
    return this.#local.port;
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const link of this.#links) link.close();
    this.#local?.close();
    this.#local = null;
    this.#bond.packets.end();
  }

  /** At least one link was accepted. */
  get registered(): boolean {
    return this.#links.some(({ carrier }) => carrier.usable);
  }

  status(nowMs: number): PathStatus[] {
    return this.#links.map((link, index) => link.status(this.#options.destination, this.#bond.packets.inFlight[index] ?? 0, nowMs));
  }

  /** For the pin on a path. */
  seen(): PathSeen[] {
    return this.#links.map(linkSeen);
  }

  /** The one path that is to carry everything while it works; null: all of them. */
  keepTo(pathId: string | null): void {
    this.#bond.failover.only = pathId === null ? -1 : this.#links.findIndex(({ path }) => path.id === pathId);
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

  /** The name resolves to another address now: the link registers from there on. */
  setRemote(pathId: string, remote: { address: string; port: number }): void {
    const link = this.#links.find(({ path }) => path.id === pathId);
    if (link === undefined || (link.path.remote.address === remote.address && link.path.remote.port === remote.port)) return;
    link.path.remote = remote;
    this.#drop(link, 'config-changed', monoMs());
  }

  /**
   * The kernel's word on a path: the name that its interface has now, another address there, or why it cannot carry anything. The socket is made anew at
   * once, or not before the next word. It is told of by whoever heard it.
   */
  setInterface(pathId: string, name: string | null, held: Reason | null): void {
    const link = this.#links.find(({ path }) => path.id === pathId);
    if (link === undefined) return;
    Object.assign(link.path, { interface: name, held });
    link.close();
    link.reopenAtMs = Number.NEGATIVE_INFINITY;
    this.#bond.fell(this.#links.indexOf(link), monoMs());
    Object.assign(link, { state: 'down', reason: held ?? 'address-changed', sinceMs: monoMs() });
  }

  get links(): readonly Link[] {
    return this.#links;
  }

  /** The address that a path is sent to. */
  remoteOf(pathId: string): string | undefined {
    return this.#links.find(({ path }) => path.id === pathId)?.path.remote.address;
  }

  /** Moves all packets that wait, in both directions. */
  turn(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#bond.begin(nowMs);
    for (let index = 0; index < this.#links.length; index++) {
      const link = this.#links[index] as Link;
      this.#keep(link, nowMs);
      this.#receive(link, index, nowMs);
    }
    this.#takeFromCaller(nowMs);
    this.#bond.turn(nowMs, this);
    for (const link of this.#links) {
      // After the packets: an answer then tells of them too.
      if (link.carrier.usable && link.carrier.pulse.askDue(nowMs)) this.#keepalive(link, nowMs);
      this.#flush(link, nowMs);
    }
    this.#local?.flush();
  }

  put(index: number, bytes: Buffer, offset: number, length: number): boolean {
    return this.#links[index]?.queue(bytes, offset, length, this.#nowMs) ?? false;
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
        return this.#registered(link, type, bytes, offset, length, nowMs);
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

  #registered(link: Link, type: number, bytes: Buffer, offset: number, length: number, nowMs: number): void {
    switch (type) {
      case wire.srtlaType.reg2: {
        const id = wire.registrationId(bytes, offset, length);
        if (id !== null && this.#registration.offered(id)) for (const one of this.#links) one.registerAtMs = nowMs;
        return;
      }
      case wire.srtlaType.reg3:
        // One that was only silent proves itself by its answers.
        if (!link.carrier.usable) link.carrier.accepted(nowMs);
        if (link.carrier.pulse.suspect) return;
        return this.#become(link, 'up', 'connected', nowMs);
      case wire.srtlaType.regNgp:
        if (this.#othersDeliver(link, nowMs)) return this.#forgottenAlone(link, nowMs);
        if (nowMs - this.#forgottenMs < forgottenOnceMs) return;
        this.#forgottenMs = nowMs;
        this.#registration.forgotten();
        this.#options.onGroupLost();
        for (const one of this.#links) {
          one.carrier.usable = false;
          one.registerAtMs = nowMs;
          if (one.socket !== null) this.#become(one, 'registering', 'registering', nowMs);
        }
        return;
      case wire.srtlaType.regErr:
        link.registerAtMs = nowMs + backOffMs;
        return this.#become(link, 'registering', 'gateway-full', nowMs);
      default:
        link.registerAtMs = nowMs + backOffMs;
        this.#options.log.warn({ path: link.path.id, said: wire.refusalText(bytes, offset, length) }, 'registration refused');
        return this.#become(link, 'registering', 'registration-refused', nowMs);
    }
  }

  /** The receiver drops a link that was silent for some 10 s, and keeps the group: while another link delivers, only this one joins again. */
  #forgottenAlone(link: Link, nowMs: number): void {
    if (link.carrier.usable) {
      link.carrier.usable = false;
      this.#bond.fell(this.#links.indexOf(link), nowMs);
      link.registerAtMs = nowMs;
    }
    this.#become(link, 'registering', 'registering', nowMs);
  }

  #othersDeliver(link: Link, nowMs: number): boolean {
    return this.#links.some((other) => other !== link && other.carrier.sound && nowMs - other.carrier.pulse.provedMs < deliversMs);
  }

  /** Whatever a link needs besides packets: a socket, a registration, a sign of life. */
  #keep(link: Link, nowMs: number): void {
    if (link.socket === null) {
      if (link.path.held != null) return this.#hold(link, link.path.held, nowMs);
      if (nowMs < link.reopenAtMs) return;
      link.reopenAtMs = nowMs + reopenEveryMs;
      const failure = link.open();
      if (failure !== null) return this.#become(link, 'down', failure, nowMs);
      link.carrier.pulse.start(nowMs);
      link.registerAtMs = nowMs;
      this.#become(link, 'registering', 'registering', nowMs);
    }
    const { pulse, usable } = link.carrier;
    if (link.state === 'up' && pulse.suspect && nowMs - pulse.suspectSinceMs >= tellSilentMs) {
      this.#become(link, 'silent', 'path-silent', nowMs);
      link.registerAtMs = nowMs + silentMsMax - tellSilentMs;
    } else if (link.state === 'silent' && usable && !pulse.suspect) this.#become(link, 'up', 'recovered', nowMs);
    if (link.state !== 'up' && nowMs >= link.registerAtMs) this.#register(link, nowMs);
  }

  #hold(link: Link, reason: Reason, nowMs: number): void {
    if (link.reason !== reason) Object.assign(link, { state: 'down', reason, sinceMs: nowMs });
  }

  #register(link: Link, nowMs: number): void {
    link.registerAtMs = nowMs + registerAgainMs;
    const { id, toSend } = this.#registration;
    const length = wire.writeRegistration(this.#scratch, id === null ? wire.srtlaType.reg1 : wire.srtlaType.reg2, toSend);
    link.queue(this.#scratch, 0, length, nowMs);
  }

  #keepalive(link: Link, nowMs: number): void {
    const { carrier } = link;
    const index = this.#links.indexOf(link);
    carrier.pulse.asked(nowMs);
    const length = wire.writeKeepalive(this.#scratch, nowMs, {
      linkId: index,
      window: Math.round((carrier.capacity.windowBytes(nowMs, 0) / packetBytes) * 1000),
      inFlight: this.#bond.packets.inFlight[index] ?? 0,
      rttMs: Math.round(carrier.capacity.rttMs ?? 0),
      naks: carrier.lostPackets,
      bytesPerSecond: Math.round(carrier.capacity.recentKbps(nowMs) * 125),
    });
    carrier.spent(length);
    link.queue(this.#scratch, 0, length, nowMs);
  }

  #flush(link: Link, nowMs: number): void {
    const { socket } = link;
    if (socket === null || socket.queued === 0) return;
    socket.flush();
    if (socket.sendErrors === link.sendErrorsBefore) return;
    link.sendErrorsBefore = socket.sendErrors;
    const code = socket.lastErrorCode;
    // A refusal from the far end is no fault of this network; anything else is, and at once.
    if (code === 'ECONNREFUSED' || code === null) return;
    this.#drop(link, code === 'ENODEV' || code === 'ENXIO' ? 'interface-missing' : code === 'EADDRNOTAVAIL' ? 'no-address' : 'send-error', nowMs);
  }

  #drop(link: Link, reason: Reason, nowMs: number): void {
    link.close();
    link.reopenAtMs = nowMs + reopenEveryMs;
    this.#bond.fell(this.#links.indexOf(link), nowMs);
    this.#become(link, 'down', reason, nowMs);
  }

  #become(link: Link, state: PathState, reason: Reason, nowMs: number): void {
    if (link.state === state && link.reason === reason) return;
    const from = link.state;
    const tookMs = link.sinceMs === 0 ? null : Math.round(nowMs - link.sinceMs);
    link.state = state;
    link.reason = reason;
    link.sinceMs = nowMs;
    this.#options.onNotice(
      linkNotice(link, { destination: this.#options.destination, from, tookMs, inFlight: this.#bond.packets.inFlight[this.#links.indexOf(link)] ?? 0 }, nowMs),
    );
  }
}
