/** Program tables: what a stream consists of (ISO/IEC 13818-1, 2.4.4). */
import { continuityOf, packetBytes, payloadAt, startsUnit } from './packet.ts';

export type StreamKind = 'h264' | 'h265' | 'mpeg2' | 'audio' | 'other';

export interface ElementaryStream {
  pid: number;
  /** stream_type, table 2-34. */
  type: number;
  kind: StreamKind;
  /** Descriptors of the stream as they were sent: some codecs are told by them alone. */
  descriptors: Uint8Array;
}

export interface ProgramMap {
  pcrPid: number;
  /** Descriptors of the whole program. */
  descriptors?: readonly number[];
  streams: ElementaryStream[];
}

const kinds: Readonly<Record<number, StreamKind>> = { 2: 'mpeg2', 27: 'h264', 36: 'h265', 3: 'audio', 4: 'audio', 15: 'audio', 17: 'audio', 129: 'audio' };

/** PID of the map of program `number` (0: of the first), or -1 when this packet holds no valid program association table with it. */
export function parseAssociation(buffer: Uint8Array, at: number, number = 0): number {
  const section = sectionAt(buffer, at, 0x00);
  return section === null ? -1 : mapPidIn(buffer, section, number);
}

/** The program map in this packet, or null when it is none, damaged or longer. */
export function parseProgramMap(buffer: Uint8Array, at: number): ProgramMap | null {
  const section = sectionAt(buffer, at, 0x02);
  return section === null ? null : mapIn(buffer, section);
}

export function mapPidIn(buffer: Uint8Array, { start, end }: Section, number: number): number {
  for (let entry = start + 8; entry + 4 <= end - 4; entry += 4) {
    const program = word(buffer, entry);
    if (program !== 0 && (number === 0 || program === number)) return word(buffer, entry + 2) & 0x1fff;
  }
  return -1;
}

export function mapIn(buffer: Uint8Array, { start, end }: Section): ProgramMap {
  const streams: ElementaryStream[] = [];
  const pcrPid = word(buffer, start + 8) & 0x1fff;
  let entry = start + 12 + (word(buffer, start + 10) & 0x0fff);
  for (; entry + 5 <= end - 4; entry += 5 + (word(buffer, entry + 3) & 0x0fff)) {
    const type = buffer[entry] ?? 0;
    const descriptors = Uint8Array.prototype.slice.call(buffer, entry + 5, Math.min(end - 4, entry + 5 + (word(buffer, entry + 3) & 0x0fff)));
    streams.push({ pid: word(buffer, entry + 1) & 0x1fff, type, kind: kinds[type] ?? 'other', descriptors });
  }
  return { pcrPid, streams };
}

/** Offsets of a section, its CRC included. */
export interface Section {
  start: number;
  end: number;
}

/** A section of such a table has 1024 bytes at most (2.4.4.9). */
const sectionBytesMax = 1024;

/** Puts the sections of one table together, over several packets where they are long. Memory is bounded, whatever they claim. */
export class SectionReader {
  readonly bytes = Buffer.alloc(sectionBytesMax);
  readonly #table: number;
  #length = 0;
  #counter = -1;

  constructor(table: number) {
    this.#table = table;
  }

  reset(): void {
    this.#length = 0;
    this.#counter = -1;
  }

  /** The section that this packet completes: offsets into `bytes`; null: none, damaged, not yet valid, or of another table. */
  add(buffer: Uint8Array, at: number): Section | null {
    const counter = continuityOf(buffer, at);
    const follows = counter === ((this.#counter + 1) & 0x0f);
    this.#counter = counter;
    let from = payloadAt(buffer, at);
    if (startsUnit(buffer, at)) {
      // pointer_field: what stands before it ends the section before. Tables that we read are one section each.
      from += 1 + (buffer[from] ?? 0);
      this.#length = 0;
    } else if (this.#length === 0 || !follows) {
      this.#length = 0;
      return null;
    }
    for (; from < at + packetBytes && this.#length < sectionBytesMax; from++) this.bytes[this.#length++] = buffer[from] as number;
    const claimed = this.#length < 3 ? 3 : 3 + (word(this.bytes, 1) & 0x0fff);
    if (this.bytes[0] !== this.#table || claimed > sectionBytesMax || claimed < 16) this.#length = 0;
    if (this.#length < claimed) return null;
    this.#length = 0;
    return isCurrent(this.bytes, 0) && crc32(this.bytes, 0, claimed) === 0 ? { start: 0, end: claimed } : null;
  }
}

/** current_next_indicator: a table may be sent before it counts. */
const isCurrent = (buffer: Uint8Array, start: number): boolean => ((buffer[start + 5] ?? 0) & 1) === 1;

const word = (buffer: Uint8Array, at: number): number => ((buffer[at] ?? 0) << 8) | (buffer[at + 1] ?? 0);

function sectionAt(buffer: Uint8Array, at: number, table: number): Section | null {
  if (!startsUnit(buffer, at)) return null;
  const payload = payloadAt(buffer, at);
  const start = payload + 1 + (buffer[payload] ?? 0);
  const end = start + 3 + (word(buffer, start + 1) & 0x0fff);
  // A length that leads out of the packet is a lie or a table of several packets: neither can be followed here.
  if (end > at + packetBytes || end - start < 16 || buffer[start] !== table) return null;
  return crc32(buffer, start, end) === 0 ? { start, end } : null;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, index) => {
  let crc = index << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  return crc >>> 0;
});

/** CRC-32/MPEG-2 (annex A); 0 over a section that ends in its own CRC. */
export function crc32(buffer: Uint8Array, start: number, end: number): number {
  let crc = 0xffffffff;
  for (let at = start; at < end; at++) crc = ((crc << 8) ^ (crcTable[(crc >>> 24) ^ (buffer[at] ?? 0)] ?? 0)) >>> 0;
  return crc;
}

/** A program association table in one packet (2.4.4.3): one program, number 1. The continuity counter is the caller's. */
export function writeAssociation(packet: Uint8Array, mapPid: number): void {
  const section = new Uint8Array([0x00, 0xb0, 13, 0x00, 0x01, 0xc1, 0x00, 0x00, 0x00, 0x01, 0xe0 | (mapPid >> 8), mapPid & 0xff]);
  writeSection(packet, 0, section);
}

/** A program map in one packet (2.4.4.8). `version` 0 … 31 changes with its content. */
export function writeProgramMap(packet: Uint8Array, mapPid: number, version: number, { pcrPid, descriptors = [], streams }: ProgramMap): void {
  const entries = streams.flatMap(({ pid, type, descriptors: own }) => [
    type,
    0xe0 | (pid >> 8),
    pid & 0xff,
    0xf0 | (own.length >> 8),
    own.length & 0xff,
    ...own,
  ]);
  const length = 9 + descriptors.length + entries.length + 4;
  const head = [
    0x02,
    0xb0 | (length >> 8),
    length & 0xff,
    0x00,
    0x01,
    0xc1 | ((version & 0x1f) << 1),
    0x00,
    0x00,
    0xe0 | (pcrPid >> 8),
    pcrPid & 0xff,
    0xf0,
    descriptors.length,
  ];
  writeSection(packet, mapPid, new Uint8Array([...head, ...descriptors, ...entries]));
}

/** The first of a stream's descriptors that have room in `bytesMax`. */
export function fitting(descriptors: Uint8Array, bytesMax: number): Uint8Array {
  let end = 0;
  for (let next = 0; next <= Math.min(bytesMax, descriptors.length); next += 2 + (descriptors[next + 1] ?? bytesMax)) end = next;
  return descriptors.subarray(0, end);
}

function writeSection(packet: Uint8Array, pid: number, section: Uint8Array): void {
  packet.fill(0xff, 0, packetBytes);
  packet.set([0x47, 0x40 | (pid >> 8), pid & 0xff, 0x10, 0x00]);
  packet.set(section, 5);
  const end = 5 + section.length;
  const crc = crc32(packet, 5, end);
  packet.set([crc >>> 24, (crc >>> 16) & 0xff, (crc >>> 8) & 0xff, crc & 0xff], end);
}
