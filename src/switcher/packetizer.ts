/**
 * Cuts a byte stream, as it comes out of a worker's pipe, into payloads of up to 7 whole MPEG-TS packets: what one SRT
 * packet carries in live mode. Whole packets are handed on where they lie; only what straddles two chunks is copied.
 */
import { continuityOf, hasPayload, isDiscontinuity, nullPid, packetBytes, pcrOf, pidOf, syncByte } from './mpegts/packet.ts';

/** 7 × 188 = 1316 bytes fit an Ethernet frame with all headers. */
export const payloadPackets = 7;
const payloadBytesMax = payloadPackets * packetBytes;
const unseen = 0xff;

export interface ClockReference {
  /** 27 MHz. */
  pcr: number;
  monoMs: number;
}

export class Packetizer {
  readonly #onPayload: (buffer: Buffer, offset: number, length: number) => void;
  /** What waits for the rest of its packet or payload. */
  readonly #rest = Buffer.alloc(payloadBytesMax);
  readonly #counters = new Uint8Array(nullPid + 1).fill(unseen);
  readonly #reference: ClockReference = { pcr: -1, monoMs: 0 };
  #restBytes = 0;
  packets = 0;
  bytes = 0;
  skippedBytes = 0;
  continuityErrors = 0;

  /** `onPayload` must use or copy the bytes before it returns. */
  constructor(onPayload: (buffer: Buffer, offset: number, length: number) => void) {
    this.#onPayload = onPayload;
  }

  /** The last program clock reference, and when it passed here; null before the first. */
  get lastPcr(): ClockReference | null {
    return this.#reference.pcr < 0 ? null : { ...this.#reference };
  }

  push(chunk: Buffer, nowMs: number): void {
    let at = this.#fillRest(chunk, nowMs);
    while (at < chunk.length) {
      if (chunk[at] !== syncByte) {
        at = this.#skipToSync(chunk, at);
        continue;
      }
      const run = this.#wholePackets(chunk, at);
      if (run < payloadBytesMax) {
        this.#keep(chunk, at, nowMs);
        at += run > 0 && at + run < chunk.length && chunk[at + run] !== syncByte ? run : chunk.length - at;
        continue;
      }
      this.#emit(chunk, at, payloadBytesMax, nowMs);
      at += payloadBytesMax;
    }
  }

  /** Sends on what whole packets wait for company: for a source that pauses. */
  flush(): void {
    const whole = this.#restBytes - (this.#restBytes % packetBytes);
    if (whole === 0) return;
    this.#onPayload(this.#rest, 0, whole);
    this.#rest.copyWithin(0, whole, this.#restBytes);
    this.#restBytes -= whole;
  }

  /** Another source begins: what was begun of the old one is dropped, and its counters are no reference. */
  reset(): void {
    this.flush();
    this.#restBytes = 0;
    this.#counters.fill(unseen);
  }

  /** Completes a waiting payload with the beginning of `chunk`; returns how much of it was used. */
  #fillRest(chunk: Buffer, nowMs: number): number {
    let at = 0;
    while (this.#restBytes > 0 && at < chunk.length) {
      const inPacket = this.#restBytes % packetBytes;
      if (inPacket === 0 && chunk[at] !== syncByte) {
        this.flush();
        break;
      }
      const wanted = Math.min(packetBytes - inPacket, chunk.length - at);
      chunk.copy(this.#rest, this.#restBytes, at, at + wanted);
      this.#restBytes += wanted;
      at += wanted;
      if (this.#restBytes % packetBytes === 0) this.#inspect(this.#rest, this.#restBytes - packetBytes, nowMs);
      if (this.#restBytes === payloadBytesMax) {
        this.#onPayload(this.#rest, 0, payloadBytesMax);
        this.#restBytes = 0;
      }
    }
    return at;
  }

  /** Bytes of whole packets in step from `at`, at most one payload. */
  #wholePackets(chunk: Buffer, at: number): number {
    let bytes = 0;
    while (bytes < payloadBytesMax && at + bytes + packetBytes <= chunk.length && chunk[at + bytes] === syncByte) bytes += packetBytes;
    return bytes;
  }

  #keep(chunk: Buffer, at: number, nowMs: number): void {
    const whole = this.#wholePackets(chunk, at);
    const tail = chunk.length - at - whole;
    const bytes = tail < packetBytes && (tail === 0 || chunk[at + whole] === syncByte) ? whole + tail : whole;
    chunk.copy(this.#rest, 0, at, at + bytes);
    this.#restBytes = bytes;
    for (let packet = 0; packet + packetBytes <= bytes; packet += packetBytes) this.#inspect(this.#rest, packet, nowMs);
    if (bytes === whole && tail > 0) this.flush();
  }

  #emit(buffer: Buffer, offset: number, length: number, nowMs: number): void {
    for (let at = offset; at < offset + length; at += packetBytes) this.#inspect(buffer, at, nowMs);
    this.#onPayload(buffer, offset, length);
  }

  #skipToSync(chunk: Buffer, from: number): number {
    let at = from + 1;
    // One 0x47 may be chance: the next packet must begin in step, where the chunk reaches that far.
    while (at < chunk.length && !(chunk[at] === syncByte && (at + packetBytes >= chunk.length || chunk[at + packetBytes] === syncByte))) at++;
    this.skippedBytes += at - from;
    return at;
  }

  #inspect(buffer: Buffer, at: number, nowMs: number): void {
    this.packets++;
    this.bytes += packetBytes;
    const pid = pidOf(buffer, at);
    const pcr = pcrOf(buffer, at);
    if (pcr >= 0) {
      this.#reference.pcr = pcr;
      this.#reference.monoMs = nowMs;
    }
    if (pid === nullPid || !hasPayload(buffer, at)) return;
    const counter = continuityOf(buffer, at);
    const before = this.#counters[pid] as number;
    // The same counter again is a permitted duplicate (2.4.3.3).
    if (before !== unseen && counter !== before && counter !== ((before + 1) & 0x0f) && !isDiscontinuity(buffer, at)) this.continuityErrors++;
    this.#counters[pid] = counter;
  }
}
