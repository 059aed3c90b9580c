/**
 * A socket whose network a rehearsal has spoiled: it takes the place of the real one while the fault stands, so that without one nothing in the
 * packet path knows of it. Both kinds say nothing of it to whoever sends: that is what makes them faults.
 */
import { monoMs } from '../../clock.ts';
import type { PeerHandle, UdpBatchSocket } from './socket.ts';

/** silent: every packet is swallowed, both ways. Otherwise it carries so much and no more, kbit/s, sending. */
export type Spoil = 'silent' | { kbps: number };

/** What the links use of a socket. */
export type PacketSocket = Pick<
  UdpBatchSocket,
  'receive' | 'received' | 'offsetOf' | 'lengthOf' | 'isFrom' | 'makePeer' | 'queue' | 'queued' | 'flush' | 'sendErrors' | 'lastErrorCode' | 'close'
>;

/** As deep as the buffers of a slow modem: what does not fit is lost there. */
const queueMs = 200;
/** A pause is not made up for by more than a burst. */
const burstMs = 10;

export class SpoiledSocket implements PacketSocket {
  readonly inner: PacketSocket;
  readonly #kbps: number;
  readonly #now: () => number;
  readonly #waiting: { bytes: Buffer; peer: PeerHandle | null }[] = [];
  #waitingBytes = 0;
  #creditBytes = 0;
  #atMs: number;

  constructor(inner: PacketSocket, spoil: Spoil, now = monoMs) {
    this.inner = inner;
    this.#kbps = spoil === 'silent' ? 0 : spoil.kbps;
    this.#now = now;
    this.#atMs = now();
  }

  get received(): Buffer {
    return this.inner.received;
  }

  get sendErrors(): number {
    return this.inner.sendErrors;
  }

  get lastErrorCode(): string | null {
    return this.inner.lastErrorCode;
  }

  get queued(): number {
    return this.inner.queued + this.#waiting.length;
  }

  receive(): number {
    if (this.#kbps > 0) return this.inner.receive();
    // What came meanwhile must not come out when the silence is over.
    while (this.inner.receive() > 0);
    return 0;
  }

  offsetOf(i: number): number {
    return this.inner.offsetOf(i);
  }

  lengthOf(i: number): number {
    return this.inner.lengthOf(i);
  }

  isFrom(i: number, peer: PeerHandle): boolean {
    return this.inner.isFrom(i, peer);
  }

  makePeer(address: string, port: number): PeerHandle | null {
    return this.inner.makePeer(address, port);
  }

  /** True for what is swallowed too: a network that loses packets does not say so. */
  queue(source: Buffer, offset: number, length: number, peer: PeerHandle | null): boolean {
    if (this.#waitingBytes + length > (this.#kbps / 8) * queueMs) return true;
    this.#waiting.push({ bytes: Buffer.from(source.subarray(offset, offset + length)), peer });
    this.#waitingBytes += length;
    return true;
  }

  flush(): number {
    const nowMs = this.#now();
    this.#creditBytes = Math.min(this.#creditBytes + ((nowMs - this.#atMs) * this.#kbps) / 8, Math.max(1500, (burstMs * this.#kbps) / 8));
    this.#atMs = nowMs;
    for (let one = this.#waiting[0]; one !== undefined && one.bytes.length <= this.#creditBytes; one = this.#waiting[0]) {
      if (!this.inner.queue(one.bytes, 0, one.bytes.length, one.peer)) break;
      this.#waiting.shift();
      this.#creditBytes -= one.bytes.length;
      this.#waitingBytes -= one.bytes.length;
    }
    return this.inner.flush();
  }

  close(): void {
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
    this.inner.close();
  }
}
