/**
 * Slice headers of H.264 (ITU-T H.264, 7.3.3), read as far as they go and written anew with other numbers. Frames only, no slice groups:
 * what is read as null is not understood, or is no slice of such a picture.
 */
import type { BitWriter } from './bit-writer.ts';
import { Bits } from './bits.ts';

export interface Sequence {
  frameNumBits: number;
  /** pic_order_cnt_type; the width of pic_order_cnt_lsb where that is 0. */
  orderType: number;
  orderBits: number;
  deltaAlwaysZero: boolean;
  /** Place of gaps_in_frame_num_value_allowed_flag, in bits of the plain NAL unit. */
  gapsAt: number;
  separatePlanes: boolean;
  /** ChromaArrayType: 0 has no weights of colour. */
  chroma: number;
}

export interface PictureSet {
  id: number;
  cabac: boolean;
  bottomOrder: boolean;
  references: readonly [number, number];
  weighted: boolean;
  weightedBoth: number;
  deblocking: boolean;
  redundant: boolean;
}

export interface SliceHeader {
  nalType: number;
  isReference: boolean;
  /** slice_type modulo 5: 0 P, 1 B, 2 I. */
  type: number;
  picture: PictureSet;
  frameNum: number;
  orderLsb: number;
  /** Places, in bits of the plain NAL unit: of the fields that are written anew, and of the header's end. */
  frameNumAt: number;
  orderAt: number;
  markingAt: number;
  markingEnd: number;
  end: number;
  /** memory_management_control_operations, with what follows each; null: the window slides. */
  marking: number[][] | null;
}

const highProfiles = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];

/** @param nal plain, its header byte first. */
export function readSequence(nal: Uint8Array, length: number): Sequence | null {
  const bits = new Bits(nal, 1, length);
  const place = (): number => length * 8 - bits.left;
  const profile = bits.read(8);
  bits.skip(16);
  bits.ue();
  let chroma = 1;
  let separatePlanes = false;
  if (highProfiles.includes(profile)) {
    chroma = bits.ue();
    if (chroma === 3) separatePlanes = bits.flag();
    bits.ue();
    bits.ue();
    bits.skip(1);
    // Scaling lists: nobody in the field sends them, and the splice does without.
    if (bits.flag()) return null;
  }
  const frameNumBits = bits.ue() + 4;
  const orderType = bits.ue();
  const orderBits = orderType === 0 ? bits.ue() + 4 : 0;
  let deltaAlwaysZero = false;
  if (orderType === 1) {
    deltaAlwaysZero = bits.flag();
    bits.se();
    bits.se();
    for (let left = Math.min(255, bits.ue()); left > 0; left--) bits.se();
  }
  bits.ue();
  const gapsAt = place();
  bits.skip(1);
  bits.ue();
  bits.ue();
  const progressive = bits.flag();
  if (bits.over || !progressive || frameNumBits > 16 || orderBits > 16) return null;
  return { frameNumBits, orderType, orderBits, deltaAlwaysZero, gapsAt, separatePlanes, chroma: separatePlanes ? 0 : chroma };
}

export function readPictureSet(nal: Uint8Array, length: number): PictureSet | null {
  const bits = new Bits(nal, 1, length);
  const id = bits.ue();
  bits.ue();
  const cabac = bits.flag();
  const bottomOrder = bits.flag();
  if (bits.ue() !== 0) return null;
  const references = [bits.ue() + 1, bits.ue() + 1] as const;
  const weighted = bits.flag();
  const weightedBoth = bits.read(2);
  bits.se();
  bits.se();
  bits.se();
  const deblocking = bits.flag();
  bits.skip(1);
  const redundant = bits.flag();
  return bits.over || id > 255 || references[0] > 32 || references[1] > 32
    ? null
    : { id, cabac, bottomOrder, references, weighted, weightedBoth, deblocking, redundant };
}

/** @param nal plain, its header byte first. */
export function readSlice(nal: Uint8Array, length: number, sequence: Sequence, pictures: ReadonlyMap<number, PictureSet>): SliceHeader | null {
  const bits = new Bits(nal, 1, length);
  const place = (): number => length * 8 - bits.left;
  const nalType = (nal[0] as number) & 0x1f;
  const isReference = ((nal[0] as number) & 0x60) !== 0;
  bits.ue();
  const type = bits.ue() % 5;
  const picture = pictures.get(bits.ue());
  if (picture === undefined || type > 2) return null;
  if (sequence.separatePlanes) bits.skip(2);
  const frameNumAt = place();
  const frameNum = bits.read(sequence.frameNumBits);
  if (nalType === 5) bits.ue();
  const orderAt = place();
  const orderLsb = bits.read(sequence.orderBits);
  if (sequence.orderType === 0 && picture.bottomOrder) bits.se();
  if (sequence.orderType === 1 && !sequence.deltaAlwaysZero) {
    bits.se();
    if (picture.bottomOrder) bits.se();
  }
  if (picture.redundant) bits.ue();
  if (type !== 2) skipReferences(bits, type, sequence, picture);
  const markingAt = place();
  const marking = isReference ? readMarking(bits, nalType) : null;
  const markingEnd = place();
  if (picture.cabac && type !== 2) bits.ue();
  bits.se();
  if (picture.deblocking && bits.ue() !== 1) {
    bits.se();
    bits.se();
  }
  if (bits.over) return null;
  return { nalType, isReference, type, picture, frameNum, orderLsb, frameNumAt, orderAt, markingAt, markingEnd, end: place(), marking };
}

function skipReferences(bits: Bits, type: number, { chroma }: Sequence, picture: PictureSet): void {
  if (type === 1) bits.skip(1);
  const counts = [...picture.references];
  if (bits.flag()) {
    counts[0] = bits.ue() + 1;
    if (type === 1) counts[1] = bits.ue() + 1;
  }
  // ref_pic_list_modification (7.3.3.1): differences of picture numbers, which stay as they are.
  for (let list = 0; list <= type; list++) if (bits.flag()) for (let idc = bits.ue(); idc !== 3 && !bits.over; idc = bits.ue()) bits.ue();
  if ((picture.weighted && type === 0) || (picture.weightedBoth === 1 && type === 1)) skipWeights(bits, type, counts, chroma !== 0);
}

/** pred_weight_table (7.3.3.2). */
function skipWeights(bits: Bits, type: number, counts: readonly number[], colour: boolean): void {
  bits.ue();
  if (colour) bits.ue();
  for (let list = 0; list <= type; list++)
    for (let i = Math.min(32, counts[list] as number); i > 0; i--) {
      for (let left = bits.flag() ? 2 : 0; left > 0; left--) bits.se();
      for (let left = colour && bits.flag() ? 4 : 0; left > 0; left--) bits.se();
    }
}

/** dec_ref_pic_marking (7.3.3.3). */
function readMarking(bits: Bits, nalType: number): number[][] | null {
  if (nalType === 5) {
    bits.skip(2);
    return null;
  }
  if (!bits.flag()) return null;
  const found: number[][] = [];
  for (let operation = bits.ue(); operation !== 0 && !bits.over; operation = bits.ue()) {
    const one = [operation];
    for (let left = operation === 3 ? 2 : operation === 5 ? 0 : 1; left > 0; left--) one.push(bits.ue());
    found.push(one);
  }
  return found;
}

/** What a header is to say in place of what it says. */
export interface Renumbered {
  frameNum: number;
  orderLsb: number;
  /** Becomes an instantaneous refresh under this number; null: stays what it is. */
  refresh: number | null;
  marking: number[][] | null;
}

/** Writes the whole NAL unit anew, plain; what follows the header is the same bits. */
export function writeSlice(to: BitWriter, nal: Uint8Array, length: number, sequence: Sequence, slice: SliceHeader, said: Renumbered): void {
  to.write(said.refresh === null ? (nal[0] as number) : ((nal[0] as number) & 0xe0) | 5, 8);
  to.copy(nal, 8, slice.frameNumAt);
  to.write(said.frameNum, sequence.frameNumBits);
  if (said.refresh !== null) to.ue(said.refresh);
  to.write(said.orderLsb, sequence.orderBits);
  to.copy(nal, slice.orderAt + sequence.orderBits, slice.markingAt);
  if (said.refresh !== null) to.write(0, 2);
  else if (slice.isReference) {
    to.bit(said.marking === null ? 0 : 1);
    if (said.marking !== null) for (const value of [...said.marking.flat(), 0]) to.ue(value);
  }
  to.copy(nal, slice.markingEnd, slice.end);
  if (!slice.picture.cabac) return to.copy(nal, slice.end, trailingAt(nal, length));
  while ((to.at & 7) !== 0) to.bit(1);
  to.copy(nal, Math.ceil(slice.end / 8) * 8, length * 8);
}

/** Behind the stop bit: the zeros after it align the bytes, and are another number now. */
function trailingAt(nal: Uint8Array, length: number): number {
  let last = length - 1;
  while (last > 0 && nal[last] === 0) last--;
  const byte = nal[last] as number;
  return last * 8 + 8 - Math.log2(byte & -byte);
}
