/** Whatever the sources send, what leaves the switcher is a transport stream that a strict reader accepts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { madeProgram, makeStream } from './made-stream.ts';
import { continuityOf, hasPayload, packetBytes, payloadAt, pcrOf, pesTime, pidOf, startsUnit, syncByte } from './mpegts/packet.ts';
import { parseAssociation, parseProgramMap } from './mpegts/tables.ts';
import { audioPid, mapPid, videoPid } from './multiplex.ts';
import { readClip } from './slate.ts';
import { Switcher, slateId } from './switcher.ts';

/** Reads packet by packet and throws at the first thing that a conforming stream must not have (ISO/IEC 13818-1, 2.4). */
class Strict {
  packets = 0;
  pictures = 0;
  longestReferenceGapMs = 0;
  readonly #counters = new Map<number, number>();
  readonly #dts = new Map<number, number>();
  #map = '';
  #pcr = -1;

  push(buffer: Buffer, offset: number, length: number): void {
    expect(length % packetBytes).toBe(0);
    for (let at = offset; at < offset + length; at += packetBytes) this.#packet(buffer, at);
  }

  #packet(buffer: Buffer, at: number): void {
    this.packets++;
    const pid = pidOf(buffer, at);
    if (buffer[at] !== syncByte || ![0, mapPid, videoPid, audioPid].includes(pid)) throw new Error(`a stray packet of PID ${pid}`);
    if (((buffer[at + 3] as number) & 0xc0) !== 0 || ((buffer[at + 1] as number) & 0x80) !== 0) throw new Error('scrambled or in error');
    if (((buffer[at + 3] as number) & 0x20) !== 0 && (buffer[at + 4] as number) > 183) throw new Error('an adaptation field that is too long');
    const before = this.#counters.get(pid);
    const expected = before === undefined ? continuityOf(buffer, at) : hasPayload(buffer, at) ? (before + 1) & 0x0f : before;
    if (continuityOf(buffer, at) !== expected) throw new Error(`the counter of PID ${pid} jumps`);
    this.#counters.set(pid, expected);
    if (pid === 0 && parseAssociation(buffer, at) !== mapPid) throw new Error('a broken association table');
    if (pid === mapPid) this.#table(JSON.stringify(parseProgramMap(buffer, at)));
    const pcr = pcrOf(buffer, at);
    if (pcr >= 0) this.#reference(pcr);
    if ((pid === videoPid || pid === audioPid) && hasPayload(buffer, at)) this.#unit(buffer, at, pid);
  }

  #table(map: string): void {
    if (map === 'null' || (this.#map !== '' && this.#map !== map)) throw new Error('the map changes');
    this.#map = map;
  }

  #reference(pcr: number): void {
    if (this.#pcr >= 0) {
      if (pcr <= this.#pcr) throw new Error('the clock goes back');
      this.longestReferenceGapMs = Math.max(this.longestReferenceGapMs, (pcr - this.#pcr) / 27_000);
    }
    this.#pcr = pcr;
  }

  #unit(buffer: Buffer, at: number, pid: number): void {
    if (!startsUnit(buffer, at)) {
      if (!this.#dts.has(pid)) throw new Error(`PID ${pid} begins in the middle of a unit`);
      return;
    }
    const pes = payloadAt(buffer, at);
    const pts = pesTime(buffer, pes, at + packetBytes, 0);
    const dts = pesTime(buffer, pes, at + packetBytes, 1);
    if (buffer.readUIntBE(pes, 3) !== 1) throw new Error('no PES packet where one is announced');
    if (pid === videoPid) this.pictures++;
    if (pts < 0) return;
    const decoded = dts < 0 ? pts : dts;
    if (decoded > pts) throw new Error('shown before it is decoded');
    if (decoded <= (this.#dts.get(pid) ?? -1)) throw new Error(`time of PID ${pid} goes back`);
    if (pid === videoPid && decoded * 300 < this.#pcr) throw new Error('a picture that is late for its clock');
    this.#dts.set(pid, decoded);
  }
}

const streams = [
  makeStream({ pictures: 45, keyEvery: 5 }),
  makeStream({ pictures: 45, keyEvery: 16, reorder: true, mark: 0xbb, start: 2 ** 33 - 60_000 }),
  makeStream({ pictures: 45, keyEvery: 5, sound: false, mark: 0xcc }),
  makeStream({ pictures: 45, picture: false }),
  makeStream({ pictures: 45, keyEvery: 5, fps: 60, width: 640 }),
];
const clip = readClip(Buffer.concat(makeStream({ pictures: 30, keyEvery: 30, mark: 0x77 }).map(({ bytes }) => bytes)), 3000);
if (clip === null) throw new Error('the slate is no clip');

function studio(): { switcher: Switcher; strict: Strict } {
  const strict = new Strict();
  const switcher = new Switcher({
    program: madeProgram,
    onPayload: (buffer, offset, length) => strict.push(buffer, offset, length),
    onSwitched: () => undefined,
  });
  switcher.setSlate(clip as NonNullable<typeof clip>);
  return { switcher, strict };
}

/** What a packet may suffer on the way from a source that is broken or means harm. */
const damage = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ kind: 'none' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'lost' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'twice' as const }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('byte' as const), at: fc.nat(187), value: fc.nat(255) }) },
  // Headers, adaptation fields, PES headers with their lengths and times, and sections: where lies do harm.
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('byte' as const), at: fc.integer({ min: 1, max: 30 }), value: fc.nat(255) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rubbish' as const), bytes: fc.uint8Array({ maxLength: 400 }) }) },
);
type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

function damaged(bytes: Buffer, next: () => Damage): Buffer {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += packetBytes) {
    const packet = Buffer.from(bytes.subarray(at, at + packetBytes));
    const what = next();
    if (what.kind === 'byte') packet[what.at] = what.value;
    if (what.kind === 'rubbish') parts.push(what.bytes);
    if (what.kind !== 'lost') parts.push(packet);
    if (what.kind === 'twice') parts.push(packet);
  }
  return Buffer.concat(parts);
}

const step = fc.record({
  source: fc.nat(streams.length - 1),
  select: fc.option(fc.nat(streams.length)),
  end: fc.boolean(),
  ms: fc.integer({ min: 5, max: 60 }),
});

describe('whatever the sources send, the program', () => {
  it('has perfect counters, times that only rise, one map for ever, and whole units', () => {
    let pictures = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 60 }), fc.array(damage, { minLength: 1, maxLength: 50 }), (steps, harm) => {
        const { switcher, strict } = studio();
        const next = new Array<number>(streams.length).fill(0);
        let nowMs = 0;
        let n = 0;
        for (const { source, select, end, ms } of steps) {
          for (const [index, pieces] of streams.entries()) {
            const piece = pieces[(next[index] as number) % pieces.length];
            next[index] = (next[index] as number) + 1;
            if (piece !== undefined)
              switcher.push(
                `s${index}`,
                damaged(piece.bytes, () => harm[n++ % harm.length] as Damage),
                nowMs,
              );
          }
          if (select !== null) switcher.select(select === streams.length ? slateId : `s${select}`, nowMs);
          if (end && ms > 50) switcher.ended(`s${source}`, nowMs);
          for (const endMs = nowMs + ms; nowMs < endMs; nowMs += 5) switcher.turn(nowMs);
        }
        pictures += strict.pictures;
      }),
      { seed: 41, numRuns: 120 },
    );
    expect(pictures).toBeGreaterThan(1000);
  });

  it('is whole again as soon as a source is', () => {
    const { switcher, strict } = studio();
    let nowMs = 0;
    const play = (bytes: (piece: Buffer) => Buffer): void => {
      for (const piece of streams[0] ?? []) {
        switcher.push('s0', bytes(piece.bytes), nowMs);
        for (let turn = 0; turn < 7; turn++, nowMs += 5) switcher.turn(nowMs);
      }
    };
    switcher.select('s0', 0);
    play((piece) => piece);
    play((piece) => Buffer.alloc(piece.length, 0x47));
    expect(switcher.covered).toBe(true);
    play((piece) => piece);
    expect(switcher.covered).toBe(false);
    expect(strict.longestReferenceGapMs).toBeLessThanOrEqual(110);
  });

  it('keeps its memory, however large a source’s units claim to be, and however many streams it names', () => {
    const { switcher } = studio();
    switcher.select('s0', 0);
    const packet = Buffer.alloc(packetBytes, 0x47);
    for (const piece of streams[0]?.slice(0, 6) ?? []) switcher.push('s0', piece.bytes, 0);
    const before = process.memoryUsage().arrayBuffers;
    for (let n = 0; n < 200_000; n++) {
      packet[1] = n % 5000 === 0 ? 0x41 : 0x01;
      packet[2] = n % 2;
      packet[3] = 0x10 | ((n >> 1) & 0x0f);
      switcher.push(`s${n % 4}`, packet, n);
      if (n % 100 === 0) switcher.turn(n);
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
  });
});
