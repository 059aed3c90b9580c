/**
 * Streams of a source that are neither picture nor sound (KLV, SCTE-35, teletext, whatever a PID holds), where the program's rule lets
 * them pass: whole PES packets or whole sections. Memory is bounded, whatever comes.
 */
import { continuityOf, hasError, isDiscontinuity, isScrambled, packetBytes, payloadAt, startsUnit } from './mpegts/packet.ts';
import { claimedBytes } from './mpegts/pes.ts';
import { crc32, type ElementaryStream } from './mpegts/tables.ts';

/** Lets a stream pass: both must be as said, where both are said. */
export interface PassRule {
  /** stream_type, ISO/IEC 13818-1, table 2-34. */
  streamType?: number | undefined;
  /** Its PID in the source. */
  pid?: number | undefined;
}

/** A whole one; to be used or copied at once, and may be written to. */
export interface PrivateUnit {
  /** Place of the rule that let it pass. */
  slot: number;
  bytes: Buffer;
  end: number;
  isSection: boolean;
}

/** Sections (2.4.4) and not PES packets: private, DSM-CC, metadata, SCTE-35. */
const sectionTypes: ReadonlySet<number> = new Set([0x05, 0x0a, 0x0b, 0x0c, 0x0d, 0x16, 0x86]);
/** private_section_length says no more (2.4.4.10). */
const sectionBytesMax = 4096;
/** PES_packet_length says no more, and only a picture may leave it unsaid (2.4.3.7). */
const pesBytesMax = 64 * 1024 + 5;
/** The head of a PES packet; a section has no less to say. */
const shortestBytes = 6;
const unseen = 0xff;
/** table_id of a splice_info_section (SCTE 35, 9.6), which always ends in a CRC. */
const spliceTable = 0xfc;

export class PrivateStreams {
  readonly #rules: readonly PassRule[];
  readonly #onUnit: (unit: PrivateUnit) => void;
  readonly #readers = new Map<number, Reader>();
  /** What the source has for each rule; null: nothing. */
  readonly streams: (ElementaryStream | null)[];
  readonly counts = { continuityErrors: 0, damagedUnits: 0 };

  constructor(rules: readonly PassRule[], onUnit: (unit: PrivateUnit) => void) {
    this.#rules = rules;
    this.#onUnit = onUnit;
    this.streams = rules.map(() => null);
  }

  /** What the source consists of, without its picture and sound. Each rule takes the first stream that no rule before it took. */
  adopt(streams: readonly ElementaryStream[]): void {
    if (this.#rules.length === 0) return;
    const before = new Map(this.#readers);
    const taken = new Set<number>();
    this.#readers.clear();
    for (const [slot, rule] of this.#rules.entries()) {
      const stream = streams.find(({ pid, type }) => !taken.has(pid) && pid === (rule.pid ?? pid) && type === (rule.streamType ?? type)) ?? null;
      this.streams[slot] = stream;
      if (stream === null) continue;
      taken.add(stream.pid);
      const old = before.get(stream.pid);
      const same = old?.slot === slot && old.isSections === sectionTypes.has(stream.type);
      this.#readers.set(stream.pid, same ? old : new Reader(slot, sectionTypes.has(stream.type), this.counts, this.#onUnit));
    }
  }

  /** One packet of the source, of whatever PID. */
  add(pid: number, buffer: Buffer, at: number): void {
    this.#readers.get(pid)?.add(buffer, at);
  }

  reset(): void {
    this.#readers.clear();
    this.streams.fill(null);
  }
}

class Reader {
  readonly slot: number;
  readonly isSections: boolean;
  readonly #counts: PrivateStreams['counts'];
  readonly #onUnit: (unit: PrivateUnit) => void;
  readonly #bytes: Buffer;
  #length = 0;
  #open = false;
  #damaged = false;
  #counter = unseen;
  readonly #last = Buffer.alloc(packetBytes);

  constructor(slot: number, isSections: boolean, counts: PrivateStreams['counts'], onUnit: (unit: PrivateUnit) => void) {
    this.slot = slot;
    this.isSections = isSections;
    this.#counts = counts;
    this.#onUnit = onUnit;
    this.#bytes = Buffer.alloc(isSections ? sectionBytesMax : pesBytesMax);
  }

  add(buffer: Buffer, at: number): void {
    const counter = continuityOf(buffer, at);
    // The same packet twice is permitted (2.4.3.3), and no news.
    if (counter === this.#counter && this.#last.compare(buffer, at, at + packetBytes) === 0) return;
    buffer.copy(this.#last, 0, at, at + packetBytes);
    const follows = this.#counter === unseen || counter === ((this.#counter + 1) & 0x0f) || isDiscontinuity(buffer, at);
    this.#counter = counter;
    if (!follows) this.#counts.continuityErrors++;
    if (!follows || hasError(buffer, at) || isScrambled(buffer, at)) this.#damaged = true;
    const from = payloadAt(buffer, at);
    const end = at + packetBytes;
    if (this.isSections) this.#addSections(buffer, from, end, startsUnit(buffer, at));
    else this.#addPes(buffer, from, end, startsUnit(buffer, at));
  }

  #begin(): void {
    this.#open = true;
    this.#damaged = false;
    this.#length = 0;
  }

  #drop(): void {
    this.#open = false;
    this.#counts.damagedUnits++;
  }

  #addPes(buffer: Buffer, from: number, end: number, starts: boolean): void {
    if (starts) {
      if (this.#open) this.#complete(claimedBytes(this.#bytes, 0, this.#length) || this.#length);
      // An error in the packet that begins one damages that one.
      const broken = this.#isBroken(buffer, from);
      this.#begin();
      this.#damaged = broken;
    }
    if (!this.#open) return;
    if (this.#length + end - from > this.#bytes.length) return this.#drop();
    this.#length += buffer.copy(this.#bytes, this.#length, from, end);
    const claimed = claimedBytes(this.#bytes, 0, this.#length);
    if (claimed > 0 && this.#length >= claimed) this.#complete(claimed);
  }

  #isBroken(buffer: Buffer, from: number): boolean {
    return from + 6 > buffer.length || buffer.readUIntBE(from, 3) !== 1;
  }

  /** pointer_field (2.4.4.1): what stands before it ends the section before; behind it sections follow each other, then stuffing. */
  #addSections(buffer: Buffer, from: number, end: number, starts: boolean): void {
    let at = from;
    if (starts) {
      const begins = Math.min(end, from + 1 + (buffer[from] ?? 0));
      if (this.#open) this.#addSection(buffer, from + 1, begins);
      if (this.#open) this.#drop();
      this.#begin();
      at = begins;
    }
    while (this.#open && at < end) {
      if (this.#length === 0 && buffer[at] === 0xff) this.#open = false;
      else at = this.#addSection(buffer, at, end);
    }
  }

  /** Adds up to a section's end; returns where it is. */
  #addSection(buffer: Buffer, from: number, end: number): number {
    let at = from;
    for (; at < end && this.#length < 3; at++) this.#bytes[this.#length++] = buffer[at] as number;
    if (this.#length < 3) return at;
    const claimed = 3 + (this.#bytes.readUInt16BE(1) & 0x0fff);
    if (claimed > this.#bytes.length) {
      this.#drop();
      return end;
    }
    const taken = Math.min(end - at, claimed - this.#length);
    this.#length += buffer.copy(this.#bytes, this.#length, at, at + taken);
    if (this.#length === claimed) {
      this.#complete(claimed);
      this.#begin();
    }
    return at + taken;
  }

  #complete(claimed: number): void {
    this.#open = false;
    const isWhole = !this.#damaged && this.#length >= claimed && claimed >= shortestBytes && (!this.isSections || isSound(this.#bytes, claimed));
    if (!isWhole) {
      this.#counts.damagedUnits++;
      return;
    }
    this.#onUnit({ slot: this.slot, bytes: this.#bytes, end: claimed, isSection: this.isSections });
  }
}

/** section_syntax_indicator says that there is a CRC. */
const isSound = (bytes: Buffer, end: number): boolean =>
  ((bytes[1] as number) & 0x80) === 0 && bytes[0] !== spliceTable ? true : end >= 8 && crc32(bytes, 0, end) === 0;
