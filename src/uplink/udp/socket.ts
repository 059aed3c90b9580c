/**
 * A UDP socket that moves packets in batches (`recvmmsg`, `sendmmsg`): two system calls for up to 64 packets, no callback and no
 * allocation a packet. It has no timer and no events: whoever owns it calls `receive()` and `flush()` in turns.
 *
 *     while ((count = socket.receive()) > 0) {
 *       for (let i = 0; i < count; i++) out.queue(socket.received, socket.offsetOf(i), socket.lengthOf(i), peer);
 *       out.flush();
 *     }
 */

import * as libc from '../../net/libc.ts';
import { addressAt, encodeAddress, keyAt, type PeerHandle, type PeerKey, portAt, sockaddrBytes4, sockaddrBytes6, sockaddrStride } from './address.ts';
import { giveBatch, type MessageBatch, messageFlags, messageLength, messageNameLength, takeBatch, vectorLengthOf, wordOf } from './memory.ts';
import { openSocket, type UdpOptions } from './open.ts';

export type { PeerHandle, PeerKey } from './address.ts';
export { UdpError, type UdpOptions } from './open.ts';

export class UdpBatchSocket {
  readonly port: number;
  readonly address: string;
  /** How the socket is held to its device: `device` (SO_BINDTODEVICE), `unicast-if` (IP_UNICAST_IF: no privilege), or null without one. */
  readonly boundBy: 'device' | 'unicast-if' | null;
  /** Data of the received batch; packet `i` starts at `offsetOf(i)`. Valid until the next `receive()`. */
  readonly received: Buffer;
  /** Code of the last failure of `receive()` or `flush()` (`ENETUNREACH`, `ECONNREFUSED`, …); null once a flush had none. */
  lastErrorCode: string | null = null;
  /** Packets that the system refused to send; each is lost. */
  sendErrors = 0;
  /** Errors met while receiving: on a connected socket, the other end's refusals (ICMP). */
  receiveErrors = 0;
  /** Received packets longer than `packetBytesMax`; they stand in the batch with length 0. */
  truncatedPackets = 0;
  readonly #family: 2 | 10;
  readonly #connected: boolean;
  readonly #in: MessageBatch;
  readonly #out: MessageBatch;
  /** Which peer's address stands in each send slot, to copy it only when it changes. */
  readonly #slotPeer: (PeerHandle | null)[];
  readonly #packetBytesMax: number;
  #fd: number;
  /** Queued packets are the slots from #head up to #tail. */
  #head = 0;
  #tail = 0;

  /** Opens, binds, and connects where `connectTo` is given. Throws `UdpError` with a code such as EADDRINUSE, EADDRNOTAVAIL, ENODEV or EINVAL. */
  static open(options: UdpOptions = {}): UdpBatchSocket {
    return new UdpBatchSocket(options);
  }

  private constructor(options: UdpOptions) {
    const opened = openSocket(options);
    const batch = options.batch ?? 64;
    this.#packetBytesMax = options.packetBytesMax ?? 1500;
    this.#fd = opened.fd;
    this.#family = opened.family;
    this.#connected = options.connectTo !== undefined;
    this.boundBy = opened.boundBy;
    this.port = portAt(opened.name, 0);
    this.address = addressAt(opened.name, 0);
    this.#in = takeBatch(batch, this.#packetBytesMax);
    this.#out = takeBatch(batch, this.#packetBytesMax);
    this.received = this.#in.data;
    this.#slotPeer = new Array<PeerHandle | null>(batch).fill(null);
    const nameBytes = this.#family === libc.AF_INET ? sockaddrBytes4 : sockaddrBytes6;
    for (let i = 0; i < batch; i++) {
      // The kernel writes the length back; it is always this one, since a datagram's address has the socket's family.
      this.#in.words[wordOf(i, messageNameLength)] = nameBytes;
      this.#in.vectors[vectorLengthOf(i)] = this.#packetBytesMax;
      this.#out.words[wordOf(i, messageNameLength)] = this.#connected ? 0 : nameBytes;
    }
  }

  /**
   * Takes up to a batch of packets from the socket; returns how many are now in `received`, 0 when none. Never blocks, never throws:
   * an error is counted in `receiveErrors` and named by `lastErrorCode`.
   */
  receive(): number {
    if (this.#fd < 0) return 0;
    // A refusal reported by ICMP is handed out once, in front of packets that may be waiting: ask again.
    for (let attempt = 0; attempt < 3; attempt++) {
      const count = libc.recvmmsg(this.#fd, this.#in.messages, this.#in.count, libc.MSG_DONTWAIT, 0);
      if (count >= 0) return count;
      const errno = libc.lastErrno();
      if (errno === libc.EAGAIN) return 0;
      if (errno === libc.EINTR) continue;
      this.receiveErrors++;
      this.lastErrorCode = libc.errnoName(errno);
    }
    return 0;
  }

  offsetOf(i: number): number {
    return i * this.#in.packetStride;
  }

  lengthOf(i: number): number {
    if (((this.#in.words[wordOf(i, messageFlags)] ?? 0) & libc.MSG_TRUNC) !== 0) {
      this.truncatedPackets++;
      return 0;
    }
    return this.#in.words[wordOf(i, messageLength)] ?? 0;
  }

  /** A key to look the sender of packet `i` up by; equal to `key` of the `PeerHandle` of the same address and port. */
  peerOf(i: number): PeerKey {
    return keyAt(this.#in.names, i * sockaddrStride);
  }

  /** Whether packet `i` came from `peer`: without making a key. */
  isFrom(i: number, peer: PeerHandle): boolean {
    const words = this.#in.nameWords;
    const at = (i * sockaddrStride) >> 2;
    const { bytes } = peer;
    // Word 0: family and port. Then the address: one word, or four after the flow label.
    if (words[at] !== bytes.readInt32LE(0)) return false;
    if (this.#family === libc.AF_INET) return words[at + 1] === bytes.readInt32LE(4);
    for (let word = 2; word < 6; word++) if (words[at + word] !== bytes.readInt32LE(word * 4)) return false;
    return true;
  }

  peerAddress(i: number): { address: string; port: number } {
    return { address: addressAt(this.#in.names, i * sockaddrStride), port: portAt(this.#in.names, i * sockaddrStride) };
  }

  /** The sender of packet `i` as something to send to. Allocates: for the first packet of a peer, not for each. */
  peerHandle(i: number): PeerHandle {
    const bytes = Buffer.alloc(sockaddrStride);
    this.#in.names.copy(bytes, 0, i * sockaddrStride, (i + 1) * sockaddrStride);
    return this.#handle(bytes);
  }

  /** Null where this socket cannot send there: `address` is not an IP address, or is IPv6 and the socket IPv4. */
  makePeer(address: string, port: number): PeerHandle | null {
    const bytes = encodeAddress(this.#family, address, port);
    return bytes && this.#handle(bytes);
  }

  /**
   * Copies a packet into the send batch. `peer` is null on a connected socket. False when the batch is full (flush first; if it stays
   * full the system takes no more now), when the packet is longer than `packetBytesMax`, or when the socket is closed.
   */
  queue(source: Buffer, offset: number, length: number, peer: PeerHandle | null): boolean {
    const slot = this.#tail;
    if (slot === this.#out.count || length > this.#packetBytesMax || this.#fd < 0) return false;
    const out = this.#out;
    source.copy(out.data, slot * out.packetStride, offset, offset + length);
    out.vectors[vectorLengthOf(slot)] = length;
    if (peer !== null && this.#slotPeer[slot] !== peer) {
      peer.bytes.copy(out.names, slot * sockaddrStride);
      this.#slotPeer[slot] = peer;
    }
    this.#tail = slot + 1;
    return true;
  }

  /** Packets queued and not yet taken by the system. */
  get queued(): number {
    return this.#tail - this.#head;
  }

  /**
   * Hands the queued packets to the system; returns how many it took. When its buffer is full (EAGAIN, ENOBUFS) the rest stays queued for
   * the next flush. A packet refused for another cause is dropped and counted in `sendErrors`; those behind it still go. Never throws.
   */
  flush(): number {
    if (this.#tail === 0) return 0;
    this.lastErrorCode = null;
    let sent = 0;
    let refusalSeen = false;
    while (this.#head < this.#tail) {
      const count = libc.sendmmsg(this.#fd, this.#out.messages + this.#head * 64, this.#tail - this.#head, libc.MSG_DONTWAIT);
      if (count >= 0) {
        sent += count;
        this.#head += count;
        continue;
      }
      const errno = libc.lastErrno();
      if (errno === libc.EINTR) continue;
      this.lastErrorCode = libc.errnoName(errno);
      if (errno === libc.EAGAIN || errno === libc.ENOBUFS) return sent;
      // A refusal of an earlier packet (ICMP), told once: it says nothing about this one.
      if (errno === libc.ECONNREFUSED && !refusalSeen) {
        refusalSeen = true;
        continue;
      }
      this.#head++;
      this.sendErrors++;
    }
    this.#head = 0;
    this.#tail = 0;
    return sent;
  }

  /** Forgets what is queued: a backlog from before an outage is worth nothing after it. */
  discard(): void {
    this.#head = 0;
    this.#tail = 0;
  }

  /** Closes once; afterwards `receive()` and `flush()` return 0 and `queue()` false. What was queued is dropped. */
  close(): void {
    if (this.#fd < 0) return;
    libc.close(this.#fd);
    this.#fd = -1;
    this.discard();
    giveBatch(this.#in);
    giveBatch(this.#out);
  }

  #handle(bytes: Buffer): PeerHandle {
    const bytesUsed = this.#family === libc.AF_INET ? sockaddrBytes4 : sockaddrBytes6;
    return { address: addressAt(bytes, 0), port: portAt(bytes, 0), key: keyAt(bytes, 0), bytes, bytesUsed };
  }
}
