/** Program tables: what a stream consists of (ISO/IEC 13818-1, 2.4.4). Only tables that fit one packet, as every contribution encoder sends them. */
import { packetBytes, payloadAt, startsUnit } from './packet.ts';

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
  streams: ElementaryStream[];
}

const kinds: Readonly<Record<number, StreamKind>> = { 2: 'mpeg2', 27: 'h264', 36: 'h265', 3: 'audio', 4: 'audio', 15: 'audio', 17: 'audio', 129: 'audio' };

/** PID of the first program's map, or -1 when this packet is no valid program association table. */
export function parseAssociation(buffer: Uint8Array, at: number): number {
  const section = sectionAt(buffer, at, 0x00);
  if (section === null) return -1;
  for (let entry = section.start + 8; entry + 4 <= section.end - 4; entry += 4) {
    const program = word(buffer, entry);
    if (program !== 0) return word(buffer, entry + 2) & 0x1fff;
  }
  return -1;
}

/** The program map in this packet, or null when it is none or damaged. */
export function parseProgramMap(buffer: Uint8Array, at: number): ProgramMap | null {
  const section = sectionAt(buffer, at, 0x02);
  if (section === null) return null;
  const streams: ElementaryStream[] = [];
  const pcrPid = word(buffer, section.start + 8) & 0x1fff;
  let entry = section.start + 12 + (word(buffer, section.start + 10) & 0x0fff);
  for (; entry + 5 <= section.end - 4; entry += 5 + (word(buffer, entry + 3) & 0x0fff)) {
    const type = buffer[entry] ?? 0;
    const descriptors = Uint8Array.prototype.slice.call(buffer, entry + 5, Math.min(section.end - 4, entry + 5 + (word(buffer, entry + 3) & 0x0fff)));
    streams.push({ pid: word(buffer, entry + 1) & 0x1fff, type, kind: kinds[type] ?? 'other', descriptors });
  }
  return { pcrPid, streams };
}

const word = (buffer: Uint8Array, at: number): number => ((buffer[at] ?? 0) << 8) | (buffer[at + 1] ?? 0);

function sectionAt(buffer: Uint8Array, at: number, table: number): { start: number; end: number } | null {
  if (!startsUnit(buffer, at)) return null;
  const payload = payloadAt(buffer, at);
  const start = payload + 1 + (buffer[payload] ?? 0);
  const end = start + 3 + (word(buffer, start + 1) & 0x0fff);
  // A length that leads out of the packet is a lie or a table of several packets: neither is ours to follow.
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
export function writeProgramMap(packet: Uint8Array, mapPid: number, version: number, { pcrPid, streams }: ProgramMap): void {
  const entries = streams.flatMap(({ pid, type, descriptors }) => [
    type,
    0xe0 | (pid >> 8),
    pid & 0xff,
    0xf0 | (descriptors.length >> 8),
    descriptors.length & 0xff,
    ...descriptors,
  ]);
  const length = 9 + entries.length + 4;
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
    0x00,
  ];
  writeSection(packet, mapPid, new Uint8Array([...head, ...entries]));
}

/** Descriptors that together still fit one packet; a source's may be longer than any of use. */
export const descriptorBytesMax = 48;

function writeSection(packet: Uint8Array, pid: number, section: Uint8Array): void {
  packet.fill(0xff, 0, packetBytes);
  packet.set([0x47, 0x40 | (pid >> 8), pid & 0xff, 0x10, 0x00]);
  packet.set(section, 5);
  const end = 5 + section.length;
  const crc = crc32(packet, 5, end);
  packet.set([crc >>> 24, (crc >>> 16) & 0xff, (crc >>> 8) & 0xff, crc & 0xff], end);
}
