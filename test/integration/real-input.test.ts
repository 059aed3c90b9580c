/** Real encoders at one end, real decoders at the other: what ffmpeg sends in comes out picture for picture. */
import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ConfigInput } from '../../src/config/schema.ts';
import { makeClip } from '../../src/lab/clip.ts';
import { freePort, Place, pictureHashes, until } from './processes.ts';

/** A machine that stops for a second overflows no buffer of a UDP socket with it. */
const format = { kbps: 1200, width: 640, height: 360, fps: 25, seconds: 8 };
const passphrase = 'a-test-passphrase';
let place: Place;

beforeEach(() => {
  place = new Place();
});
afterEach(() => place.end());

type Input = NonNullable<ConfigInput['inputs']>[number];

/** A box with `input` and a gateway that records; resolves when both are connected. */
async function chain(input: Input, more: NonNullable<ConfigInput['program']> = {}) {
  const gatewayPort = await freePort();
  const recordings = place.path('recordings');
  const gateway = place.tandem(
    'gateway',
    '--config',
    place.config('gateway.yaml', {
      version: 1,
      gateway: { host: '127.0.0.1', srtlaPort: gatewayPort, passphrase, streams: [{ id: 'program', outputs: [{ kind: 'file', directory: recordings }] }] },
    }),
  );
  const media = place.tandem(
    'media',
    '--config',
    place.config('box.yaml', {
      version: 1,
      inputs: [input],
      program: { width: format.width, height: format.height, fps: format.fps, ...more },
      // Before and after the source there is to be nothing.
      slate: { enabled: false },
      paths: [{ id: 'a' }, { id: 'b' }],
      destinations: [{ id: 'gateway', mode: 'bonded', host: '127.0.0.1', port: gatewayPort, latencyMs: 1000, passphrase }],
      media: { socket: place.path('media.sock') },
    }),
  );
  const watch = place.watch(place.path('media.sock'));
  await until('the session to the gateway', () => watch.status()?.destinations[0]?.state === 'connected').catch((error) => {
    throw new Error(`${error}\n${media.said()}\n${gateway.said()}`);
  });
  return { watch, recordings, gateway };
}

it.each([
  [
    'SRT',
    (port: number): Input => ({
      id: 'push',
      kind: 'srt',
      mode: 'listener',
      host: '127.0.0.1',
      port,
      passThrough: true,
      latencyMs: 200,
      passphrase: 'another-passphrase',
    }),
    (port: number) => `srt://127.0.0.1:${port}?mode=caller&latency=200000&passphrase=another-passphrase`,
    40,
  ],
  [
    'UDP',
    (port: number): Input => ({ id: 'push', kind: 'udp', host: '127.0.0.1', port, passThrough: true }),
    (port: number) => `udp://127.0.0.1:${port}?pkt_size=1316`,
    0,
  ],
])('a stream that ffmpeg pushes over %s comes out picture for picture', async (_, input, url, atEnd) => {
  const clip = await makeClip(format);
  const port = await freePort();
  const { watch, recordings, gateway } = await chain(input(port));
  await until('the input to wait', () => watch.status()?.inputs[0]?.reason === 'source-waiting');
  // With audio, and paced as a camera is.
  const push = place.run('ffmpeg', ['-v', 'error', '-re', '-i', clip, '-c', 'copy', '-f', 'mpegts', url(port)]);
  expect(await push.ended, push.said()).toBe(0);
  await new Promise((resolve) => setTimeout(resolve, 3000));
  gateway.child.kill('SIGTERM');
  await gateway.ended;
  const files = readdirSync(recordings).filter((name) => name.endsWith('.ts'));
  expect(files).toHaveLength(1);
  const sent = pictureHashes(clip);
  const received = pictureHashes(`${recordings}/${files[0]}`);
  expect(sent).toHaveLength(format.fps * format.seconds);
  // SRT gives up at a close what is still within its latency (200 ms, and what a machine holds up); before that nothing is missing, and nothing changed.
  expect(received.length).toBeGreaterThanOrEqual(sent.length - atEnd);
  expect(received).toEqual(sent.slice(0, received.length));
});

it('a private stream that a rule lets pass comes out of the whole chain beside the picture', async () => {
  const data = place.path('data');
  writeFileSync(data, Buffer.alloc(format.seconds * 400, 'private'));
  const port = await freePort();
  const { watch, recordings, gateway } = await chain(
    { id: 'push', kind: 'udp', host: '127.0.0.1', port, passThrough: true },
    { passStreams: [{ streamType: 6 }] },
  );
  await until('the input to wait', () => watch.status()?.inputs[0]?.reason === 'source-waiting');
  const push = place.run('ffmpeg', [
    ...['-v', 'error', '-re', '-i', await makeClip(format), '-raw_packet_size', '100', '-f', 'data', '-i', data, '-map', '0', '-map', '1:d', '-c', 'copy'],
    ...['-bsf:d', 'setts=ts=N*22500:time_base=1/90000', '-f', 'mpegts', `udp://127.0.0.1:${port}?pkt_size=1316`],
  ]);
  expect(await push.ended, push.said()).toBe(0);
  await new Promise((resolve) => setTimeout(resolve, 3000));
  gateway.child.kill('SIGTERM');
  await gateway.ended;
  const file = join(recordings, readdirSync(recordings).find((name) => name.endsWith('.ts')) ?? '');
  const options = ['-v', 'error', '-count_packets', '-show_entries', 'stream=codec_type,nb_read_packets', '-of', 'json', file];
  const { streams } = JSON.parse(execFileSync('ffprobe', options, { encoding: 'utf8' })) as { streams: { codec_type: string; nb_read_packets: string }[] };
  expect(streams.map(({ codec_type }) => codec_type)).toEqual(['video', 'audio', 'data']);
  // Four a second; the first may come before the first key picture.
  expect(Number(streams[2]?.nb_read_packets)).toBeGreaterThan(format.seconds * 4 - 8);
});

it("Debian's srt-live-transmit receives our plain SRT", async () => {
  const port = await freePort();
  const file = place.path('received.ts');
  const listener = place.run('sh', ['-c', `exec srt-live-transmit -q 'srt://127.0.0.1:${port}?mode=listener&passphrase=${passphrase}' file://con > ${file}`]);
  place.tandem(
    'media',
    '--config',
    place.config('box.yaml', {
      version: 1,
      inputs: [{ id: 'test', kind: 'test' }],
      program: { width: 640, height: 360, fps: 25, videoKbps: 1000 },
      paths: [{ id: 'a' }],
      destinations: [{ id: 'listener', mode: 'standby', host: '127.0.0.1', port, latencyMs: 200, passphrase }],
      media: { socket: place.path('media.sock') },
    }),
  );
  const watch = place.watch(place.path('media.sock'));
  await until('the session', () => watch.status()?.destinations[0]?.state === 'connected');
  await until('a few seconds of the program', () => (watch.status()?.program.packets ?? 0) > 4000);
  listener.child.kill('SIGINT');
  await listener.ended;
  // The end may be cut within a picture, nothing before it.
  expect(pictureHashes(file, { whole: false }).length).toBeGreaterThan(50);
});
