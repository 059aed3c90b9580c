/**
 * A source's latest parameter sets. An entry that comes without them is no entry for a decoder that has just seen another source:
 * encoders that send them less often than key pictures get them put in.
 */
import type { Head, SetKind } from './mpegts/access-unit.ts';
import { formatOf, type VideoFormat } from './mpegts/parameter-sets.ts';

/** All sets of a kind; honest ones have some hundred bytes. */
const bytesMax = 4096;
const kinds: readonly SetKind[] = ['video', 'sequence', 'picture'];
const wanted = { h264: ['sequence', 'picture'], h265: ['video', 'sequence', 'picture'] } as const;

export class ParameterSets {
  /** What the last sequence parameter set said; null before the first that can be read. */
  format: VideoFormat | null = null;
  /** Counts the changes of the sets. */
  changes = 0;
  readonly #known = new Map<SetKind, Buffer>();

  reset(): void {
    this.#known.clear();
    this.format = null;
  }

  learn(codec: 'h264' | 'h265', bytes: Buffer, head: Head): void {
    for (const kind of kinds) {
      const first = head.sets.find((set) => set.kind === kind);
      if (first === undefined) continue;
      if (this.#isKnown(kind, bytes, head)) continue;
      const sets = Buffer.concat(head.sets.filter((set) => set.kind === kind).map(({ from, end }) => bytes.subarray(from, end)));
      if (sets.length > bytesMax) continue;
      this.#known.set(kind, sets);
      if (kind !== 'sequence') continue;
      this.format = formatOf(codec, bytes, first.header, first.end);
      this.changes++;
    }
  }

  /** What a picture with this head lacks: all the sets in their order when one is missing, nothing otherwise; null when it is not known. */
  missing(codec: 'h264' | 'h265', head: Head): Buffer | null {
    if (wanted[codec].every((kind) => head.sets.some((set) => set.kind === kind))) return none;
    const found = wanted[codec].map((kind) => this.#known.get(kind));
    return found.includes(undefined) ? null : Buffer.concat(found as Buffer[]);
  }

  #isKnown(kind: SetKind, bytes: Buffer, head: Head): boolean {
    const known = this.#known.get(kind);
    if (known === undefined) return false;
    let at = 0;
    for (const set of head.sets) {
      if (set.kind !== kind) continue;
      const length = set.end - set.from;
      if (at + length > known.length || known.compare(bytes, set.from, set.end, at, at + length) !== 0) return false;
      at += length;
    }
    return at === known.length;
  }
}

const none = Buffer.alloc(0);
