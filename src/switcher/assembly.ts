/** Puts the PES packets of one stream together out of its TS packets, in memory that is used again. */
import type { ElementaryStream } from './mpegts/tables.ts';
import { headroomBytes, type Unit } from './unit.ts';

const firstBytes = 64 * 1024;
/** A PES packet is collected so that its contents, behind a header of nine bytes at least, have room before them. */
export const pesAt = headroomBytes - 9;
/** No continuity counter. */
export const unseen = 0xff;

export class Assembly {
  readonly unit: Unit;
  readonly bytesMax: number;
  stream: ElementaryStream | null = null;
  open = false;
  damaged = false;
  counter = unseen;
  /** Last time that was said, unwrapped; NaN before the first. */
  lastTime = Number.NaN;

  constructor(kind: Unit['kind'], bytesMax: number) {
    this.bytesMax = bytesMax;
    this.unit = { kind, bytes: Buffer.alloc(firstBytes), from: pesAt, end: pesAt, pts: 0, dts: 0, timeless: true, entry: 'none', duration: 0 };
  }

  begin(): void {
    this.open = true;
    this.damaged = false;
    this.unit.end = pesAt;
  }

  /** Nothing of what was begun is of use. */
  forget(): void {
    this.open = false;
    this.counter = unseen;
  }

  /** False when it grows too large to be true. */
  append(source: Buffer, from: number, end: number): boolean {
    const { unit } = this;
    const wanted = unit.end + end - from;
    if (wanted > this.bytesMax) return false;
    if (wanted > unit.bytes.length) this.grow(wanted);
    source.copy(unit.bytes, unit.end, from, end);
    unit.end = wanted;
    return true;
  }

  grow(wanted: number): void {
    const { unit } = this;
    const larger = Buffer.alloc(Math.max(wanted, unit.bytes.length * 2));
    unit.bytes.copy(larger, 0, 0, unit.end);
    unit.bytes = larger;
  }

  /** Whether the bytes were the last ones that came. */
  endsWith(source: Buffer, from: number, end: number): boolean {
    const at = this.unit.end - (end - from);
    return at >= pesAt && this.unit.bytes.compare(source, from, end, at, this.unit.end) === 0;
  }
}

/** Whether the adaptation field holds more than its flags ask for (2.4.3.5). */
export function isStuffed(buffer: Buffer, at: number, starts: boolean): boolean {
  const length = buffer[at + 4] as number;
  if (length === 0) return true;
  const flags = buffer[at + 5] as number;
  const used = 1 + ((flags & 0x10) === 0 ? 0 : 6) + ((flags & 0x08) === 0 ? 0 : 6) + ((flags & 0x04) === 0 ? 0 : 1);
  // Private data and extensions have lengths of their own: such a field is no sign.
  if ((flags & 0x03) !== 0) return false;
  // The first packet's field is there for its clock and flags; only a field that fills the packet up is longer.
  return length > used + (starts ? 1 : 0);
}
