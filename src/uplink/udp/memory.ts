/**
 * The memory that the kernel reads and writes messages in. It comes from `koffi.alloc`, since a Buffer's address may change; and it is
 * never given back but used again by the next socket of the same shape, so that a view that outlived its socket can never touch
 * memory that is no longer ours. It is bounded by the largest number of sockets that were ever open at once.
 */
import koffi from 'koffi';
import { sockaddrStride } from './address.ts';

/** `struct mmsghdr`: msghdr (name, name length, iov, iov count, control, control length, flags) and the message's length; LP64. */
export const messageBytes = 64;
export const messageNameLength = 8;
export const messageFlags = 48;
export const messageLength = 56;
const iovecBytes = 16;
const iovecLength = 8;

/** A batch of messages laid out once: `count` headers, each with its own address slot and its own `packetStride` bytes of data. */
export interface MessageBatch {
  readonly count: number;
  readonly packetStride: number;
  /** Address of the first header, for the system call. */
  readonly messages: number;
  readonly headers: Buffer;
  /** The headers again, as 32-bit words. */
  readonly words: Int32Array;
  readonly vectors: Int32Array;
  readonly names: Buffer;
  readonly nameWords: Int32Array;
  readonly data: Buffer;
}

/** Index into `words` of a field of message `i`. */
export function wordOf(i: number, field: number): number {
  return (i * messageBytes + field) >> 2;
}

/** Index into `vectors` of the low half of the length of message `i`; the high half stays 0. */
export function vectorLengthOf(i: number): number {
  return (i * iovecBytes + iovecLength) >> 2;
}

const free = new Map<string, MessageBatch[]>();

export function takeBatch(count: number, packetBytes: number): MessageBatch {
  const packetStride = Math.ceil(packetBytes / 64) * 64;
  return free.get(`${count}x${packetStride}`)?.pop() ?? allocate(count, packetStride);
}

export function giveBatch(batch: MessageBatch): void {
  const key = `${batch.count}x${batch.packetStride}`;
  const list = free.get(key);
  if (list) list.push(batch);
  else free.set(key, [batch]);
}

function allocate(count: number, packetStride: number): MessageBatch {
  const sizes = [count * messageBytes, count * iovecBytes, count * sockaddrStride, count * packetStride] as const;
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const pointer = koffi.alloc('uint8_t', total);
  const memory = koffi.view(pointer, total);
  const base = Number(koffi.address(pointer));
  const [vectorsAt, namesAt, dataAt] = [sizes[0], sizes[0] + sizes[1], sizes[0] + sizes[1] + sizes[2]];
  Buffer.from(memory).fill(0);
  const headers = Buffer.from(memory, 0, sizes[0]);
  const vectors = Buffer.from(memory, vectorsAt, sizes[1]);
  for (let i = 0; i < count; i++) {
    const header = i * messageBytes;
    headers.writeBigUInt64LE(BigInt(base + namesAt + i * sockaddrStride), header);
    headers.writeBigUInt64LE(BigInt(base + vectorsAt + i * iovecBytes), header + 16);
    headers.writeBigUInt64LE(1n, header + 24); // one vector a message
    vectors.writeBigUInt64LE(BigInt(base + dataAt + i * packetStride), i * iovecBytes);
  }
  return {
    count,
    packetStride,
    messages: base,
    headers,
    words: new Int32Array(memory, 0, sizes[0] / 4),
    vectors: new Int32Array(memory, vectorsAt, sizes[1] / 4),
    names: Buffer.from(memory, namesAt, sizes[2]),
    nameWords: new Int32Array(memory, namesAt, sizes[2] / 4),
    data: Buffer.from(memory, dataAt, sizes[3]),
  };
}
