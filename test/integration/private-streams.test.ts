/** Private streams that are let pass: real encoders' streams with KLV and splice commands in them, through the switcher, read by ffprobe. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/lab/random.ts';
import { Analyser } from '../../src/lab/viewer/analyser.ts';
import { Feed } from '../../src/switcher/feed.ts';
import { packetBytes, pcrOf, pesTime, pidOf, ptsWrap, wrappedDifference } from '../../src/switcher/mpegts/packet.ts';
import { crc32, parseAssociation, parseProgramMap, writeProgramMap } from '../../src/switcher/mpegts/tables.ts';
import { mapPid, privatePid } from '../../src/switcher/multiplex.ts';
import type { PassRule } from '../../src/switcher/private-streams.ts';
import { slateId } from '../../src/switcher/switcher.ts';
import { damaged } from './damage.ts';
import { aac, encode, picture, programOf, SwitcherWorld, size, tone, x264 } from './switcher-world.ts';

const directory = mkdtempSync(join(tmpdir(), 'tandem-private-'));
afterAll(() => rmSync(directory, { recursive: true }));

const klvType = 6;
const spliceType = 0x86;
const splicePid = 0x1f0;
const klva = new Uint8Array([0x05, 0x04, 0x4b, 0x4c, 0x56, 0x41]);
const cuei = [0x05, 0x04, 0x43, 0x55, 0x45, 0x49];
const setBytes = 100;

/** A universal key, and a number in it: as MISB's local sets look. */
function klvFile(count: number): string {
  const sets = Array.from({ length: count }, (_, n) => {
    const set = Buffer.alloc(setBytes, n);
    Buffer.from('060e2b34020b01010e0103010100000053', 'hex').copy(set);
    set.writeUInt32BE(n, 17);
    return set;
  });
  const file = join(directory, `klv-${count}`);
  writeFileSync(file, Buffer.concat(sets));
  return file;
}

const withKlv = (hz: number, params = 'keyint=25:bframes=0') =>
  encode(
    ...[...picture(), ...tone(hz), '-raw_packet_size', `${setBytes}`, '-f', 'data', '-i', klvFile(120), '-map', '0:v', '-map', '1:a', '-map', '2:d'],
    ...['-t', '12', ...x264(params), ...aac, '-c:d', 'copy', '-bsf:d', 'setts=ts=N*9000:time_base=1/90000'],
  );
const plain = () => encode(...picture(), ...tone(990), '-t', '12', ...x264('keyint=25:bframes=2:open-gop=0'), ...aac);
const slate = () =>
  encode(...picture(`color=c=blue:size=${size.width}x${size.height}:rate=${size.fps}`), ...tone(), '-t', '2.5', ...x264('keyint=100:bframes=0'), ...aac);

/** time_signal (SCTE 35, 9.7.4) for `pts`. */
function timeSignal(pts: number): Buffer {
  const section = Buffer.from('fc3016 00 0000000000 00 fff005 06 fe00000000 0000 00000000'.replaceAll(' ', ''), 'hex');
  section[14] = 0xfe | (pts >= 2 ** 32 ? 1 : 0);
  section.writeUInt32BE(pts % 2 ** 32, 15);
  section.writeUInt32BE(crc32(section, 0, section.length - 4), section.length - 4);
  return section;
}

/** Announces the private data as KLV in the map, and puts in a splice command every second or so, two seconds ahead. */
function withSplices(stream: Buffer): Buffer {
  const parts: Buffer[] = [];
  let map = -1;
  let counter = 0;
  let lastPcr = Number.NEGATIVE_INFINITY;
  for (let at = 0; at + packetBytes <= stream.length; at += packetBytes) {
    const packet = Buffer.from(stream.subarray(at, at + packetBytes));
    parts.push(packet);
    if (pidOf(packet, 0) === 0) map = parseAssociation(packet, 0);
    const found = pidOf(packet, 0) === map ? parseProgramMap(packet, 0) : null;
    if (found !== null) {
      const control = packet[3] as number;
      const streams = found.streams.map((one) => (one.type === klvType ? { ...one, descriptors: klva } : one));
      writeProgramMap(packet, map, 1, {
        pcrPid: found.pcrPid,
        descriptors: cuei,
        streams: [...streams, { pid: splicePid, type: spliceType, kind: 'other', descriptors: new Uint8Array() }],
      });
      packet[3] = control;
    }
    const pcr = pcrOf(packet, 0);
    if (pcr < 0 || pcr - lastPcr < 27e6) continue;
    lastPcr = pcr;
    const splice = Buffer.alloc(packetBytes, 0xff);
    Buffer.from([0x47, 0x40 | (splicePid >> 8), splicePid & 0xff, 0x10 | (counter++ & 0x0f), 0]).copy(splice);
    timeSignal(Math.floor(pcr / 300) + 180_000).copy(splice, 5);
    parts.push(splice);
  }
  return Buffer.concat(parts);
}

interface Taken {
  /** By hash. */
  pictures: Map<string, number>;
  klv: { number: number; pts: number }[];
  /** What the splice commands say, with their adjustment. */
  splices: number[];
}

function takeApart(stream: Buffer, rules: PassRule[]): Taken {
  const taken: Taken = { pictures: new Map(), klv: [], splices: [] };
  new Feed({
    passStreams: rules,
    onUnit: ({ kind, bytes, from, end, pts }) => {
      if (kind === 'video') taken.pictures.set(createHash('sha256').update(bytes.subarray(from, end)).digest('hex'), pts);
    },
    onPrivate: ({ bytes, end, isSection }) => {
      if (isSection) taken.splices.push((adjustmentOf(bytes) + ((bytes[14] as number) & 1) * 2 ** 32 + bytes.readUInt32BE(15)) % ptsWrap);
      else taken.klv.push({ number: bytes.readUInt32BE(end - setBytes + 17), pts: pesTime(bytes, 0, end, 0) });
    },
  }).push(stream);
  return taken;
}
const adjustmentOf = (bytes: Buffer): number => ((bytes[4] as number) & 1) * 2 ** 32 + bytes.readUInt32BE(5);

function complaintsOf(output: Buffer) {
  const analyser = new Analyser();
  analyser.push(output, 0, output.length, 0);
  const { continuityErrors, ptsJumps, pcrJumps, picturesRepeated } = analyser.figures;
  return { continuityErrors, ptsJumps, pcrJumps, picturesRepeated };
}
const none = { continuityErrors: 0, ptsJumps: 0, pcrJumps: 0, picturesRepeated: 0 };

function mapsOf(output: Buffer): number[] {
  const versions: number[] = [];
  for (let at = 0; at < output.length; at += packetBytes) {
    if (pidOf(output, at) !== mapPid) continue;
    const version = ((output[at + 10] as number) >> 1) & 0x1f;
    if (versions.at(-1) !== version) versions.push(version);
  }
  return versions;
}

function probe(output: Buffer): string[] {
  const file = join(directory, 'out.ts');
  writeFileSync(file, output);
  const text = execFileSync('ffprobe', ['-v', 'error', '-show_streams', '-of', 'json', file], { encoding: 'utf8' });
  return (JSON.parse(text) as { streams: { codec_name: string }[] }).streams.map((stream) => stream.codec_name);
}

/** `a` with both, `b` with none, the slate, and `a` anew, many times over. */
function switchAbout(rules: PassRule[]): { world: SwitcherWorld; source: Buffer } {
  const source = withSplices(withKlv(500));
  const world = new SwitcherWorld({ ...programOf('h264'), passStreams: rules }, slate());
  world.play('a', source);
  world.play('b', plain());
  world.select('b');
  world.run(1500);
  for (let n = 0; n < 3; n++) {
    world.select('a');
    world.run(1700);
    world.select(n === 1 ? slateId : 'b');
    world.run(900);
  }
  return { world, source };
}

describe('private streams', () => {
  const both: PassRule[] = [{ streamType: klvType }, { streamType: spliceType }];

  it('are dropped unless a rule lets them pass, and the map never changes', () => {
    const { output } = switchAbout([]).world;
    expect(mapsOf(output)).toHaveLength(1);
    expect(probe(output)).toEqual(['h264', 'aac']);
    expect(complaintsOf(output)).toEqual(none);
  });

  it('that pass are found by ffprobe, survive switches with unbroken counters, and change the map once', () => {
    const { world } = switchAbout(both);
    const { output } = world;
    expect(complaintsOf(output)).toEqual(none);
    expect(mapsOf(output).length).toBeLessThanOrEqual(3);
    expect(probe(output)).toEqual(['h264', 'aac', 'klv', 'scte_35']);
    expect(world.complaints(join(directory, 'decoded.ts'))).toBe('');
  });

  it('keep their distance from the picture: their times are moved as its are', () => {
    const { world, source } = switchAbout(both);
    const sent = takeApart(source, both);
    const pids = [{ pid: privatePid }, { pid: privatePid + 1 }];
    const got = takeApart(world.output, pids);
    expect(got.klv.length).toBeGreaterThan(30);
    expect(got.splices.length).toBeGreaterThanOrEqual(3);
    const shifts = [...got.pictures].flatMap(([hash, pts]) => {
      const before = sent.pictures.get(hash);
      return before === undefined ? [] : [Math.round(pts - before)];
    });
    const isShift = (by: number): boolean => shifts.some((shift) => Math.abs(wrappedDifference(by, shift, ptsWrap)) < 900);
    for (const { number, pts } of got.klv) expect(isShift(pts - (sent.klv.find((one) => one.number === number)?.pts ?? 0))).toBe(true);
    for (const time of got.splices) expect(sent.splices.some((before) => isShift(time - before))).toBe(true);
  });

  it('of one PID pass alone', () => {
    const { output } = switchAbout([{ pid: splicePid }]).world;
    expect(probe(output)).toEqual(['h264', 'aac', 'scte_35']);
    expect(complaintsOf(output)).toEqual(none);
  });

  it.each([1, 2, 3, 4, 5, 6])('that are damaged (seed %i) never break the program', (seed) => {
    const random = seededRandom(seed);
    const world = new SwitcherWorld({ ...programOf('h264'), passStreams: both }, slate());
    world.play('a', withSplices(withKlv(500)), (bytes) => damaged(bytes, random, 0.004 * 3 ** (seed % 3)));
    world.play('b', plain());
    for (let n = 0; n < 4; n++) {
      world.select('a');
      world.run(1500);
      world.select('b');
      world.run(600);
    }
    expect(complaintsOf(world.output)).toMatchObject({ continuityErrors: 0, ptsJumps: 0, pcrJumps: 0 });
    // Only whole ones came through.
    const { klv } = takeApart(world.output, [{ pid: privatePid }, { pid: privatePid + 1 }]);
    expect(klv.length).toBeGreaterThan(5);
    expect(world.complaints(join(directory, 'damaged.ts'), world.sinceLanded)).toBe('');
  });
});
