/** MPEG-TS over UDP, a payload a datagram, sent in batches. */

import { resolveAddress } from '../../uplink/resolve.ts';
import type { PeerHandle } from '../../uplink/udp/socket.ts';
import { UdpBatchSocket } from '../../uplink/udp/socket.ts';
import type { Output } from './output.ts';

const sendBufferBytes = 4 * 1024 * 1024;
const resolveEveryMs = 30_000;

export class UdpOutput implements Output {
  readonly #to: { host: string; port: number };
  readonly #socket = UdpBatchSocket.open({ host: '0.0.0.0', sendBufferBytes });
  #peer: PeerHandle | null = null;
  #resolveAtMs = 0;

  constructor(to: { host: string; port: number }) {
    this.#to = to;
  }

  write(bytes: Buffer, offset: number, length: number): void {
    if (this.#peer === null || this.#socket.queue(bytes, offset, length, this.#peer)) return;
    this.#socket.flush();
    this.#socket.queue(bytes, offset, length, this.#peer);
  }

  flush(nowMs: number): void {
    this.#socket.flush();
    if (nowMs < this.#resolveAtMs) return;
    this.#resolveAtMs = nowMs + resolveEveryMs;
    void this.#resolve();
  }

  close(): Promise<void> {
    this.#socket.close();
    return Promise.resolve();
  }

  async #resolve(): Promise<void> {
    const found = await resolveAddress(this.#to.host, this.#to.port);
    if (found !== null) this.#peer = this.#socket.makePeer(found.address, found.port);
  }
}
