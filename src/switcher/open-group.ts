/**
 * Makes a group of pictures that leans on the one before it (H.264, open group) begin like any other. A decoder that comes from another
 * source counts on from that one, and discards pictures that it never had. So the entry becomes an instantaneous refresh (IDR), the
 * pictures after it are counted from it, and nothing is discarded that was before it. Only headers of slices are written anew; the
 * pictures are the same. ITU-T H.264: 7.4.1.2.4 (IDR), 8.2.1 (order), 8.2.5 (marking).
 */
import { BitWriter } from './mpegts/bit-writer.ts';
import {
  type PictureSet,
  type Renumbered,
  readPictureSet,
  readSequence,
  readSlice,
  type Sequence,
  type SliceHeader,
  writeSlice,
} from './mpegts/slice-header.ts';
import { headroomBytes, type Unit } from './unit.ts';

/** Encoders number theirs 0 and 1; two that follow each other must differ. */
const firstRefresh = 20;
/** Numbers of pictures wrap in 16 bits at most; no command reaches further back than the 16 pictures that a decoder keeps. */
const farFromEntry = 64;
/** Escaping makes three bytes of two at most, and a header grows by a few. */
const growth = 1.5;
const spareBytes = 4096;

interface Numbering {
  sequence: Sequence;
  pictures: Map<number, PictureSet>;
  /** Of the entry. */
  frameNum: number;
  orderLsb: number;
}

export class OpenGroup {
  #numbering: Numbering | null = null;
  /** How many reference pictures the last one was after the entry. */
  #after = 0;
  #refresh = firstRefresh;
  #plain = new Uint8Array(0);
  readonly #writer = new BitWriter(new Uint8Array(0));
  readonly #out: Unit = { kind: 'video', bytes: Buffer.alloc(0), from: 0, end: 0, pts: 0, dts: 0, timeless: false, entry: 'none', duration: 0 };
  #failed = false;
  #restarts = false;

  /** What comes next needs nothing. */
  end(): void {
    this.#numbering = null;
  }

  /** The entry as a refresh, to be used at once; null when it is not understood, and then nothing of the group is changed. */
  begin(entry: Unit): Unit | null {
    this.#after = 0;
    this.#numbering = this.#read(entry);
    this.#refresh = this.#refresh === firstRefresh ? firstRefresh + 1 : firstRefresh;
    const begun = this.#numbering === null ? null : this.#rewrite(entry, this.#refresh);
    if (begun === null) this.end();
    return begun;
  }

  /** A later picture of the same source, counted from the entry; the same unit where nothing is to be done. */
  follow(unit: Unit): Unit {
    if (this.#numbering === null) return unit;
    if (unit.entry === 'clean') this.end();
    return this.#numbering === null ? unit : (this.#rewrite(unit, null) ?? unit);
  }

  /** What the entry's own parameter sets and its first slice say. */
  #read({ bytes, from, end }: Unit): Numbering | null {
    let sequence: Sequence | null = null;
    const pictures = new Map<number, PictureSet>();
    let first: SliceHeader | null = null;
    let allIntra = true;
    eachNal(bytes, from, end, (at, until) => {
      const type = (bytes[at] as number) & 0x1f;
      if (type !== 1 && type !== 7 && type !== 8) return;
      const length = this.#unescape(bytes, at, until);
      if (type === 7) sequence = readSequence(this.#plain, length);
      const set = type === 8 ? readPictureSet(this.#plain, length) : null;
      if (set !== null) pictures.set(set.id, set);
      if (type !== 1 || sequence === null) return;
      const slice = readSlice(this.#plain, length, sequence, pictures);
      first ??= slice;
      if (slice?.type !== 2) allIntra = false;
    });
    const slice = first as SliceHeader | null;
    // A picture that begins a group may be refreshed with only if all of it stands alone.
    return sequence === null || slice === null || !allIntra || !slice.isReference
      ? null
      : { sequence, pictures, frameNum: slice.frameNum, orderLsb: slice.orderLsb };
  }

  /** Null when a slice of it is not understood. */
  #rewrite(unit: Unit, refresh: number | null): Unit | null {
    const out = this.#out;
    const needed = headroomBytes + Math.ceil((unit.end - unit.from) * growth) + spareBytes;
    const bytes = out.bytes.length >= needed ? out.bytes : Buffer.alloc(needed * 2);
    Object.assign(out, unit, { bytes, from: headroomBytes, end: headroomBytes });
    this.#failed = this.#restarts = false;
    let done = unit.from;
    eachNal(unit.bytes, unit.from, unit.end, (at, until) => {
      const type = (unit.bytes[at] as number) & 0x1f;
      if (type === 8) this.#learn(unit.bytes, at, until);
      if (type !== 1 && type !== 7) return;
      out.end += unit.bytes.copy(bytes, out.end, done, at);
      const length = this.#unescape(unit.bytes, at, until);
      if (type === 7) this.#allowGaps(length);
      else this.#renumber(length, refresh);
      done = until;
    });
    out.end += unit.bytes.copy(bytes, out.end, done, unit.end);
    // It counts from itself, as those after it do anyway (operation 5).
    if (this.#restarts) this.end();
    return this.#failed ? null : out;
  }

  #learn(bytes: Buffer, at: number, until: number): void {
    const set = readPictureSet(this.#plain, this.#unescape(bytes, at, until));
    if (set !== null) this.#numbering?.pictures.set(set.id, set);
  }

  /** Of pictures that were left out the decoder is told that they are missing on purpose (gaps_in_frame_num_value_allowed_flag). */
  #allowGaps(length: number): void {
    const sequence = readSequence(this.#plain, length);
    if (sequence === null) this.#failed = true;
    else this.#plain[sequence.gapsAt >> 3] = (this.#plain[sequence.gapsAt >> 3] as number) | (0x80 >> (sequence.gapsAt & 7));
    this.#escape(this.#plain, length);
  }

  #renumber(length: number, refresh: number | null): void {
    const numbering = this.#numbering as Numbering;
    const { sequence, pictures } = numbering;
    const slice = readSlice(this.#plain, length, sequence, pictures);
    if (slice === null) {
      this.#failed = true;
      return;
    }
    const frames = 2 ** sequence.frameNumBits;
    const frameNum = (slice.frameNum - numbering.frameNum + frames) % frames;
    this.#after += (frameNum - (this.#after % frames) + frames) % frames;
    const said: Renumbered = {
      frameNum,
      orderLsb: (slice.orderLsb - numbering.orderLsb + 2 ** sequence.orderBits) % 2 ** sequence.orderBits,
      refresh,
      marking: this.#after > farFromEntry ? slice.marking : kept(slice.marking, this.#after),
    };
    this.#restarts ||= slice.marking?.some(([operation]) => operation === 5) ?? false;
    if (this.#writer.bytes.length < length + spareBytes) this.#writer.bytes = new Uint8Array(2 * (length + spareBytes));
    this.#writer.at = 0;
    writeSlice(this.#writer, this.#plain, length, sequence, slice, said);
    this.#escape(this.#writer.bytes, Math.ceil(this.#writer.at / 8));
  }

  /** Without the bytes that keep start codes from appearing (7.4.1); returns the length. */
  #unescape(bytes: Uint8Array, from: number, end: number): number {
    if (this.#plain.length < end - from) this.#plain = new Uint8Array((end - from) * 2);
    const plain = this.#plain;
    let length = 0;
    for (let at = from, zeros = 0; at < end; at++) {
      const byte = bytes[at] as number;
      if (zeros >= 2 && byte === 3) {
        zeros = 0;
        continue;
      }
      zeros = byte === 0 ? zeros + 1 : 0;
      plain[length++] = byte;
    }
    return length;
  }

  #escape(plain: Uint8Array, length: number): void {
    const { bytes } = this.#out;
    let to = this.#out.end;
    let zeros = 0;
    for (let at = 0; at < length; at++) {
      const byte = plain[at] as number;
      if (zeros === 2 && byte <= 3) {
        bytes[to++] = 3;
        zeros = 0;
      }
      zeros = byte === 0 ? zeros + 1 : 0;
      bytes[to++] = byte;
    }
    if (zeros > 0) bytes[to++] = 3;
    this.#out.end = to;
  }
}

/** Without commands about pictures from before the entry (operations 1 and 3 name a picture by how many before this one it was). */
function kept(marking: number[][] | null, after: number): number[][] | null {
  if (marking === null) return null;
  return marking.filter(([operation, difference]) => (operation !== 1 && operation !== 3) || (difference as number) + 1 <= after);
}

/** Calls `visit` with the place of each NAL unit's header and its end, without zeros that trail it. */
function eachNal(bytes: Uint8Array, from: number, end: number, visit: (at: number, until: number) => void): void {
  let open = -1;
  for (let at = from; at + 3 <= end; at++) {
    if ((bytes[at + 2] as number) > 1) {
      at += 2;
      continue;
    }
    if (bytes[at] !== 0 || bytes[at + 1] !== 0 || bytes[at + 2] !== 1) continue;
    if (open >= 0) visit(open, trimmed(bytes, open, at));
    open = at + 3;
    at += 2;
  }
  if (open >= 0 && open < end) visit(open, trimmed(bytes, open, end));
}

function trimmed(bytes: Uint8Array, from: number, end: number): number {
  let until = end;
  while (until > from + 1 && bytes[until - 1] === 0) until--;
  return until;
}
