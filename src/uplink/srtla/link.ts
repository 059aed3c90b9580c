/** One path's socket towards the receiver, and what is known of it. I/O only opens, closes, queues and flushes; judgement is the scheduler's. */
import type { Reason } from '../../model/reasons.ts';
import type { PathState, PathStatus } from '../../model/status.ts';
import { RateMeter } from '../../rate-meter.ts';
import { type PeerHandle, UdpBatchSocket, UdpError } from '../udp/socket.ts';
import { type LinkFigures, windowStart } from './scheduler.ts';

/** A second of 20 Mbit/s, should the process be held up. */
const bufferBytes = 4 * 1024 * 1024;
/** Weight of a new round trip, as in RFC 6298, 2. */
const rttWeight = 1 / 8;

export interface LinkPath {
  id: string;
  /** Network interface that the socket is bound to; null: the routing table chooses. */
  interface: string | null;
  /** Why nothing can be sent over it until something else is said of it; null or left out when it can. */
  held?: Reason | null;
  remote: { address: string; port: number };
  priority: number;
}

export class Link {
  readonly path: LinkPath;
  readonly figures: LinkFigures = { usable: false, inFlight: 0, window: windowStart, rttMs: 100, heardMs: 0, steadySinceMs: 0, nakPenalty: 0, stalled: false };
  socket: UdpBatchSocket | null = null;
  remote: PeerHandle | null = null;
  state: PathState = 'down';
  reason: Reason = 'starting';
  sinceMs = 0;
  reopenAtMs = 0;
  keepaliveAtMs = 0;
  registerAtMs = 0;
  rttMs: number | null = null;
  rttMinMs: number | null = null;
  sentBytes = 0;
  sentPackets = 0;
  receivedBytes = 0;
  receivedPackets = 0;
  acked = 0;
  naked = 0;
  retransmitted = 0;
  sendErrorsBefore = 0;
  readonly #rate = new RateMeter();

  constructor(path: LinkPath) {
    this.path = path;
  }

  /** Null, or why the interface cannot be used now. */
  open(): Reason | null {
    try {
      const host = this.path.remote.address.includes(':') ? '::' : '0.0.0.0';
      this.socket = UdpBatchSocket.open({ host, device: this.path.interface, receiveBufferBytes: bufferBytes, sendBufferBytes: bufferBytes });
      this.remote = this.socket.makePeer(this.path.remote.address, this.path.remote.port);
      this.sendErrorsBefore = 0;
      return null;
    } catch (error) {
      return error instanceof UdpError && (error.code === 'ENODEV' || error.code === 'EINVAL') ? 'interface-missing' : 'send-error';
    }
  }

  close(): void {
    this.socket?.close();
    this.socket = null;
    this.figures.usable = false;
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
    this.figures.heardMs = nowMs;
  }

  measured(rttMs: number): void {
    if (rttMs < 0 || rttMs > 60_000) return;
    this.rttMs = this.rttMs === null ? rttMs : this.rttMs + (rttMs - this.rttMs) * rttWeight;
    this.rttMinMs = Math.min(this.rttMinMs ?? rttMs, rttMs);
    this.figures.rttMs = this.rttMs;
  }

  status(destination: string, nowMs: number): PathStatus {
    return {
      id: this.path.id,
      destination,
      interface: this.path.interface,
      state: this.state,
      reason: this.reason,
      rttMs: this.rttMs,
      rttMinMs: this.rttMinMs,
      sentKbps: this.#rate.kbps(nowMs),
      sentBytes: this.sentBytes,
      sentPackets: this.sentPackets,
      receivedBytes: this.receivedBytes,
      receivedPackets: this.receivedPackets,
      ackedPackets: this.acked,
      nakedPackets: this.naked,
      retransmittedPackets: this.retransmitted,
      sendErrors: this.socket?.sendErrors ?? 0,
      inFlight: this.figures.inFlight,
      window: Math.round(this.figures.window * 10) / 10,
      sinceMonoMs: this.sinceMs,
    };
  }
}
