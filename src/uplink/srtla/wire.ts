/**
 * SRTLA v2 and the parts of SRT that it looks at, byte by byte. All fields are big-endian.
 * Sources: the SRTLA description that the team works from; draft-sharabayko-srt-01 sections 3 (packets) and 3.2.4, 3.2.5 (ACK, NAK).
 *
 * Readers take a buffer, an offset and a length, so that a packet is looked at where it was received. They never throw and do bounded
 * work whatever the bytes are; packets are told apart by type, never by an exact length (one receiver pads its small replies).
 */

export const srtlaType = {
  keepalive: 0x9000,
  ack: 0x9100,
  reg1: 0x9200,
  reg2: 0x9201,
  reg3: 0x9202,
  regErr: 0x9210,
  regNgp: 0x9211,
  regNak: 0x9212,
} as const;

export const srtType = {
  handshake: 0x8000,
  keepalive: 0x8001,
  ack: 0x8002,
  nak: 0x8003,
  shutdown: 0x8005,
  ackack: 0x8006,
} as const;

export const groupIdBytes = 256;
/** The half of the id that the sender chose. */
export const senderIdBytes = 128;
export const registrationBytes = 2 + groupIdBytes;
/** Data packets that one SRTLA ACK tells of. */
export const ackSequences = 10;
export const ackBytes = 4 + 4 * ackSequences;
export const keepaliveBytes = 38;
export const srtHeaderBytes = 16;
/** SRT header and the fixed part of the handshake. */
export const handshakeBytesMin = srtHeaderBytes + 48;
/** A loss report's ranges may claim two thousand million packets; more than a few seconds of any stream is not believed. */
export const nakSequencesMax = 8192;

/** The first 16 bits; −1 for a packet that has not even these. For SRT data it is below 0x8000. */
export function packetType(bytes: Buffer, offset: number, length: number): number {
  return length < 2 ? -1 : ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}

export function isSrtData(type: number, length: number): boolean {
  return type >= 0 && type < 0x8000 && length >= srtHeaderBytes;
}

/** SRT control packets of every kind, those of users too. */
export function isSrtControl(type: number, length: number): boolean {
  return type >= 0x8000 && (type & 0xf000) !== 0x9000 && length >= srtHeaderBytes;
}

export function isSrtla(type: number): boolean {
  return (type & 0xf000) === 0x9000;
}

/** Unsigned 32 bits at `at`; 0 beyond the end. */
export function word(bytes: Buffer, at: number): number {
  return (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0;
}

function putWord(bytes: Buffer, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

// SRT sequence numbers have 31 bits and wrap (draft section 3.1).

export function sequenceNext(sequence: number): number {
  return (sequence + 1) & 0x7fffffff;
}

/** How far `a` is ahead of `b`, negative when behind: −2³⁰ … 2³⁰−1. */
export function sequenceDistance(a: number, b: number): number {
  return ((a - b) << 1) >> 1;
}

/** Of an SRT data packet. */
export function dataSequence(bytes: Buffer, offset: number): number {
  return word(bytes, offset) & 0x7fffffff;
}

/** The R flag: bit 26 of the second word. */
export function isRetransmission(bytes: Buffer, offset: number): boolean {
  return ((bytes[offset + 4] ?? 0) & 0x04) !== 0;
}

/** Of an SRT data packet: 26 bits, from 1; 0 for packets that libsrt's packet filter makes. */
export function messageNumber(bytes: Buffer, offset: number): number {
  return word(bytes, offset + 4) & 0x03ffffff;
}

/** Microseconds since the session began, of any SRT packet. */
export function srtTimestamp(bytes: Buffer, offset: number): number {
  return word(bytes, offset + 8);
}

export function destinationSocketId(bytes: Buffer, offset: number): number {
  return word(bytes, offset + 12);
}

/** Of an SRT handshake: the id of the socket that sent it (draft section 3.2.1); 0 when the packet is too short. */
export function handshakeSocketId(bytes: Buffer, offset: number, length: number): number {
  return length < handshakeBytesMin ? 0 : word(bytes, offset + srtHeaderBytes + 24);
}

/** Of an SRT ACK: everything before this number has arrived; −1 when the packet is too short. */
export function ackedSequence(bytes: Buffer, offset: number, length: number): number {
  return length < srtHeaderBytes + 4 ? -1 : word(bytes, offset + srtHeaderBytes) & 0x7fffffff;
}

/** Of an SRT ACK: its own number; 0 for a light one. */
export function ackNumber(bytes: Buffer, offset: number): number {
  return word(bytes, offset + 4);
}

/**
 * Calls `visit` for each sequence number that an SRT NAK reports lost; returns how many. The list begins at byte 16; a word with its top
 * bit set begins a range that the next word ends, inclusive. Ranges that run backwards are skipped; `limit` bounds the calls.
 */
export function visitLost(bytes: Buffer, offset: number, length: number, visit: (sequence: number) => void, limit = nakSequencesMax): number {
  let visited = 0;
  const end = offset + length - 3;
  for (let at = offset + srtHeaderBytes; at < end && visited < limit; at += 4) {
    const first = word(bytes, at);
    let sequence = first & 0x7fffffff;
    let count = 1;
    if (first >= 0x80000000) {
      at += 4;
      if (at >= end) break; // a range without its end
      count = sequenceDistance(word(bytes, at) & 0x7fffffff, sequence) + 1;
    }
    for (; count > 0 && visited < limit; count--, visited++) {
      visit(sequence);
      sequence = sequenceNext(sequence);
    }
  }
  return visited;
}

/** Calls `visit` for each of the sequence numbers in an SRTLA ACK; at most ten. */
export function visitAcked(bytes: Buffer, offset: number, length: number, visit: (sequence: number) => void): number {
  const count = Math.min(ackSequences, (length - 4) >> 2);
  for (let i = 0; i < count; i++) visit(word(bytes, offset + 4 + i * 4) & 0x7fffffff);
  return Math.max(0, count);
}

/** Writes an SRTLA ACK of ten sequence numbers into `into`, from its start. */
export function writeAck(into: Buffer, sequences: ArrayLike<number>): number {
  putWord(into, 0, 0x91000000);
  for (let i = 0; i < ackSequences; i++) putWord(into, 4 + i * 4, sequences[i] ?? 0);
  return ackBytes;
}

/** REG1 or REG2 with the whole id. */
export function writeRegistration(into: Buffer, type: typeof srtlaType.reg1 | typeof srtlaType.reg2, id: Buffer): number {
  into.writeUInt16BE(type, 0);
  id.copy(into, 2, 0, groupIdBytes);
  return registrationBytes;
}

/** The id in a REG1 or REG2, as a view that lives as long as the received batch; null when the packet is too short. */
export function registrationId(bytes: Buffer, offset: number, length: number): Buffer | null {
  return length < registrationBytes ? null : bytes.subarray(offset + 2, offset + registrationBytes);
}

/** A reply that is only a type: REG3, REG_ERR, REG_NGP. Two bytes, since some deployed senders look at the exact length. */
export function writeReply(into: Buffer, type: number): number {
  into.writeUInt16BE(type, 0);
  return 2;
}

/** The text of a REG_NAK as something fit for a log: printable, at most 200 characters. */
export function refusalText(bytes: Buffer, offset: number, length: number): string {
  const text = bytes.toString('latin1', offset + 2, offset + Math.min(length, 202));
  return text.replace(/[^\x20-\x7e]+/g, ' ').trim();
}

export interface KeepaliveTelemetry {
  linkId: number;
  window: number;
  inFlight: number;
  rttMs: number;
  naks: number;
  bytesPerSecond: number;
}

/** A keepalive with time stamp and telemetry (38 bytes). `nowMs` comes back with the echo, rounded down to milliseconds. */
export function writeKeepalive(into: Buffer, nowMs: number, telemetry: KeepaliveTelemetry): number {
  const ms = Math.floor(nowMs);
  into.writeUInt16BE(srtlaType.keepalive, 0);
  putWord(into, 2, Math.floor(ms / 2 ** 32));
  putWord(into, 6, ms % 2 ** 32);
  into.writeUInt16BE(0xc01f, 10);
  into.writeUInt16BE(1, 12);
  putWord(into, 14, telemetry.linkId);
  putWord(into, 18, telemetry.window);
  putWord(into, 22, telemetry.inFlight);
  putWord(into, 26, telemetry.rttMs);
  putWord(into, 30, telemetry.naks);
  putWord(into, 34, telemetry.bytesPerSecond);
  return keepaliveBytes;
}

/** The time stamp in a keepalive, milliseconds; −1 when it has none. */
export function keepaliveTime(bytes: Buffer, offset: number, length: number): number {
  return length < 10 ? -1 : word(bytes, offset + 2) * 2 ** 32 + word(bytes, offset + 6);
}

/** The telemetry in a keepalive, or null where there is none. */
export function keepaliveTelemetry(bytes: Buffer, offset: number, length: number): KeepaliveTelemetry | null {
  if (length < keepaliveBytes || word(bytes, offset + 10) !== 0xc01f0001) return null;
  return {
    linkId: word(bytes, offset + 14),
    window: word(bytes, offset + 18),
    inFlight: word(bytes, offset + 22),
    rttMs: word(bytes, offset + 26),
    naks: word(bytes, offset + 30),
    bytesPerSecond: word(bytes, offset + 34),
  };
}

/** An SRT shutdown for the socket `socketId` (draft section 3.2.7), header and the empty word that libsrt sends with it. */
export function writeShutdown(into: Buffer, timestampUs: number, socketId: number): number {
  into.fill(0, 0, 20);
  into.writeUInt16BE(srtType.shutdown, 0);
  putWord(into, 8, timestampUs);
  putWord(into, 12, socketId);
  return 20;
}
