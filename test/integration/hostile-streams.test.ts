/** Streams of real encoders, damaged by chance: the program stays whole, and a sound input beside them decodes without a complaint. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/lab/random.ts';
import { Analyser } from '../../src/lab/viewer/analyser.ts';
import { packetBytes } from '../../src/switcher/mpegts/packet.ts';
import { slateId } from '../../src/switcher/switcher.ts';
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

/** Loses, doubles, swaps, cuts and falsifies packets, and puts rubbish between them; `share` of them, in bursts and alone. */
function damaged(stream: Buffer, random: () => number, share: number): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at + packetBytes <= stream.length; at += packetBytes) {
    const packet = Buffer.from(stream.subarray(at, at + packetBytes));
    const dice = random();
    if (dice >= share) parts.push(packet);
    else damage(packet, parts, random);
  }
  return Buffer.concat(parts);
}

function damage(packet: Buffer, parts: Buffer[], random: () => number): void {
  const any = (below: number): number => Math.floor(random() * below);
  const rubbish = (): Buffer => Buffer.from(Array.from({ length: any(400) }, () => any(256)));
  const kind = any(8);
  if (kind === 0) return;
  // Headers, adaptation fields, PES headers, sections; then anything.
  if (kind === 1) packet[1 + any(30)] = any(256);
  if (kind === 2) for (let n = any(6); n >= 0; n--) packet[any(packetBytes)] = any(256);
  if (kind === 3) parts.push(packet);
  if (kind === 4) parts.push(rubbish());
  if (kind === 5) return void parts.push(packet.subarray(0, any(packetBytes)));
  if (kind === 6) return void parts.splice(Math.max(0, parts.length - any(10)), 0, packet);
  // The PID of another stream, or the counter of another packet.
  if (kind === 7) packet[any(2) === 0 ? 2 : 3] = any(256);
  parts.push(packet);
}

function structureOf(output: Buffer) {
  const analyser = new Analyser();
  analyser.push(output, 0, output.length, 0);
  const { continuityErrors, ptsJumps, pcrJumps } = analyser.figures;
  return { continuityErrors, ptsJumps, pcrJumps };
}

const seeds = Array.from({ length: 40 }, (_, n) => n + 1);
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
      // With two packets of a thousand broken it was on air.
      if (seed % 4 === 0 || seed % 4 === 1) expect(world.landed).toContain('bad');
      const after = world.sinceLanded;
      expect(after.length).toBeGreaterThan(50_000);
      expect(world.complaints(join(directory, 'after.ts'), after)).toBe('');
    },
  );
});
