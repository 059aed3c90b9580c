/** Streams of real encoders through the switcher to a real decoder: it never complains, sound and picture stay together, and nothing of a picture is changed. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Analyser } from '../../src/lab/viewer/analyser.ts';
import { Feed } from '../../src/switcher/feed.ts';
import { packetBytes, pcrOf, pcrWrap, wrappedDifference } from '../../src/switcher/mpegts/packet.ts';
import { slateId } from '../../src/switcher/switcher.ts';
import { aac, encode, flashes, picture, programOf, SwitcherWorld, size, tone, x264, x265 } from './switcher-world.ts';

const directory = mkdtempSync(join(tmpdir(), 'tandem-streams-'));
afterAll(() => rmSync(directory, { recursive: true }));

type Encoder = (params: string) => string[];
const testsrc = `testsrc=size=${size.width}x${size.height}:rate=${size.fps}`;
const plain = (encoder: Encoder, hz = 440) => encode(...picture(), ...tone(hz), '-t', '12', ...encoder('keyint=25:bframes=0'), ...aac);
const closed = (encoder: Encoder) => encode(...picture(), ...tone(660), '-t', '12', ...encoder('keyint=50:bframes=2:open-gop=0'), ...aac);
const open = (encoder: Encoder, params: string) => encode(...picture(testsrc), ...tone(880), '-t', '12', ...encoder(params), ...aac);
const latm = (encoder: Encoder) => encode(...picture(), ...tone(220), '-t', '12', ...encoder('keyint=25:bframes=0'), ...aac, '-mpegts_flags', 'latm');
const mute = (encoder: Encoder) => encode(...picture(), '-t', '12', ...encoder('keyint=25:bframes=0'));
const radio = () => encode(...tone(330), '-t', '12', ...aac);
const slate = (encoder: Encoder) =>
  encode(...picture(`color=c=blue:size=${size.width}x${size.height}:rate=${size.fps}`), ...tone(), '-t', '2.5', ...encoder('keyint=100:bframes=0'), ...aac);

function measured(output: Buffer) {
  const analyser = new Analyser();
  analyser.push(output, 0, output.length, 0);
  const { continuityErrors, ptsJumps, pcrJumps, picturesRepeated } = analyser.figures;
  return { continuityErrors, ptsJumps, pcrJumps, picturesRepeated };
}
/** The largest step from one clock reference to the next, ms. */
function longestReferenceStepMs(output: Buffer): number {
  let longest = 0;
  for (let at = 0, last = -1; at < output.length; at += packetBytes) {
    const pcr = pcrOf(output, at);
    if (pcr < 0) continue;
    if (last >= 0) longest = Math.max(longest, wrappedDifference(pcr, last, pcrWrap) / 27_000);
    last = pcr;
  }
  return longest;
}
const unbroken = { continuityErrors: 0, ptsJumps: 0, pcrJumps: 0, picturesRepeated: 0 };

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Goes from one to another `switches` times, and begins all anew before one comes to its end. */
function switchAbout(
  world: SwitcherWorld,
  streams: Record<string, Buffer>,
  { switches, seed, kills = false }: { switches: number; seed: number; kills?: boolean },
) {
  const ids = Object.keys(streams);
  const next = random(seed);
  const begin = () => {
    for (const id of ids) {
      world.play(id, streams[id] as Buffer);
      world.run(35);
    }
    return world.nowMs;
  };
  const any = () => ids[Math.floor(next() * ids.length)] as string;
  let beganMs = begin();
  world.select(ids[0] as string);
  for (let n = 0; n < switches; n++) {
    if (world.nowMs - beganMs > 8000) beganMs = begin();
    if (kills && next() < 0.5) world.kill(any());
    else if (kills) world.stall(any());
    world.run(40 + next() * 60);
    world.select(kills && next() < 0.2 ? slateId : any());
    world.run(200 + next() * 1400);
    if (kills && next() < 0.7) {
      const id = any();
      world.play(id, streams[id] as Buffer);
    }
  }
}

describe('a decoder does not complain', () => {
  it.each([
    ['H.264', 'h264', x264, {}],
    ['H.265, with open groups of pictures', 'h265', x265, { open: 'keyint=24:min-keyint=24:bframes=3:open-gop=1:b-pyramid=1' }],
  ] as const)('of 60 switches among inputs of %s: B-frames, LATM, no sound, no picture', (_, codec, encoder, more) => {
    const world = new SwitcherWorld(programOf(codec), slate(encoder));
    const streams: Record<string, Buffer> = { plain: plain(encoder), closed: closed(encoder), latm: latm(encoder), mute: mute(encoder), radio: radio() };
    if ('open' in more) streams.open = open(encoder, more.open);
    switchAbout(world, streams, { switches: 60, seed: 3 });
    expect(world.unfit.size).toBe(0);
    expect(world.landed.length).toBeGreaterThan(40);
    expect(measured(world.output)).toEqual(unbroken);
    expect(longestReferenceStepMs(world.output)).toBeLessThanOrEqual(40);
    expect(world.complaints(join(directory, `${codec}.ts`))).toBe('');
  });

  it('of 200 random kills and stalls', () => {
    const world = new SwitcherWorld(programOf('h264'), slate(x264));
    switchAbout(world, { plain: plain(x264), closed: closed(x264), latm: latm(x264), mute: mute(x264) }, { switches: 200, seed: 7, kills: true });
    expect(measured(world.output)).toEqual(unbroken);
    expect(longestReferenceStepMs(world.output)).toBeLessThanOrEqual(40);
    expect(world.complaints(join(directory, 'kills.ts'))).toBe('');
  });

  it('of a clip that is played in a loop with its sound, over its seam', () => {
    const clip = encode(...picture(testsrc), ...tone(700), '-t', '3', ...x264('keyint=75:bframes=0'), ...aac);
    const world = new SwitcherWorld(programOf('h264'), clip, { sounds: true });
    world.select(slateId);
    world.run(30_000);
    expect(measured(world.output)).toEqual(unbroken);
    const sounds: number[] = [];
    const pictures: number[] = [];
    new Feed({ onUnit: ({ kind, pts }) => (kind === 'audio' ? sounds : pictures).push(pts) }).push(world.output);
    expect(new Set(pictures.slice(1).map((pts, n) => pts - (pictures[n] as number)))).toEqual(new Set([3600]));
    expect(pictures.length).toBeGreaterThan(740);
    // ffmpeg puts several frames of sound in one packet: what follows the last one begins where it ends.
    for (const [n, pts] of sounds.slice(1).entries()) expect((pts - (sounds[n] as number)) % 1920).toBeLessThanOrEqual(1);
    expect(world.complaints(join(directory, 'clip.ts'))).toBe('');
  });
});

describe('sound and picture', () => {
  it('stay together within a frame of sound, on both sides of a switch and after sixty', () => {
    // Once a second a flash and a beep begin at the same time.
    const a = encode(...flashes(0, 1000), '-t', '12', ...x264('keyint=25:bframes=0'), ...aac);
    const b = encode(...flashes(0.5, 1500), '-t', '12', ...x264('keyint=25:bframes=2:open-gop=0'), ...aac);
    const offset = (stream: Buffer, name: string): number[] => {
      const world = new SwitcherWorld(programOf('h264'));
      return world.offsets(join(directory, name), stream);
    };
    // What encoders and ffmpeg's own priming leave between the two.
    const own = [...offset(a, 'a.ts'), ...offset(b, 'b.ts')];
    const world = new SwitcherWorld(programOf('h264'), slate(x264));
    switchAbout(world, { a, b }, { switches: 60, seed: 5 });
    const after = world.offsets(join(directory, 'ab.ts'), world.output);
    expect(own.length).toBeGreaterThan(15);
    expect(after.length).toBeGreaterThan(25);
    const [least, most] = [Math.min(...own), Math.max(...own)];
    const frameMs = 1024 / 48;
    for (const ms of after) {
      expect(ms).toBeGreaterThanOrEqual(least - frameMs);
      expect(ms).toBeLessThanOrEqual(most + frameMs);
    }
  });
});

describe('a stream that is passed through', () => {
  it('is untouched to the last bit when it fits', () => {
    const stream = closed(x264);
    const world = new SwitcherWorld(programOf('h264'));
    world.play('a', stream);
    world.select('a');
    world.run(13_000);
    const hashes = (bytes: Buffer): string[] => {
      const found: string[] = [];
      new Feed({
        onUnit: ({ bytes: unit, from, end, kind }) => found.push(`${kind} ${createHash('sha256').update(unit.subarray(from, end)).digest('hex')}`),
      }).push(bytes);
      return found;
    };
    const sent = hashes(stream).filter((one) => one.startsWith('video'));
    const received = hashes(world.output).filter((one) => one.startsWith('video'));
    expect(sent.length).toBeGreaterThan(290);
    // The last picture waits for one that tells that it is whole.
    expect(received).toEqual(sent.slice(0, received.length));
    expect(received.length).toBeGreaterThanOrEqual(sent.length - 1);
  });

  it.each([
    ['another size', /640 × 360/, () => encode(...picture('testsrc2=size=640x360:rate=25'), ...tone(), '-t', '3', ...x264('keyint=25'), ...aac)],
    [
      'another rate',
      /50 pictures a second/,
      () => encode(...picture(`testsrc2=size=${size.width}x${size.height}:rate=50`), ...tone(), '-t', '3', ...x264('keyint=25'), ...aac),
    ],
    ['another codec', /H\.265, the program is H\.264/, () => plain(x265)],
    ['ten bits', /profile 110 \(10 bits, 4:2:0\)/, () => encode(...picture(), ...tone(), '-t', '3', ...x264('keyint=25'), '-pix_fmt', 'yuv420p10le', ...aac)],
    ['another sampling rate', /44100 Hz/, () => encode(...picture(), ...tone(440, 44_100), '-t', '3', ...x264('keyint=25'), ...aac)],
    ['one channel', /one channel/, () => encode(...picture(), ...tone(), '-t', '3', ...x264('keyint=25'), '-c:a', 'aac', '-ac', '1')],
    ['other sound', /not AAC/, () => encode(...picture(), ...tone(), '-t', '3', ...x264('keyint=25'), '-c:a', 'mp2')],
  ])('is refused with the reason when it has %s', (_, why, make) => {
    const world = new SwitcherWorld(programOf('h264'), slate(x264));
    world.play('a', make());
    world.run(2500);
    world.select('a');
    world.run(500);
    expect(world.unfit.get('a')).toMatch(why);
    expect(world.landed).toEqual([slateId]);
  });
});
