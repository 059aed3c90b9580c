/** Socket options of libsrt (its document `API-socket-options.md`), typed, with the values that a live sender and receiver need. */
import { lastError } from './errors.ts';
import { srtLibrary } from './library.ts';

export interface SrtOptions {
  /** Of both directions; the larger of the two ends' holds. Default 120. */
  latencyMs?: number | undefined;
  streamId?: string | undefined;
  /** 10 to 79 characters; none: not encrypted. Both ends must agree, or there is no connection. */
  passphrase?: string | undefined;
  keyLengthBits?: 128 | 192 | 256 | undefined;
  /** Longest payload that is sent, default 1316: seven MPEG-TS packets. */
  payloadBytes?: number;
  /** Longest IP packet, default 1500. */
  mtuBytes?: number;
  connectTimeoutMs?: number;
  /** Silence after which a connection counts as broken, default 5000. */
  peerIdleTimeoutMs?: number;
  /** How many later packets must arrive before one that is missing is asked for again: for links of different delay. Default 0: at once. */
  lossMaxTtlPackets?: number;
  /** Whether missing packets are asked for again and again, default true. */
  nakReport?: boolean;
  /** Give up what is too late, default true. Never switch it off for live: the receiver would stall at the first packet that never comes. */
  tooLatePacketDrop?: boolean;
  /** Such as `fec,cols:10,rows:5`. Both ends must agree. */
  packetFilter?: string;
  /** On a listener: accept groups of connections too. Only where the library has them (`SrtLibrary.bonding`). */
  acceptGroups?: boolean;
  /** Of a `backup` group: the shortest silence after which a member counts as unstable; libsrt's least and default is 60. */
  groupStableMsMin?: number;
  ipTtl?: number;
  ipTos?: number;
  /** The most that may be waiting to be sent and acknowledged, default: 50 Mbit/s for as long as the latency makes it useful. */
  sendBufferBytes?: number;
  receiveBufferBytes?: number;
  flightWindowPackets?: number;
}

/** SRT_SOCKOPT of srt.h. */
const option = {
  mss: 0,
  sendBlocking: 1,
  receiveBlocking: 2,
  flightWindow: 4,
  sendBuffer: 5,
  receiveBuffer: 6,
  linger: 7,
  latency: 23,
  passphrase: 26,
  keyLength: 27,
  ipTtl: 29,
  ipTos: 30,
  tooLatePacketDrop: 31,
  nakReport: 33,
  connectTimeout: 36,
  lossMaxTtl: 42,
  receiveLatency: 43,
  streamId: 46,
  payloadSize: 49,
  ipv6Only: 54,
  peerIdleTimeout: 55,
  groupConnect: 57,
  groupMinStableTimeout: 58,
  packetFilter: 60,
} as const;
type OptionName = keyof typeof option;

/** The fastest program that the configuration allows. */
const bitsPerSecondMax = 50_000_000;
const payloadBytesDefault = 1316;
/** SRT keeps what it sent for at least a second before it gives it up as too late, however short the latency (SRT_TLPKTDROP_MINTHRESHOLD_MS). */
const keptMsMin = 1000;
/** Packets are given up at the next send or acknowledgement, not at the exact moment; and a burst may come on top. */
const spareMs = 500;
/** libsrt counts its buffers in packets of this size (MSS less the headers of IPv4 and UDP). */
export const bufferPacketBytes = 1472;
/** libsrt's own defaults, never gone below. */
const bufferPacketsMin = 8192;
const flightWindowPacketsMin = 25_600;

/** Packets that the buffers must hold, so that at 50 Mbit/s nothing is dropped before its time. Memory is taken as it is used. */
export function bufferPackets(latencyMs: number): number {
  const heldMs = Math.max(latencyMs, keptMsMin) + spareMs;
  return Math.max(bufferPacketsMin, Math.ceil(((bitsPerSecondMax / 8 / payloadBytesDefault) * heldMs) / 1000));
}

/** Sets everything on a socket that is not bound yet. @throws SrtError naming the option that libsrt refuses; never its value. */
export function applyOptions(handle: number, options: SrtOptions): void {
  const packets = bufferPackets(options.latencyMs ?? 0);
  setNumber(handle, 'sendBlocking', 0);
  setNumber(handle, 'receiveBlocking', 0);
  // struct linger, off: closing never waits for what was not delivered.
  set(handle, 'linger', Buffer.alloc(8));
  if (options.mtuBytes !== undefined) setNumber(handle, 'mss', options.mtuBytes);
  // Before the receive buffer, which may not be larger.
  setNumber(handle, 'flightWindow', options.flightWindowPackets ?? Math.max(flightWindowPacketsMin, packets));
  setNumber(handle, 'sendBuffer', options.sendBufferBytes ?? packets * bufferPacketBytes);
  setNumber(handle, 'receiveBuffer', options.receiveBufferBytes ?? packets * bufferPacketBytes);
  if (options.latencyMs !== undefined) setNumber(handle, 'latency', options.latencyMs);
  setNumber(handle, 'payloadSize', options.payloadBytes ?? payloadBytesDefault);
  setNumber(handle, 'tooLatePacketDrop', (options.tooLatePacketDrop ?? true) ? 1 : 0);
  if (options.nakReport !== undefined) setNumber(handle, 'nakReport', options.nakReport ? 1 : 0);
  if (options.lossMaxTtlPackets !== undefined) setNumber(handle, 'lossMaxTtl', options.lossMaxTtlPackets);
  if (options.connectTimeoutMs !== undefined) setNumber(handle, 'connectTimeout', options.connectTimeoutMs);
  if (options.peerIdleTimeoutMs !== undefined) setNumber(handle, 'peerIdleTimeout', options.peerIdleTimeoutMs);
  if (options.acceptGroups === true) setNumber(handle, 'groupConnect', 1);
  if (options.groupStableMsMin !== undefined) setNumber(handle, 'groupMinStableTimeout', options.groupStableMsMin);
  if (options.ipTtl !== undefined) setNumber(handle, 'ipTtl', options.ipTtl);
  if (options.ipTos !== undefined) setNumber(handle, 'ipTos', options.ipTos);
  if (options.packetFilter) set(handle, 'packetFilter', Buffer.from(options.packetFilter));
  if (options.streamId) set(handle, 'streamId', Buffer.from(options.streamId));
  if (options.passphrase) {
    setNumber(handle, 'keyLength', (options.keyLengthBits ?? 128) / 8);
    set(handle, 'passphrase', Buffer.from(options.passphrase));
  }
}

/** libsrt wants this decided before it binds to `::`; both families, as everywhere. */
export function allowBothFamilies(handle: number): void {
  setNumber(handle, 'ipv6Only', 0);
}

/** The stream id that the caller sent, on an accepted socket. */
export function readStreamId(handle: number): string {
  const value = Buffer.alloc(513);
  const length = Buffer.alloc(4);
  length.writeInt32LE(value.length);
  if (srtLibrary().functions.getsockflag(handle, option.streamId, value, length) < 0) return '';
  return value.toString('utf8', 0, length.readInt32LE(0));
}

/** Of an accepted socket or group, ms; 0 where libsrt does not say. */
export function readReceiveLatency(handle: number): number {
  const value = Buffer.alloc(4);
  const length = Buffer.alloc(4);
  length.writeInt32LE(value.length);
  return srtLibrary().functions.getsockflag(handle, option.receiveLatency, value, length) < 0 ? 0 : value.readInt32LE(0);
}

function setNumber(handle: number, name: OptionName, value: number): void {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  set(handle, name, bytes);
}

function set(handle: number, name: OptionName, value: Buffer): void {
  if (srtLibrary().functions.setsockflag(handle, option[name], value, value.length) < 0) throw lastError(`set the SRT option ${name}`);
}
