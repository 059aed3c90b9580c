/** Streams of real encoders, damaged by chance: the program stays whole, and a sound input beside them decodes without a complaint. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/lab/random.ts';
import { Analyser } from '../../src/lab/viewer/analyser.ts';
import { slateId } from '../../src/switcher/switcher.ts';
import { damaged } from './damage.ts';
import { aac, encode, picture, programOf, SwitcherWorld, size, tone, x264, x265 } from './switcher-world.ts';

const directory = mkdtempSync(join(tmpdir(), 'tandem-hostile-'));
afterAll(() => rmSync(directory, { recursive: true }));

type Encoder = (params: string) => string[];
const sound = (encoder: Encoder) => encode(...picture(), ...tone(440), '-t', '12', ...encoder('keyint=25:bframes=0'), ...aac);
const slate = (encoder: Encoder) =>
  encode(...picture(`color=c=blue:size=${size.width}x${size.height}:rate=${size.fps}`), ...tone(), '-t', '2.5', ...encoder('keyint=100:bframes=0'), ...aac);

const kinds = [
  ['H.264, ADTS', 'h264', x264, 'keyint=25:bframes=2:open-gop=0', []],
  ['H.264, LATM', 'h264', x264, 'keyint=25:bframes=0', ['-mpegts_flags', 'latm']],
  ['H.264, open groups', 'h264', x264, 'keyint=24:min-keyint=24:bframes=3:open-gop=1:b-pyramid=0', []],
  ['H.265, ADTS', 'h265', x265, 'keyint=24:min-keyint=24:bframes=3:open-gop=1:b-pyramid=1', []],
  ['H.265, LATM', 'h265', x265, 'keyint=25:bframes=0', ['-mpegts_flags', 'latm']],
] as const;

function structureOf(output: Buffer) {
  const analyser = new Analyser();
  analyser.push(output, 0, output.length, 0);
  const { continuityErrors, ptsJumps, pcrJumps } = analyser.figures;
  return { continuityErrors, ptsJumps, pcrJumps };
}

const seeds = [1, 2, 3, 4, 5, 6];
let onAir = 0;
const cases = kinds.flatMap(([name, ...rest]) => seeds.map((seed) => [name, seed, ...rest] as const));

describe('a damaged stream', () => {
  it.each(cases)(
    'of %s (seed %i) leaves no trace beside a sound one, none in the program’s tables, counters and times, and none after it was left',
    (_, seed, codec, encoder, params, more) => {
      const whole = encode(...picture(), ...tone(700), '-t', '12', ...encoder(params), ...aac, ...more);
      const rules = [{ streamType: 6 }, { pid: 300 }];
      const world = new SwitcherWorld({ ...programOf(codec), passStreams: rules }, slate(encoder));
      const random = seededRandom(seed);
      world.play('sound', sound(encoder));
      world.play('bad', whole, (bytes) => damaged(bytes, random, 0.002 * 4 ** (seed % 4)));
      world.select('sound');
      world.run(2500);
      expect(world.complaints(join(directory, 'beside.ts'))).toBe('');
      for (let n = 0; n < 3; n++) {
        world.select('bad');
        world.run(300 + random() * 900);
        world.select(random() < 0.2 ? slateId : 'sound');
        world.run(200 + random() * 300);
      }
      world.select('sound');
      world.run(2000);
      expect(structureOf(world.output)).toEqual({ continuityErrors: 0, ptsJumps: 0, pcrJumps: 0 });
      expect(world.switcher.onAir).toBe('sound');
      if (world.landed.includes('bad')) onAir++;
      const after = world.sinceLanded;
      expect(after.length).toBeGreaterThan(50_000);
      expect(world.complaints(join(directory, 'after.ts'), after)).toBe('');
    },
  );

  it('was on air in most of these runs', () => {
    expect(onAir).toBeGreaterThan(cases.length / 2);
  });
});
