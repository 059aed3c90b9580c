/**
 * The head of a picture: which parameter sets it brings and whether a decoder can begin with it (H.264: ITU-T H.264, 7.4.1; H.265:
 * ITU-T H.265, 7.4.2.2). Looks no further than the first slice.
 */
import { Bits } from './bits.ts';
import type { StreamKind } from './tables.ts';

/**
 * `clean`: nothing after it needs anything before it. `leading`: pictures that follow it and are shown before it do (open GOP, CRA,
 * BLA); they have to be left out after a splice. `none`: needs what came before.
 */
export type Entry = 'clean' | 'leading' | 'none';

/** Parameter sets, SEI and delimiters are small; a picture that hides its first slice behind more than this is no entry. */
const searchedBytesMax = 16_384;

export type SetKind = 'video' | 'sequence' | 'picture';

/** The same object serves every picture. Offsets are into the picture's bytes. */
export class Head {
  entry: Entry = 'none';
  /** Where a parameter set may be put in: behind the delimiter, where there is one. */
  setsAt = 0;
  /** Start code to end of each parameter set, and its header. */
  readonly sets: { kind: SetKind; from: number; header: number; end: number }[] = [];

  read(kind: StreamKind, bytes: Uint8Array, from: number, end: number): void {
    this.entry = 'none';
    this.setsAt = from;
    this.sets.length = 0;
    if (kind !== 'h264' && kind !== 'h265') return;
    const last = Math.min(end, from + searchedBytesMax) - 4;
    let open: { kind: SetKind; from: number; header: number; end: number } | null = null;
    let delimited = false;
    let recovers = false;
    for (let at = from; at <= last; at++) {
      if (bytes[at] !== 0 || bytes[at + 1] !== 0 || bytes[at + 2] !== 1) continue;
      const begins = at > from && bytes[at - 1] === 0 ? at - 1 : at;
      if (open !== null) open.end = begins;
      if (delimited) this.setsAt = begins;
      open = null;
      delimited = false;
      const nal = kind === 'h264' ? h264Kinds[(bytes[at + 3] as number) & 0x1f] : h265Kind(((bytes[at + 3] as number) >> 1) & 0x3f);
      if (nal === 'delimiter') delimited = true;
      else if (nal === 'recovery') recovers = recovers || isRecoveryPoint(bytes, at + 4, end);
      else if (nal === 'video' || nal === 'sequence' || nal === 'picture') {
        open = { kind: nal, from: begins, header: at + 3, end };
        this.sets.push(open);
      } else if (nal === 'slice') {
        this.entry = kind === 'h264' && (recovers || this.#brings('sequence')) && isIntra(bytes, at + 4, end) ? 'leading' : 'none';
        return;
      } else if (nal !== undefined) {
        this.entry = nal;
        return;
      }
      at += 3;
    }
    // No slice in sight: nothing that a decoder could begin with.
    this.sets.length = 0;
  }

  #brings(kind: SetKind): boolean {
    return this.sets.some((set) => set.kind === kind);
  }
}

type Nal = SetKind | 'delimiter' | 'recovery' | 'slice' | 'clean' | 'leading';

const h264Kinds: Readonly<Record<number, Nal>> = { 1: 'slice', 2: 'slice', 5: 'clean', 6: 'recovery', 7: 'sequence', 8: 'picture', 9: 'delimiter' };

function h265Kind(type: number): Nal | undefined {
  // IDR_W_RADL, IDR_N_LP: what leads can be decoded. BLA and CRA: it cannot.
  if (type === 19 || type === 20) return 'clean';
  if (type >= 16 && type <= 21) return 'leading';
  if (type <= 9) return 'slice';
  return ({ 32: 'video', 33: 'sequence', 34: 'picture', 35: 'delimiter' } as const)[type];
}

/** SEI with a recovery point at this very picture (ITU-T H.264, D.1.8): gradual refresh is no place to begin. */
function isRecoveryPoint(bytes: Uint8Array, from: number, end: number): boolean {
  for (let at = from; at + 2 < end; ) {
    let type = 0;
    let size = 0;
    while (at < end && bytes[at] === 0xff) type += bytes[at++] as number;
    type += bytes[at++] ?? 0;
    while (at < end && bytes[at] === 0xff) size += bytes[at++] as number;
    size += bytes[at++] ?? 0;
    if (type === 6) return new Bits(bytes, at, Math.min(end, at + 8)).ue() === 0;
    at += size;
    // The next start code, or the trailing bits.
    if (bytes[at] === 0x80 || (bytes[at] === 0 && bytes[at + 1] === 0)) return false;
  }
  return false;
}

/** slice_type I or SI (ITU-T H.264, table 7-6), behind first_mb_in_slice. */
function isIntra(bytes: Uint8Array, from: number, end: number): boolean {
  const bits = new Bits(bytes, from, Math.min(end, from + 16));
  bits.ue();
  const type = bits.ue() % 5;
  return type === 2 || type === 4;
}
