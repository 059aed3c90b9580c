import { describe, expect, it } from 'vitest';
import { Analyser } from '../lab/viewer/analyser.ts';
import { Feed } from './feed.ts';
import { type MadePiece, type MadeStream, madeProgram, makeStream, readPicture } from './made-stream.ts';
import { readClip } from './slate.ts';
import { Switcher, slateId } from './switcher.ts';

interface Shown {
  mark: number;
  number: number;
  pts: number;
  dts: number;
}

/** A switcher with sources that send by a made clock, and a viewer behind it. */
class Studio {
  nowMs = 0;
  readonly shown: Shown[] = [];
  readonly sounds: number[] = [];
  readonly analyser = new Analyser();
  readonly landed: string[] = [];
  readonly switcher: Switcher;
  readonly #sources = new Map<string, { pieces: MadePiece[]; next: number; beganMs: number }>();
  readonly #seen = new Feed({
    onUnit: (unit) => {
      if (unit.kind === 'audio') return void this.sounds.push(unit.pts);
      const { mark, number } = readPicture(unit) as { mark: number; number: number };
      this.shown.push({ mark, number, pts: unit.pts, dts: unit.dts });
    },
  });

  constructor({ slate = true } = {}) {
    this.switcher = new Switcher({
      program: madeProgram,
      onPayload: (buffer, offset, length) => {
        this.analyser.push(buffer, offset, length, this.nowMs);
        this.#seen.push(buffer.subarray(offset, offset + length));
      },
      onSwitched: (to) => this.landed.push(to),
    });
    const clip = readClip(Buffer.concat(makeStream({ pictures: 60, keyEvery: 60, mark: 0x77 }).map(({ bytes }) => bytes)), 3000);
    if (clip === null) throw new Error('the slate is no clip');
    if (slate) this.switcher.setSlate(clip);
  }

  begin(id: string, stream: MadeStream): void {
    this.#sources.set(id, { pieces: makeStream(stream), next: 0, beganMs: this.nowMs });
  }

  kill(id: string): void {
    this.#sources.delete(id);
    this.switcher.ended(id, this.nowMs);
  }

  /** It hangs: nothing more comes, and nobody says so. */
  freeze(id: string): void {
    this.#sources.delete(id);
  }

  select(id: string): void {
    this.switcher.select(id, this.nowMs);
  }

  run(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; this.nowMs += 2) {
      for (const [id, source] of this.#sources)
        for (let piece = source.pieces[source.next]; piece !== undefined && source.beganMs + piece.atMs <= this.nowMs; piece = source.pieces[++source.next])
          this.switcher.push(id, piece.bytes, this.nowMs);
      this.switcher.turn(this.nowMs);
    }
  }

  get figures() {
    const { continuityErrors, ptsJumps, pcrJumps, picturesLost, picturesRepeated, longestGapMs } = this.analyser.figures;
    return { continuityErrors, ptsJumps, pcrJumps, picturesLost, picturesRepeated, longestGapMs };
  }
}

const unbroken = { continuityErrors: 0, ptsJumps: 0, pcrJumps: 0, picturesRepeated: 0 };
const numbers = (studio: Studio, mark: number) => studio.shown.filter((one) => one.mark === mark).map(({ number }) => number);
const steps = (values: number[]) => values.slice(1).map((value, n) => value - (values[n] as number));

describe('the switcher', () => {
  it('passes one source on: every picture once, with tables and clock of its own', () => {
    const studio = new Studio();
    studio.begin('a', { pictures: 150 });
    studio.select('a');
    studio.run(5000);
    expect(studio.figures).toMatchObject({ ...unbroken, picturesLost: 0 });
    expect(numbers(studio, 0xaa)).toEqual(Array.from({ length: 150 }, (_, n) => n));
  });

  it('goes over at a key picture of the wanted source, and the old one stays until then: not one picture lost or twice', () => {
    const studio = new Studio();
    studio.begin('a', { pictures: 300 });
    studio.select('a');
    studio.run(11);
    studio.begin('b', { pictures: 300, mark: 0xbb, start: 2 ** 33 - 100_000 });
    studio.run(2000);
    studio.select('b');
    studio.run(3000);
    expect(studio.figures).toMatchObject({ ...unbroken, picturesLost: 0 });
    expect(studio.landed).toEqual(['a', 'b']);
    const [a, b] = [numbers(studio, 0xaa), numbers(studio, 0xbb)];
    expect(a).toEqual(Array.from({ length: a.length }, (_, n) => n));
    expect((b[0] ?? 1) % 15).toBe(0);
    expect(new Set(steps(b))).toEqual(new Set([1]));
    expect(new Set(steps(studio.shown.map(({ dts }) => dts)))).toEqual(new Set([3000]));
  });

  it('cuts a source that shows pictures in another order only where none is missing', () => {
    const studio = new Studio();
    studio.begin('a', { pictures: 300, keyEvery: 16, reorder: true });
    studio.begin('b', { pictures: 300, mark: 0xbb, keyEvery: 10 });
    studio.select('a');
    studio.run(1990);
    studio.select('b');
    studio.run(2000);
    const pts = studio.shown.map((one) => one.pts).sort((x, y) => x - y);
    expect(new Set(steps(pts))).toEqual(new Set([3000]));
    expect(studio.figures).toMatchObject({ ...unbroken, picturesLost: 0 });
  });

  it('bridges a death with the slate when the next source takes long, and without it when it is there at once', () => {
    const studio = new Studio();
    studio.begin('a', { pictures: 300 });
    studio.begin('b', { pictures: 300, mark: 0xbb, keyEvery: 60 });
    studio.select('a');
    studio.run(1000);
    studio.kill('a');
    studio.select('b');
    studio.run(2000);
    expect(studio.figures).toMatchObject(unbroken);
    expect(studio.figures.longestGapMs).toBeLessThanOrEqual(100);
    expect(studio.landed).toEqual(['a', slateId, 'b']);

    const quick = new Studio();
    quick.begin('a', { pictures: 300 });
    quick.begin('b', { pictures: 300, mark: 0xbb, keyEvery: 1 });
    quick.select('a');
    quick.run(1000);
    quick.kill('a');
    quick.select('b');
    quick.run(2000);
    expect(quick.landed).toEqual(['a', 'b']);
    expect(quick.figures).toMatchObject({ ...unbroken, picturesLost: 0 });
  });

  it('shows the slate for an hour, unbroken, with sound that runs on', () => {
    const studio = new Studio();
    studio.begin('a', { pictures: 30 });
    studio.select('a');
    studio.run(900);
    studio.kill('a');
    studio.select(slateId);
    studio.run(3_600_000);
    expect(studio.figures).toMatchObject({ ...unbroken, picturesLost: 0 });
    expect(studio.shown.length).toBeGreaterThan(107_900);
    for (const step of steps(studio.sounds)) expect(Math.abs(step - 1920)).toBeLessThanOrEqual(1);
  });

  it('gives silence to a source without sound, and its sound back to the next', () => {
    const studio = new Studio();
    studio.begin('a', { pictures: 300, sound: false });
    studio.begin('b', { pictures: 300, mark: 0xbb });
    studio.select('a');
    studio.run(2000);
    studio.select('b');
    studio.run(2000);
    for (const step of steps(studio.sounds)) {
      expect(step).toBeGreaterThan(900);
      expect(step).toBeLessThan(2900);
    }
    expect(studio.sounds.length).toBeGreaterThan(170);
  });

  it('begins anew when a source’s clock leaps', () => {
    const studio = new Studio();
    studio.begin('a', { pictures: 30 });
    studio.select('a');
    studio.run(1000);
    studio.begin('a', { pictures: 60, start: 9_000_000 });
    studio.run(1000);
    studio.begin('a', { pictures: 60, start: 5000 * 90 });
    studio.run(1000);
    expect(studio.figures).toMatchObject(unbroken);
  });

  it('stays near the wall, however often it switches', () => {
    const studio = new Studio();
    studio.begin('a', { pictures: 4000, keyEvery: 3 });
    studio.run(17);
    studio.begin('b', { pictures: 4000, keyEvery: 3, mark: 0xbb });
    studio.select('a');
    for (let n = 0; n < 12; n++) {
      studio.run(10_000 + 7 * n);
      studio.select(n % 2 === 0 ? 'b' : 'a');
    }
    const [first, last] = [studio.shown[0] as Shown, studio.shown.at(-1) as Shown];
    const ahead = (last.dts - first.dts) / 90 - studio.nowMs;
    expect(Math.abs(ahead)).toBeLessThan(300);
    expect(studio.figures).toMatchObject({ ...unbroken, picturesLost: 0 });
  });

  it.each([1, 2, 3, 4, 5])('bears random deaths, returns and switches: seed %i', (seed) => {
    let state = seed;
    const random = (): number => {
      state = (state * 1664525 + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
    const studio = new Studio();
    const ids = ['a', 'b', 'c'];
    const begin = (id: string) =>
      studio.begin(id, { pictures: 900, mark: 0xa0 + ids.indexOf(id), start: Math.floor(random() * 2 ** 33), reorder: id === 'c', keyEvery: 16 });
    for (const id of ids) begin(id);
    studio.select('a');
    for (let n = 0; n < 200; n++) {
      studio.run(20 + random() * 400);
      const id = ids[Math.floor(random() * 3)] as string;
      const what = random();
      if (what < 0.3) studio.kill(id);
      else if (what < 0.45) studio.freeze(id);
      else if (what < 0.75) begin(id);
      studio.select(random() < 0.1 ? slateId : (ids[Math.floor(random() * 3)] as string));
    }
    expect(studio.figures).toMatchObject(unbroken);
    for (const step of steps(studio.shown.map(({ dts }) => dts))) expect(step).toBeGreaterThan(0);
  });
});
