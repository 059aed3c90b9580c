/**
 * What no sender can do better: how many pictures must miss their time over links of which every delivery opportunity is known beforehand. Pure.
 *
 * The links are one line that carries 1500 bytes at each opportunity of any of them; nothing is lost by chance, nothing goes twice, and a packet may be cut
 * between two links: real senders have less. Time is then counted in bytes that the line has carried. A picture can use what comes between its making and
 * the end of its latency. All pictures have the same latency, so they are best sent in order, and the least that is spent on `n` of the first `k`
 * pictures is found for all `n` and `k` (dynamic programming after Lawler and Moore, Management Science 16, 1969).
 */
import { fps, keyEvery, pictureBytes } from './pictures.ts';

export interface BoundOptions {
  /** Delivery opportunities of each link, milliseconds from the start, repeated. */
  traces: readonly (readonly number[])[];
  fromMs: number;
  toMs: number;
  latencyMs: number;
  /** The encoder's least and most. */
  minKbps: number;
  maxKbps: number;
}

export interface Bound {
  pictures: number;
  /** Pictures that lack something at the end of their time, at the encoder's least: nobody loses fewer. */
  lost: number;
  /** The same with what they damage: a picture refers to the one before it, so that after a loss nothing is whole until the next key frame (each second). */
  damaged: number;
  /** The most that is delivered of pictures when no more than `lost` are lost, kbit/s: what a sender who knows the future would choose. */
  kbps: number;
}

/** UDP payload with SRT's header, and IPv4's and UDP's. */
const payloadBytes = 1316;
const headerBytes = 16 + 28;
const opportunityBytes = 1500;

interface Picture {
  /** Bytes that the line has carried when it is made, and when its time is over. */
  from: number;
  by: number;
  /** On the line. */
  bytes: number;
}

export function leastLost(options: BoundOptions): Bound {
  const pictures = picturesOf(options, options.minKbps);
  const kept = mostKept(pictures);
  return {
    pictures: pictures.length,
    lost: pictures.length - kept.length,
    damaged: pictures.length - mostWhole(pictures, Math.ceil((options.fromMs * fps) / 1000)),
    kbps: mostKbps(options, pictures, kept),
  };
}

function picturesOf({ traces, fromMs, toMs, latencyMs }: BoundOptions, kbps: number): Picture[] {
  const carried = (ms: number) => traces.reduce((sum, trace) => sum + opportunitiesUntil(trace, ms), 0) * opportunityBytes;
  const pictures: Picture[] = [];
  for (let picture = Math.ceil((fromMs * fps) / 1000); ; picture++) {
    const madeMs = Math.ceil((picture * 1000) / fps);
    if (madeMs >= toMs) return pictures;
    const bytes = Math.ceil(pictureBytes(kbps, picture));
    pictures.push({ from: carried(madeMs - 1), by: carried(madeMs + latencyMs), bytes: bytes + Math.ceil(bytes / payloadBytes) * headerBytes });
  }
}

/** Up to and with `ms`. */
function opportunitiesUntil(trace: readonly number[], ms: number): number {
  const lengthMs = Math.max(1, trace.at(-1) ?? 1);
  const rounds = Math.max(0, Math.floor(ms / lengthMs));
  let low = 0;
  let high = trace.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((trace[middle] as number) <= ms - rounds * lengthMs) low = middle + 1;
    else high = middle;
  }
  return rounds * trace.length + low;
}

/** Which pictures arrive when as many as can do: their indices. */
function mostKept(pictures: readonly Picture[]): number[] {
  /** By how many are kept: the least that the line has carried when they are through. */
  const through = new Float64Array(pictures.length + 1).fill(Number.POSITIVE_INFINITY);
  through[0] = 0;
  const taken = pictures.map(({ from, by, bytes }, index) => {
    const takes = new Uint8Array(index + 2);
    for (let count = index + 1; count > 0; count--) {
      const end = Math.max(through[count - 1] as number, from) + bytes;
      if (end > by || end >= (through[count] as number)) continue;
      through[count] = end;
      takes[count] = 1;
    }
    return takes;
  });
  let count = through.findLastIndex(Number.isFinite);
  const kept: number[] = [];
  for (let index = pictures.length - 1; index >= 0; index--) {
    if (taken[index]?.[count] !== 1) continue;
    kept.push(index);
    count--;
  }
  return kept.reverse();
}

/** How many can be whole: of each group of pictures, its first ones. `first`: number of the first picture, for where the groups begin. */
function mostWhole(pictures: readonly Picture[], first: number): number {
  let through = new Map([[0, 0]]);
  for (let start = 0, next: number; start < pictures.length; start = next) {
    next = Math.min(pictures.length, start + keyEvery - ((first + start) % keyEvery));
    // Those before the first key frame stand for themselves: what they refer to came before.
    const after = new Map(through);
    for (const [count, end] of through) {
      let at = end;
      for (let index = start; index < next; index++) {
        const { from, by, bytes } = pictures[index] as Picture;
        at = Math.max(at, from) + bytes;
        if (at > by) break;
        const whole = count + index - start + 1;
        if (at < (after.get(whole) ?? Number.POSITIVE_INFINITY)) after.set(whole, at);
      }
    }
    through = after;
  }
  return Math.max(...through.keys());
}

/** As much of each kept picture as leaves room for the least of those after it. */
function mostKbps(options: BoundOptions, least: readonly Picture[], kept: readonly number[]): number {
  const most = options.maxKbps / options.minKbps;
  /** The latest at which each must be through. */
  const latest = new Float64Array(kept.length);
  for (let at = kept.length - 1; at >= 0; at--) {
    const { by } = least[kept[at] as number] as Picture;
    const following = at + 1 < kept.length ? (latest[at + 1] as number) - (least[kept[at + 1] as number] as Picture).bytes : by;
    latest[at] = Math.min(by, following);
  }
  let through = 0;
  let bytes = 0;
  for (const [at, index] of kept.entries()) {
    const picture = least[index] as Picture;
    const start = Math.max(through, picture.from);
    through = Math.min(latest[at] as number, start + picture.bytes * most);
    bytes += through - start;
  }
  return Math.round((bytes * (payloadBytes / (payloadBytes + headerBytes)) * 8) / (options.toMs - options.fromMs));
}
