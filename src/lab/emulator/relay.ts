/** The I/O around a link model: a UDP relay, both directions, that forgets nothing and allocates nothing a packet. */

import type { PeerHandle, PeerKey } from '../../uplink/udp/address.ts';
import { UdpBatchSocket } from '../../uplink/udp/socket.ts';
import { DelayLine } from './delay-line.ts';
import { type Drop, LinkModel, type LinkProfile } from './link-model.ts';

const socketBufferBytes = 4 * 1024 * 1024;
/** Source addresses of the sending side that are told apart: a NAT forgets too. */
const flowsMax = 16;

export interface LinkPlan {
  id: string;
  to: { address: string; port: number };
  profile: LinkProfile;
  seed: number;
}

export interface DirectionFigures {
  packets: number;
  bytes: number;
  dropped: Record<Drop, number>;
}

export interface LinkFigures {
  id: string;
  up: DirectionFigures;
  down: DirectionFigures;
}

interface Flow {
  from: PeerHandle;
  /** Towards the gateway, with a port of its own as behind a NAT. */
  out: UdpBatchSocket;
}

export class LinkEmulator {
  readonly #plan: LinkPlan;
  readonly #up: Direction;
  readonly #down: Direction;
  readonly #flows = new Map<PeerKey, Flow>();
  readonly #inside: UdpBatchSocket;

  /** Opens the port that the sending side uses. */
  constructor(plan: LinkPlan) {
    this.#plan = plan;
    this.#up = new Direction(plan.profile, plan.seed);
    this.#down = new Direction(plan.profile, plan.seed ^ 0x5bd1e995);
    this.#inside = UdpBatchSocket.open({ host: '127.0.0.1', port: 0, receiveBufferBytes: socketBufferBytes, packetBytesMax: 2048 });
  }

  get port(): number {
    return this.#inside.port;
  }

  change(patch: Partial<LinkProfile>): void {
    for (const direction of [this.#up, this.#down]) direction.model.profile = { ...direction.model.profile, ...patch };
  }

  /** Moves what has come in, and what is due. */
  turn(nowMs: number): void {
    for (let count = this.#inside.receive(); count > 0; count = this.#inside.receive()) {
      for (let i = 0; i < count; i++) this.#up.take(this.#inside, i, this.#flow(i), nowMs);
    }
    for (const flow of this.#flows.values()) {
      for (let count = flow.out.receive(); count > 0; count = flow.out.receive()) for (let i = 0; i < count; i++) this.#down.take(flow.out, i, flow, nowMs);
    }
    this.#up.line.release(nowMs, (data, offset, length, flow) => this.#send((flow as Flow).out, data, offset, length, null));
    this.#down.line.release(nowMs, (data, offset, length, flow) => this.#send(this.#inside, data, offset, length, (flow as Flow).from));
    for (const flow of this.#flows.values()) flow.out.flush();
    this.#inside.flush();
  }

  status(): LinkFigures {
    return { id: this.#plan.id, up: this.#up.figures, down: this.#down.figures };
  }

  close(): void {
    this.#inside.close();
    for (const flow of this.#flows.values()) flow.out.close();
  }

  #send(socket: UdpBatchSocket, data: Buffer, offset: number, length: number, peer: PeerHandle | null): void {
    if (socket.queue(data, offset, length, peer)) return;
    socket.flush();
    socket.queue(data, offset, length, peer);
  }

  #flow(i: number): Flow {
    const key = this.#inside.peerOf(i);
    const known = this.#flows.get(key);
    if (known !== undefined) return known;
    if (this.#flows.size >= flowsMax) {
      const [oldest, flow] = this.#flows.entries().next().value as [PeerKey, Flow];
      flow.out.close();
      this.#flows.delete(oldest);
    }
    const flow = {
      from: this.#inside.peerHandle(i),
      out: UdpBatchSocket.open({ host: '127.0.0.1', port: 0, receiveBufferBytes: socketBufferBytes, packetBytesMax: 2048, connectTo: this.#plan.to }),
    };
    this.#flows.set(key, flow);
    return flow;
  }
}

class Direction {
  readonly model: LinkModel;
  readonly line = new DelayLine();
  readonly figures: DirectionFigures = { packets: 0, bytes: 0, dropped: { down: 0, size: 0, loss: 0, burst: 0, queue: 0 } };

  constructor(profile: LinkProfile, seed: number) {
    this.model = new LinkModel(profile, seed);
  }

  take(socket: UdpBatchSocket, i: number, flow: Flow, nowMs: number): void {
    const length = socket.lengthOf(i);
    const leaveMs = this.model.enter(length, nowMs);
    if (typeof leaveMs === 'string') {
      this.figures.dropped[leaveMs]++;
      return;
    }
    this.figures.packets++;
    this.figures.bytes += length;
    this.line.put(socket.received, socket.offsetOf(i), length, leaveMs, flow);
  }
}
