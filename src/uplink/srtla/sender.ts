/**
 * The SRTLA sender: takes the packets of a local SRT caller and spreads them over links to one receiver. The I/O shell around
 * the scheduler; a turn each few milliseconds moves everything in batches, with no callback and no allocation a packet.
 */
import { randomBytes } from 'node:crypto';
import { monoMs } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import { type Notice, notice } from '../../model/event.ts';
import { type Reason, reasonTexts } from '../../model/reasons.ts';
import type { PathState, PathStatus } from '../../model/status.ts';
import { type PeerHandle, UdpBatchSocket } from '../udp/socket.ts';
import { InFlight } from './in-flight.ts';
import { Link, type LinkPath } from './link.ts';
import { backOffMs, Registration, registerAgainMs } from './registration.ts';
import { chooseLink, forgive, grow, judgeStall, restore, shrink } from './scheduler.ts';
import * as wire from './wire.ts';

/** Packets wait half of it in the mean; a tenth of the shortest round trip that matters. */
const turnMs = 2;
/** Frequent enough to judge a silent link by, cheap enough for a data plan: 5 × 38 bytes a second. */
const keepaliveEveryMs = 200;
/** Nothing at all heard for this long: the path is told to be silent and registers again, in case the receiver dropped it. */
const silentMsMax = 2000;
const reopenEveryMs = 500;
/** Every link is told of a forgotten group: what comes within this of the first telling is about the same one. */
const forgottenOnceMs = 1000;
const secondMs = 1000;
const localBufferBytes = 4 * 1024 * 1024;

export interface SrtlaSenderOptions {
  /** Id of the destination, for statuses. */
  destination: string;
  mode: 'bonded' | 'redundant';
  paths: LinkPath[];
  /** The receiver does not know the group any more: it was started anew, and with it the SRT session is gone. */
  onGroupLost(): void;
  onNotice(one: Notice): void;
  log: Logger;
}

export class SrtlaSender {
  readonly #options: SrtlaSenderOptions;
  readonly #links: Link[];
  /** The scheduler's view of the links, in their order. */
  readonly #figures: Link['figures'][];
  readonly #inFlight = new InFlight();
  readonly #registration = new Registration(randomBytes);
  readonly #scratch = Buffer.alloc(512);
  #local: UdpBatchSocket | null = null;
  #caller: PeerHandle | null = null;
  #timer: NodeJS.Timeout | undefined;
  #previous = -1;
  #secondAtMs = 0;
  #lastAckNumber = -1;
  #forgottenMs = Number.NEGATIVE_INFINITY;

  constructor(options: SrtlaSenderOptions) {
    this.#options = options;
    this.#links = options.paths.map((path) => new Link(path));
    this.#figures = this.#links.map(({ figures }) => figures);
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
  }

  /** At least one link was accepted. */
  get registered(): boolean {
    return this.#links.some(({ figures }) => figures.usable);
  }

  status(nowMs: number): PathStatus[] {
    return this.#links.map((link) => link.status(this.#options.destination, nowMs));
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
    this.#inFlight.forget(this.#links.indexOf(link));
    Object.assign(link, { state: 'down', reason: held ?? 'address-changed', sinceMs: monoMs() });
  }

  /** The address that a path is sent to. */
  remoteOf(pathId: string): string | undefined {
    return this.#links.find(({ path }) => path.id === pathId)?.path.remote.address;
  }

  /** Moves all packets that wait, in both directions. */
  turn(nowMs: number): void {
    for (let index = 0; index < this.#links.length; index++) {
      const link = this.#links[index] as Link;
      link.figures.inFlight = this.#inFlight.counts[index] ?? 0;
      this.#keep(link, nowMs);
      this.#receive(link, index, nowMs);
      judgeStall(link.figures, nowMs);
    }
    this.#takeFromCaller(nowMs);
    for (const link of this.#links) this.#flush(link, nowMs);
    this.#local?.flush();
    if (nowMs >= this.#secondAtMs) {
      this.#secondAtMs = nowMs + secondMs;
      for (const link of this.#links) forgive(link.figures);
    }
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
    this.#inFlight.clear();
    this.#lastAckNumber = -1;
  }

  #send(bytes: Buffer, offset: number, length: number, nowMs: number): void {
    const type = wire.packetType(bytes, offset, length);
    if (!wire.isSrtData(type, length)) {
      // Control packets of the caller (ACKACK, keepalive, handshake) are few and matter: the best link.
      const best = chooseLink(this.#figures, this.#previous, 0);
      if (best >= 0) this.#links[best]?.queue(bytes, offset, length, nowMs);
      return;
    }
    const sequence = wire.dataSequence(bytes, offset);
    const again = wire.isRetransmission(bytes, offset);
    if (this.#options.mode === 'redundant') {
      for (let index = 0; index < this.#links.length; index++)
        if (this.#links[index]?.figures.usable) this.#sendOver(index, bytes, offset, length, sequence, again, nowMs);
      return;
    }
    const best = chooseLink(this.#figures, this.#previous, again ? this.#inFlight.carriersOf(sequence) : 0);
    if (best < 0) return;
    this.#sendOver(best, bytes, offset, length, sequence, again, nowMs);
    if (!again) this.#previous = best;
  }

  #sendOver(index: number, bytes: Buffer, offset: number, length: number, sequence: number, again: boolean, nowMs: number): void {
    const link = this.#links[index] as Link;
    if (!link.queue(bytes, offset, length, nowMs)) return;
    if (again) link.retransmitted++;
    this.#inFlight.sent(sequence, index);
    link.figures.inFlight = this.#inFlight.counts[index] ?? 0;
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
        if (sentMs >= 0) link.measured(nowMs - sentMs);
        return;
      }
      case wire.srtlaType.ack:
        wire.visitAcked(bytes, offset, length, (sequence) => this.#proved(link, index, sequence));
        return;
      case wire.srtlaType.reg2:
      case wire.srtlaType.reg3:
      case wire.srtlaType.regErr:
      case wire.srtlaType.regNgp:
      case wire.srtlaType.regNak:
        return this.#registered(link, type, bytes, offset, length, nowMs);
      case wire.srtType.ack: {
        const sequence = wire.ackedSequence(bytes, offset, length);
        if (sequence >= 0) this.#inFlight.ackedUpTo(sequence);
        break;
      }
      case wire.srtType.nak:
        wire.visitLost(bytes, offset, length, (sequence) => this.#reported(sequence));
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

  #proved(link: Link, index: number, sequence: number): void {
    if (!this.#inFlight.proved(sequence, index)) return;
    link.acked++;
    if (this.#inFlight.wasReported(sequence, index)) restore(link.figures);
    link.figures.inFlight = this.#inFlight.counts[index] ?? 0;
    grow(link.figures);
  }

  #reported(sequence: number): void {
    const owners = this.#inFlight.reported(sequence);
    for (let index = 0; index < this.#links.length; index++) {
      if ((owners & (1 << index)) === 0) continue;
      const link = this.#links[index] as Link;
      link.naked++;
      shrink(link.figures);
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
        link.figures.usable = true;
        link.figures.steadySinceMs = nowMs;
        return this.#become(link, 'up', 'connected', nowMs);
      case wire.srtlaType.regNgp:
        if (nowMs - this.#forgottenMs < forgottenOnceMs) return;
        this.#forgottenMs = nowMs;
        this.#registration.forgotten();
        this.#options.onGroupLost();
        for (const one of this.#links) {
          one.figures.usable = false;
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

  /** Whatever a link needs besides packets: a socket, a registration, a sign of life. */
  #keep(link: Link, nowMs: number): void {
    if (link.socket === null) {
      if (link.path.held != null) return this.#hold(link, link.path.held, nowMs);
      if (nowMs < link.reopenAtMs) return;
      link.reopenAtMs = nowMs + reopenEveryMs;
      const failure = link.open();
      if (failure !== null) return this.#become(link, 'down', failure, nowMs);
      link.figures.heardMs = nowMs;
      link.registerAtMs = nowMs;
      this.#become(link, 'registering', 'registering', nowMs);
    }
    if (nowMs - link.figures.heardMs > silentMsMax && link.state === 'up') {
      this.#become(link, 'silent', 'path-silent', nowMs);
      link.registerAtMs = nowMs;
    } else if (link.state === 'silent' && link.figures.usable && nowMs - link.figures.heardMs < keepaliveEveryMs) this.#become(link, 'up', 'recovered', nowMs);
    if (link.state !== 'up' && nowMs >= link.registerAtMs) this.#register(link, nowMs);
    if (link.figures.usable && nowMs >= link.keepaliveAtMs) this.#keepalive(link, nowMs);
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
    link.keepaliveAtMs = nowMs + keepaliveEveryMs;
    const length = wire.writeKeepalive(this.#scratch, nowMs, {
      linkId: this.#links.indexOf(link),
      window: Math.round(link.figures.window * 1000),
      inFlight: link.figures.inFlight,
      rttMs: Math.round(link.rttMs ?? 0),
      naks: link.naked,
      bytesPerSecond: 0,
    });
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
    this.#inFlight.forget(this.#links.indexOf(link));
    this.#become(link, 'down', reason, nowMs);
  }

  #become(link: Link, state: PathState, reason: Reason, nowMs: number): void {
    if (link.state === state && link.reason === reason) return;
    const from = link.state;
    const tookMs = link.sinceMs === 0 ? null : Math.round(nowMs - link.sinceMs);
    link.state = state;
    link.reason = reason;
    link.sinceMs = nowMs;
    const over = link.path.interface === null ? '' : ` over ${link.path.interface}`;
    this.#options.onNotice(
      notice({
        severity: state === 'up' ? (from === 'registering' ? 'info' : 'clear') : state === 'registering' ? 'info' : 'warning',
        subject: { kind: 'path', id: link.path.id },
        what: 'path.state',
        from,
        to: state,
        reason,
        text: `path ${link.path.id}${over} to ${this.#options.destination}: ${state === 'up' ? 'is up' : reasonTexts[reason]}`,
        measured: {
          rttMs: link.rttMs === null ? null : Math.round(link.rttMs),
          silentMs: Math.round(nowMs - link.figures.heardMs),
          inFlight: link.figures.inFlight,
        },
        tookMs,
      }),
    );
  }
}
