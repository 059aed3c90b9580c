/**
 * Writes the program: units of whatever source become TS packets of fixed PIDs, with tables, clock references and continuity
 * counters that run on whatever happens before them (ISO/IEC 13818-1, 2.4). Seven packets a payload, as SRT's live mode has it.
 */
import { packetBytes, ptsWrap, syncByte } from './mpegts/packet.ts';
import { writeHeader } from './mpegts/pes.ts';
import { spliceIdentifier, spliceType } from './mpegts/splice-info.ts';
import { type ElementaryStream, fitting, writeAssociation, writeProgramMap } from './mpegts/tables.ts';
import type { PrivateUnit } from './private-streams.ts';
import type { Unit } from './unit.ts';

/** 7 × 188 = 1316 bytes fit an Ethernet frame with all headers. */
export const payloadPackets = 7;
export const mapPid = 0x1000;
export const videoPid = 0x100;
export const audioPid = 0x101;
/** Of the first private stream that passes; the others follow. */
export const privatePid = 0x110;
/** As many as have room in a map of one packet, each with descriptors of this length. */
export const privateStreamsMax = 4;
const descriptorBytesMax = 32;
/** How far clock references lie before decoding times: what a receiver buffers, and how long they can run on without pictures. */
const referenceLeadTicks = 300 * 90;
/** 2.7.2 wants one each 100 ms at least, ETSI TR 101 290 (2.3a) each 40 ms: they come with the pictures, and alone between slow ones. */
const referenceEveryMs = 35;
const referenceTicksMax = 40 * 90;
/** A longer leap is a pause that no references can hide. */
const bridgedTicksMax = 2000 * 90;
/** Receivers that join wait for tables: as often as DVB asks (ETSI TR 101 290, 1.3 and 1.5: 500 ms), with room. */
const tablesEveryMs = 100;
/** What waits for company to fill a payload leaves alone after this. */
const waitMsMax = 10;
const pcrFieldBytes = 7;

export interface ClockReference {
  /** 27 MHz. */
  pcr: number;
  monoMs: number;
}

export class Multiplex {
  readonly #onPayload: (buffer: Buffer, offset: number, length: number) => void;
  readonly #payload = Buffer.alloc(payloadPackets * packetBytes);
  readonly #table = Buffer.alloc(packetBytes);
  /** Of map, association, video, audio. */
  readonly #counters = { association: 0, map: 0, video: 0, audio: 0 };
  readonly #reference: ClockReference = { pcr: -1, monoMs: 0 };
  #filled = 0;
  #filledMs = 0;
  #tablesMs = Number.NEGATIVE_INFINITY;
  /** Of the last picture: decoding time, and when it was written. */
  #pictureDts = Number.NaN;
  #pictureMs = 0;
  /** 90 kHz, unwrapped. */
  #lastReference = Number.NEGATIVE_INFINITY;
  #video: ElementaryStream | null = null;
  #audio: ElementaryStream | null = null;
  /** By the rules that let them pass; what was there once stays in the map. */
  readonly #private: (ElementaryStream | null)[] = new Array(privateStreamsMax).fill(null);
  readonly #privateCounters = new Uint8Array(privateStreamsMax);
  #version = 0;
  packets = 0;

  /** `onPayload` must use or copy the bytes before it returns. */
  constructor(onPayload: (buffer: Buffer, offset: number, length: number) => void) {
    this.#onPayload = onPayload;
  }

  /** The last clock reference, and when it left; null before the first. */
  get lastPcr(): ClockReference | null {
    return this.#reference.pcr < 0 ? null : { ...this.#reference };
  }

  /** Of the last clock reference, 90 kHz of the program, unwrapped; minus infinity before the first. */
  get reference(): number {
    return this.#lastReference;
  }

  /** What the program consists of from the next packet on. */
  describe(video: ElementaryStream | null, audio: ElementaryStream | null): void {
    if (same(this.#video, video) && same(this.#audio, audio)) return;
    this.#video = video;
    this.#audio = audio;
    this.#changed();
  }

  /** The map gets another private stream, or another kind of one, before its next packet. */
  describePrivate(slot: number, stream: ElementaryStream): void {
    if (slot >= privateStreamsMax || same(this.#private[slot] ?? null, stream)) return;
    this.#private[slot] = stream;
    this.#changed();
  }

  #changed(): void {
    this.#version = (this.#version + 1) & 0x1f;
    this.#tablesMs = Number.NEGATIVE_INFINITY;
  }

  /** Writes one unit with its times in the program, 90 kHz. Its header is written into the room before it. */
  write(unit: Unit, pts: number, dts: number, nowMs: number): void {
    const { bytes, from, end, kind } = unit;
    const start = writeHeader(bytes, from, end, kind, unit.timeless ? null : { pts, dts });
    if (unit.entry !== 'none' && kind === 'video') this.#tables(nowMs);
    else if (nowMs - this.#tablesMs >= tablesEveryMs) this.#tables(nowMs);
    if (kind === 'video') this.#bridge(dts - referenceLeadTicks, nowMs);
    for (let at = start; at < end; ) at += this.#packet(unit, at, at === start, dts, nowMs);
    if (kind === 'audio') return;
    this.#pictureDts = dts;
    this.#pictureMs = nowMs;
  }

  /** Writes a whole PES packet or section of a stream that was described, as it is. */
  writePrivate({ slot, bytes, end, isSection }: PrivateUnit, nowMs: number): void {
    if (slot >= privateStreamsMax) return;
    if (nowMs - this.#tablesMs >= tablesEveryMs) this.#tables(nowMs);
    for (let at = 0; at < end; ) at += this.#privatePacket(slot, bytes, at, end, isSection, nowMs);
  }

  #privatePacket(slot: number, bytes: Buffer, at: number, end: number, isSection: boolean, nowMs: number): number {
    const to = this.#room(nowMs);
    const payload = this.#payload;
    const pid = privatePid + slot;
    const counter = this.#privateCounters[slot] as number;
    this.#privateCounters[slot] = (counter + 1) & 0x0f;
    // A section is announced by a pointer and followed by stuffing; a PES packet is preceded by it, in an adaptation field.
    const pointer = isSection && at === 0 ? 1 : 0;
    const carried = Math.min(end - at, packetBytes - 4 - pointer);
    const spare = packetBytes - 4 - pointer - carried;
    const field = isSection ? 0 : spare;
    payload[to] = syncByte;
    payload[to + 1] = (at === 0 ? 0x40 : 0) | (pid >> 8);
    payload[to + 2] = pid & 0xff;
    payload[to + 3] = (field > 0 ? 0x30 : 0x10) | counter;
    payload.fill(0xff, to + 4, to + packetBytes);
    if (field > 0) payload[to + 4] = field - 1;
    if (field > 1) payload[to + 5] = 0;
    if (pointer > 0) payload[to + 4] = 0;
    bytes.copy(payload, to + 4 + pointer + field, at, at + carried);
    this.#put();
    return carried;
  }

  /** To be called every few milliseconds: nothing waits for long. `givenUp`: the source on air will send no more pictures. */
  turn(nowMs: number, givenUp: boolean): void {
    if (this.#reference.pcr >= 0) {
      if (nowMs - this.#reference.monoMs >= referenceEveryMs) this.#referenceAlone(nowMs, givenUp);
      if (nowMs - this.#tablesMs >= tablesEveryMs * 2) this.#tables(nowMs);
    }
    if (this.#filled > 0 && nowMs - this.#filledMs >= waitMsMax) this.flush();
  }

  flush(): void {
    if (this.#filled === 0) return;
    const length = this.#filled;
    this.#filled = 0;
    this.#onPayload(this.#payload, 0, length);
  }

  /** Writes one packet that begins at `at` of the unit; returns how many of its bytes went in. */
  #packet(unit: Unit, at: number, first: boolean, dts: number, nowMs: number): number {
    const { bytes, end, kind } = unit;
    // After a pause the references have run ahead of the pictures that come late: they never go back.
    const clocked = first && kind === 'video' && this.#isLater(dts - referenceLeadTicks);
    const to = this.#room(nowMs);
    const payload = this.#payload;
    const left = end - at;
    // The adaptation field without its length byte; -1: there is none.
    let field = clocked ? pcrFieldBytes : first && unit.entry !== 'none' && kind === 'video' ? 1 : -1;
    const room = packetBytes - 4 - (field + 1);
    const carried = Math.min(left, room);
    if (carried < room) field += room - carried;
    const pid = kind === 'video' ? videoPid : audioPid;
    payload[to] = syncByte;
    payload[to + 1] = (first ? 0x40 : 0) | (pid >> 8);
    payload[to + 2] = pid & 0xff;
    payload[to + 3] = (field >= 0 ? 0x30 : 0x10) | this.#count(kind);
    if (field >= 0) this.#field(to + 4, field, clocked, unit.entry !== 'none' && first && kind === 'video', dts - referenceLeadTicks, nowMs);
    bytes.copy(payload, to + 5 + field, at, at + carried);
    this.#put();
    return carried;
  }

  #field(at: number, length: number, clocked: boolean, entry: boolean, reference: number, nowMs: number): void {
    const payload = this.#payload;
    payload[at] = length;
    if (length === 0) return;
    payload[at + 1] = (entry ? 0x40 : 0) | (clocked ? 0x10 : 0);
    payload.fill(0xff, at + 2, at + 1 + length);
    if (!clocked) return;
    this.#lastReference = reference;
    const base = Math.round(reference) % ptsWrap;
    // 33 bits of 90 kHz, six reserved, nine of 27 MHz (2.4.3.5): the finer part is not used.
    payload.writeUInt32BE(Math.floor(base / 2), at + 2);
    payload[at + 6] = ((base % 2) << 7) | 0x7e;
    payload[at + 7] = 0;
    this.#reference.pcr = base * 300;
    this.#reference.monoMs = nowMs;
  }

  /** The program's clock runs on while no picture comes, up to where the next one could be due; the next source begins by the wall. */
  #referenceAlone(nowMs: number, givenUp: boolean): void {
    const elapsed = (nowMs - this.#pictureMs) * 90;
    const lag = givenUp ? elapsed : Math.min(elapsed, referenceLeadTicks - 90);
    const reference = this.#pictureDts - referenceLeadTicks + lag;
    // A loop that turned late leaves no larger step than one in time.
    this.#bridge(reference, nowMs);
    this.#writeReference(reference, nowMs);
  }

  /** Where a switch makes the program's time leap a few pictures, the references walk there. */
  #bridge(reference: number, nowMs: number): void {
    if (reference - this.#lastReference > bridgedTicksMax) return;
    const between = Math.ceil((reference - this.#lastReference) / referenceTicksMax);
    const step = (reference - this.#lastReference) / between;
    for (let n = 1; n < between; n++) this.#writeReference(this.#lastReference + step, nowMs);
  }

  /** Later as it is written, in whole ticks: the same reference twice is a clock that stood still. */
  #isLater(reference: number): boolean {
    return Math.round(reference) > Math.round(this.#lastReference);
  }

  /** A packet with nothing but a clock reference. It never goes back. */
  #writeReference(reference: number, nowMs: number): void {
    if (!this.#isLater(reference)) return;
    const to = this.#room(nowMs);
    const payload = this.#payload;
    payload[to] = syncByte;
    payload[to + 1] = videoPid >> 8;
    payload[to + 2] = videoPid & 0xff;
    // No payload: the counter stays where it is (2.4.3.3).
    payload[to + 3] = 0x20 | ((this.#counters.video + 15) & 0x0f);
    this.#field(to + 4, packetBytes - 5, true, false, reference, nowMs);
    this.#put();
  }

  #tables(nowMs: number): void {
    const video = this.#video;
    if (video === null) return;
    this.#tablesMs = nowMs;
    const passed = this.#private.flatMap((stream, slot) => (stream === null ? [] : [{ ...stream, pid: privatePid + slot }]));
    const streams = [{ ...video, pid: videoPid }, ...(this.#audio === null ? [] : [{ ...this.#audio, pid: audioPid }]), ...passed].map(short);
    const descriptors = passed.some(({ type }) => type === spliceType) ? spliceIdentifier : [];
    writeAssociation(this.#table, mapPid);
    this.#putTable(this.#counters.association, nowMs);
    this.#counters.association = (this.#counters.association + 1) & 0x0f;
    writeProgramMap(this.#table, mapPid, this.#version, { pcrPid: videoPid, descriptors, streams });
    this.#putTable(this.#counters.map, nowMs);
    this.#counters.map = (this.#counters.map + 1) & 0x0f;
  }

  #putTable(counter: number, nowMs: number): void {
    this.#table[3] = 0x10 | counter;
    this.#table.copy(this.#payload, this.#room(nowMs));
    this.#put();
  }

  #count(kind: Unit['kind']): number {
    const counter = this.#counters[kind];
    this.#counters[kind] = (counter + 1) & 0x0f;
    return counter;
  }

  #room(nowMs: number): number {
    if (this.#filled === 0) this.#filledMs = nowMs;
    return this.#filled;
  }

  #put(): void {
    this.packets++;
    this.#filled += packetBytes;
    if (this.#filled === this.#payload.length) this.flush();
  }
}

function same(a: ElementaryStream | null, b: ElementaryStream | null): boolean {
  if (a === null || b === null) return a === b;
  return a.type === b.type && a.descriptors.length === b.descriptors.length && a.descriptors.every((byte, at) => byte === b.descriptors[at]);
}

const short = (stream: ElementaryStream): ElementaryStream => ({ ...stream, descriptors: fitting(stream.descriptors, descriptorBytesMax) });
