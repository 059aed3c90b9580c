/** What the program is made of: a picture or a piece of sound. */
import type { Entry } from './mpegts/access-unit.ts';
import { headerBytesMax } from './mpegts/pes.ts';

/** As a source hands it on, the same object and memory serve the next one: to be used or copied at once. */
export interface Unit {
  kind: 'video' | 'audio';
  bytes: Buffer;
  /** The elementary stream's bytes, from and up to. Before them is room for a header and for the mark of a splice. */
  from: number;
  end: number;
  /** 90 kHz, counted on over the wrap of 33 bits, so that later is always more. */
  pts: number;
  dts: number;
  /** The header says no time: the one before goes on. */
  timeless: boolean;
  entry: Entry;
  /** 90 kHz; 0 where it is not known. */
  duration: number;
}

/** A header, and the end of a sequence. */
export const headroomBytes = headerBytesMax + 5;

/** An owner's copy: a unit's own memory serves the next one at once. */
export function keep(unit: Unit): Unit {
  return { ...copyOf(unit, Buffer.alloc(headroomBytes + unit.end - unit.from)) };
}

/** Memory is taken anew only when it does not fit. */
export function overwrite(old: Unit, unit: Unit): void {
  const needed = headroomBytes + unit.end - unit.from;
  Object.assign(old, copyOf(unit, old.bytes.length >= needed ? old.bytes : Buffer.alloc(needed * 2)));
}

function copyOf(unit: Unit, bytes: Buffer): Unit {
  unit.bytes.copy(bytes, headroomBytes, unit.from, unit.end);
  return { ...unit, bytes, from: headroomBytes, end: headroomBytes + unit.end - unit.from };
}

/**
 * Says before a picture of an open group that nothing before it belongs to it: the decoder counts pictures anew and does not miss
 * those that lead it (end of sequence: ITU-T H.264, 7.4.1.2.3, nal_unit_type 10; ITU-T H.265, 7.4.2.4.4, type 36).
 */
export function markSplice(unit: Unit, codec: 'h264' | 'h265'): void {
  const mark = codec === 'h264' ? [0, 0, 1, 0x0a] : [0, 0, 1, 0x48, 0x01];
  if (unit.from - mark.length < headerBytesMax) return;
  unit.from -= mark.length;
  unit.bytes.set(mark, unit.from);
}
