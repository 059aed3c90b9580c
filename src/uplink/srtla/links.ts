/**
 * The links of a sender: what each needs besides packets, and what is told of it. A socket of its own on its path, opened anew when it fails; a place in the
 * group that the receiver knows; signs of life.
 */
import { randomBytes } from 'node:crypto';
import { monoMs } from '../../clock.ts';
import type { PathSeen } from '../../engine/path.ts';
import type { Logger } from '../../log.ts';
import type { Notice } from '../../model/event.ts';
import type { Reason } from '../../model/reasons.ts';
import type { PathState, PathStatus } from '../../model/status.ts';
import { Link, type LinkPath } from './link.ts';
import { linkNotice, linkSeen } from './link-words.ts';
import { backOffMs, Registration, registerAgainMs } from './registration.ts';
import type { Bond } from './scheduler.ts';
import * as wire from './wire.ts';

/** A suspect link is out of use at once; people are told when it is more than a hiccup. */
const tellSilentMs = 300;
/** Nothing at all heard for this long: the path registers again, in case the receiver dropped it. */
const silentMsMax = 2000;
const reopenEveryMs = 500;
/** Every link is told of a forgotten group: what comes within this of the first telling is about the same one. */
const forgottenOnceMs = 1000;
/** Idle links are asked each 200 ms: a link that was proved this lately belongs to a group that the receiver knows. */
const deliversMs = 500;
/** A full payload: seven MPEG-TS packets. */
export const payloadBytesUsual = 1316;

export interface LinksOptions {
  /** Id of the destination, for statuses. */
  destination: string;
  paths: LinkPath[];
  /** The receiver does not know the group any more: it was started anew, and with it the SRT session is gone. */
  onGroupLost(): void;
  onNotice(one: Notice): void;
  log: Logger;
}

export class Links {
  /** In the order of the bond's carriers. */
  readonly all: readonly Link[];
  readonly #options: LinksOptions;
  readonly #bond: Bond;
  readonly #registration = new Registration(randomBytes);
  readonly #scratch = Buffer.alloc(512);
  #forgottenMs = Number.NEGATIVE_INFINITY;

  constructor(options: LinksOptions, bond: Bond) {
    this.#options = options;
    this.#bond = bond;
    this.all = bond.carriers.map((carrier, index) => new Link(options.paths[index] as LinkPath, carrier));
  }

  /** At least one link was accepted. */
  get registered(): boolean {
    return this.all.some(({ carrier }) => carrier.usable);
  }

  status(nowMs: number): PathStatus[] {
    return this.all.map((link, index) => link.status(this.#options.destination, this.#bond.packets.inFlight[index] ?? 0, nowMs));
  }

  /** For the pin on a path. */
  seen(): PathSeen[] {
    return this.all.map(linkSeen);
  }

  /** The name resolves to another address now: the link registers from there on. */
  setRemote(pathId: string, remote: { address: string; port: number }): void {
    const link = this.all.find(({ path }) => path.id === pathId);
    if (link === undefined || (link.path.remote.address === remote.address && link.path.remote.port === remote.port)) return;
    link.path.remote = remote;
    this.#drop(link, 'config-changed', monoMs());
  }

  /**
   * The kernel's word on a path: the name that its interface has now, another address there, or why it cannot carry anything. The socket is made anew at
   * once, or not before the next word. It is told of by whoever heard it.
   */
  setInterface(pathId: string, name: string | null, held: Reason | null): void {
    const link = this.all.find(({ path }) => path.id === pathId);
    if (link === undefined) return;
    Object.assign(link.path, { interface: name, held });
    link.close();
    link.reopenAtMs = Number.NEGATIVE_INFINITY;
    this.#bond.fell(this.all.indexOf(link), monoMs());
    Object.assign(link, { state: 'down', reason: held ?? 'address-changed', sinceMs: monoMs() });
  }

  /** The address that a path is sent to. */
  remoteOf(pathId: string): string | undefined {
    return this.all.find(({ path }) => path.id === pathId)?.path.remote.address;
  }

  /** To be called each turn: opens, registers, tells silence. */
  keep(link: Link, nowMs: number): void {
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

  /** The receiver's word on the registration of `link`. */
  hear(link: Link, type: number, bytes: Buffer, offset: number, length: number, nowMs: number): void {
    switch (type) {
      case wire.srtlaType.reg2: {
        const id = wire.registrationId(bytes, offset, length);
        if (id !== null && this.#registration.offered(id)) for (const one of this.all) one.registerAtMs = nowMs;
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
        for (const one of this.all) {
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
      this.#bond.fell(this.all.indexOf(link), nowMs);
      link.registerAtMs = nowMs;
    }
    this.#become(link, 'registering', 'registering', nowMs);
  }

  #othersDeliver(link: Link, nowMs: number): boolean {
    return this.all.some((other) => other !== link && other.carrier.sound && nowMs - other.carrier.pulse.provedMs < deliversMs);
  }

  #register(link: Link, nowMs: number): void {
    link.registerAtMs = nowMs + registerAgainMs;
    const { id, toSend } = this.#registration;
    const length = wire.writeRegistration(this.#scratch, id === null ? wire.srtlaType.reg1 : wire.srtlaType.reg2, toSend);
    link.queue(this.#scratch, 0, length, nowMs);
  }

  /** After the packets of a turn: an answer then tells of them too. */
  askWhenDue(link: Link, nowMs: number): void {
    const { carrier } = link;
    if (!carrier.usable || !carrier.pulse.askDue(nowMs)) return;
    const index = this.all.indexOf(link);
    carrier.pulse.asked(nowMs);
    const length = wire.writeKeepalive(this.#scratch, nowMs, {
      linkId: index,
      window: Math.round((carrier.capacity.windowBytes(nowMs, 0) / payloadBytesUsual) * 1000),
      inFlight: this.#bond.packets.inFlight[index] ?? 0,
      rttMs: Math.round(carrier.capacity.rttMs ?? 0),
      naks: carrier.lostPackets,
      bytesPerSecond: Math.round(carrier.capacity.recentKbps(nowMs) * 125),
    });
    carrier.spent(length);
    link.queue(this.#scratch, 0, length, nowMs);
  }

  /** Sends what is queued. */
  flush(link: Link, nowMs: number): void {
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
    this.#bond.fell(this.all.indexOf(link), nowMs);
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
      linkNotice(link, { destination: this.#options.destination, from, tookMs, inFlight: this.#bond.packets.inFlight[this.all.indexOf(link)] ?? 0 }, nowMs),
    );
  }
}
