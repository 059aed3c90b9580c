/** H.264 whose groups of pictures lean on each other, spliced again and again: a strict decoder has nothing to say, and shows every picture once. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/lab/random.ts';
import { Analyser } from '../../src/lab/viewer/analyser.ts';
import { Feed } from '../../src/switcher/feed.ts';
import { slateId } from '../../src/switcher/switcher.ts';
import { aac, decoded, encode, picture, programOf, SwitcherWorld, size, tone, x264 } from './switcher-world.ts';

const directory = mkdtempSync(join(tmpdir(), 'tandem-open-'));
afterAll(() => rmSync(directory, { recursive: true }));

const plain = () => encode(...picture(), ...tone(440), '-t', '12', ...x264('keyint=25:bframes=0'), ...aac);
const slate = () =>
  encode(...picture(`color=c=blue:size=${size.width}x${size.height}:rate=${size.fps}`), ...tone(), '-t', '2.5', ...x264('keyint=100:bframes=0'), ...aac);
const open = (params: string) =>
  encode(...picture(`testsrc=size=${size.width}x${size.height}:rate=${size.fps}`), ...tone(880), '-t', '12', ...x264(params), ...aac);

describe('open groups of H.264', () => {
  it.each([
    ['references among what leads', 'keyint=24:min-keyint=24:bframes=3:open-gop=1:b-pyramid=2'],
    ['strict pyramids', 'keyint=24:min-keyint=24:bframes=3:open-gop=1:b-pyramid=1'],
    ['no references among what leads', 'keyint=24:min-keyint=24:bframes=3:open-gop=1:b-pyramid=0'],
    ['many references', 'keyint=30:min-keyint=30:bframes=5:open-gop=1:b-pyramid=2:ref=5'],
    ['variable-length codes', 'keyint=24:min-keyint=24:bframes=3:open-gop=1:b-pyramid=2:cabac=0'],
    ['weights and slices', 'keyint=24:min-keyint=24:bframes=3:open-gop=1:b-pyramid=2:weightp=2:weightb=1:slices=4'],
    ['no deblocking', 'keyint=24:min-keyint=24:bframes=3:open-gop=1:b-pyramid=2:no-deblock=1'],
  ])('with %s are decoded without a complaint over 40 switches', (name, params) => {
    const random = seededRandom(9);
    const world = new SwitcherWorld(programOf('h264'), slate());
    const streams: Record<string, Buffer> = { plain: plain(), open: open(params), other: open(`${params}:qp=30`) };
    const begin = (): number => {
      for (const id of Object.keys(streams)) {
        world.play(id, streams[id] as Buffer);
        world.run(35);
      }
      return world.nowMs;
    };
    let beganMs = begin();
    for (let n = 0; n < 40; n++) {
      if (world.nowMs - beganMs > 8000) beganMs = begin();
      world.select(['open', 'plain', 'other', 'open', slateId][Math.floor(random() * 5)] as string);
      world.run(300 + random() * 2500);
    }
    const analyser = new Analyser();
    analyser.push(world.output, 0, world.output.length, 0);
    expect(analyser.figures).toMatchObject({ continuityErrors: 0, ptsJumps: 0, pcrJumps: 0, picturesRepeated: 0 });
    expect(world.landed.filter((id) => id === 'open' || id === 'other').length).toBeGreaterThan(8);
    const originals = new Set([...Object.values(streams), slate()].flatMap((stream) => decoded(stream, join(directory, 'original.ts'))));
    const shown = decoded(world.output, join(directory, 'shown.ts'));
    // None is damaged, and none is missing.
    expect(shown.filter((hash) => !originals.has(hash))).toEqual([]);
    let sent = 0;
    new Feed({ onUnit: ({ kind }) => (sent += kind === 'video' ? 1 : 0) }).push(world.output);
    expect(shown.length).toBeGreaterThanOrEqual(sent - 1);
    expect(world.complaints(join(directory, `${name.replaceAll(' ', '-')}.ts`))).toBe('');
  });
});
