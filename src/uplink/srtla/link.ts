/** One path's socket towards the receiver, and what is known of it. I/O only opens, closes, queues and flushes; judgement is the scheduler's. */
import type { Reason } from '../../model/reasons.ts';
import type { PathState, PathStatus } from '../../model/status.ts';
import { RateMeter } from '../../rate-meter.ts';
import { type PeerHandle, UdpBatchSocket, UdpError } from '../udp/socket.ts';
import { type PacketSocket, type Spoil, SpoiledSocket } from '../udp/spoiled.ts';
import { packetBytesUsual } from './capacity.ts';
import type { Carrier, LinkTerms } from './carrier.ts';

/** A second of 20 Mbit/s, should the process be held up. */
const receiveBufferBytes = 4 * 1024 * 1024;
/** What the system may hold back for a device that stands still: sent when it moves again, it would only be late. */
const sendBufferBytes = 256 * 1024;

export interface LinkPath {
  id: string;
  /** Network interface that the socket is bound to; null: the routing table chooses. */
  interface: string | null;
  /** Why nothing can be sent over it until something else is said of it; null or left out when it can. */
  held?: Reason | null;
  remote: { address: string; port: number };
  terms: LinkTerms;
}

export class Link {
  readonly path: LinkPath;
  /** What the scheduler knows of it. */
  readonly carrier: Carrier;
  socket: PacketSocket | null = null;
  remote: PeerHandle | null = null;
  state: PathState = 'down';
  reason: Reason = 'starting';
  sinceMs = 0;
  reopenAtMs = 0;
  registerAtMs = 0;
  sentBytes = 0;
  sentPackets = 0;
  receivedBytes = 0;
  receivedPackets = 0;
  acked = 0;
  sendErrorsBefore = 0;
  readonly #rate = new RateMeter();
  #spoil: Spoil | null = null;

  constructor(path: LinkPath, carrier: Carrier) {
    this.path = path;
    this.carrier = carrier;
  }

  /** Null, or why the interface cannot be used now. */
  open(): Reason | null {
    try {
      const host = this.path.remote.address.includes(':') ? '::' : '0.0.0.0';
      const socket = UdpBatchSocket.open({ host, device: this.path.interface, receiveBufferBytes, sendBufferBytes });
      this.socket = this.#spoil === null ? socket : new SpoiledSocket(socket, this.#spoil);
      this.remote = this.socket.makePeer(this.path.remote.address, this.path.remote.port);
      this.sendErrorsBefore = 0;
      return null;
    } catch (error) {
      return error instanceof UdpError && (error.code === 'ENODEV' || error.code === 'EINVAL') ? 'interface-missing' : 'send-error';
    }
  }

  /** A rehearsal spoils its network, or lets it be as it is: a socket that is opened meanwhile as well. */
  spoil(spoil: Spoil | null): void {
    this.#spoil = spoil;
    const real = this.socket instanceof SpoiledSocket ? this.socket.inner : this.socket;
    this.socket = real === null || spoil === null ? real : new SpoiledSocket(real, spoil);
  }

  close(): void {
    this.socket?.close();
    this.socket = null;
    this.carrier.usable = false;
  }

  /** Copies the packet into the batch; false when the system takes no more now. */
  queue(source: Buffer, offset: number, length: number, nowMs: number): boolean {
    const { socket, remote } = this;
    if (socket === null || remote === null) return false;
    if (!socket.queue(source, offset, length, remote)) {
      socket.flush();
      if (!socket.queue(source, offset, length, remote)) return false;
    }
    this.sentPackets++;
    this.sentBytes += length;
    this.#rate.add(length, nowMs);
    return true;
  }

  heard(bytes: number, nowMs: number): void {
    this.receivedPackets++;
    this.receivedBytes += bytes;
    this.carrier.pulse.heard(nowMs);
  }

  status(destination: string, inFlight: number, nowMs: number): PathStatus {
    const { capacity, rescuedPackets, duplicatedPackets, lostPackets, lossPct } = this.carrier;
    const known = capacity.rttMs !== null;
    return {
      id: this.path.id,
      destination,
      interface: this.path.interface,
      state: this.state,
      reason: this.reason,
      rttMs: capacity.rttMs === null ? null : tenth(capacity.rttMs),
      rttMinMs: known ? tenth(capacity.baseMs) : null,
      jitterMs: known ? tenth(capacity.jitterMs) : null,
      queueMs: known ? tenth(capacity.queueMs(nowMs)) : null,
      lossPct: tenth(lossPct),
      capacityKbps: capacity.kbps === 0 ? null : Math.round(capacity.kbps),
      capacityReached: capacity.ceilingKnown(nowMs),
      sentKbps: this.#rate.kbps(nowMs),
      sentBytes: this.sentBytes,
      sentPackets: this.sentPackets,
      receivedBytes: this.receivedBytes,
      receivedPackets: this.receivedPackets,
      ackedPackets: this.acked,
      nakedPackets: lostPackets,
      retransmittedPackets: rescuedPackets,
      duplicatedPackets,
      sendErrors: this.socket?.sendErrors ?? 0,
      inFlight,
      window: Math.round(capacity.windowBytes(nowMs, 0) / packetBytesUsual),
      sinceMonoMs: this.sinceMs,
    };
  }
}

const tenth = (value: number): number => Math.round(value * 10) / 10;
