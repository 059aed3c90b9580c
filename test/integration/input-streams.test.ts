/** Streams and files that come from elsewhere: taken as they are, byte for byte, or encoded anew. */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import type { inputSchema, programSchema } from '../../src/config/schema.ts';
import { makeClip } from '../../src/lab/clip.ts';
import { InputRig, probe, visibleOf } from './input-rig.ts';
import { freePort, Place, until } from './processes.ts';

const format = { kbps: 1200, width: 320, height: 180, fps: 25, seconds: 5 };
const small = { width: 320, height: 180, fps: 25, videoKbps: 500 };
const secret = 'a-word-that-nobody-may-see';

let place: Place;
let rig: InputRig | null = null;
beforeEach(() => {
  place = new Place();
});
afterEach(async () => {
  await rig?.input.stop();
  rig = null;
  await place.end();
});

function start(config: z.input<typeof inputSchema>, program: z.input<typeof programSchema> = small): InputRig {
  rig = new InputRig(config, program);
  return rig;
}

const packetBytes = 188;

describe('a file', () => {
  it('that is passed through comes out byte for byte, in its own time, and ends', async () => {
    const path = await makeClip(format);
    const one = start({ id: 'file', kind: 'file', path, passThrough: true, loop: false });
    await until('the end', () => one.status().reason === 'end-of-stream');
    const sent = readFileSync(path);
    expect(one.data.length).toBe(sent.length);
    expect(one.data.equals(sent)).toBe(true);
    const tookMs = (one.arrivals.at(-1)?.atMs ?? 0) - (one.arrivals[0]?.atMs ?? 0);
    expect(tookMs).toBeGreaterThan(format.seconds * 1000 * 0.8);
    expect(one.changes()).toEqual(['starting starting', 'running started', 'waiting end-of-stream']);
    expect(one.status()).toMatchObject({ retryInMs: null, restarts: 0 });
    one.forget();
    one.input.restart('requested');
    await until('it to play again', () => one.bytes > 0);
    expect(one.status().state).toBe('running');
  });

  it.each([true, false])('that is looped goes on with another worker, without counting as a failure (passed through: %s)', async (passThrough) => {
    const path = await makeClip({ ...format, seconds: 2 });
    const one = start({ id: 'file', kind: 'file', path, passThrough, timeoutMs: 5000 });
    await until('data', () => one.bytes > 0);
    const workers = new Set<number | null>();
    await until(
      'the third round',
      () => {
        workers.add(one.input.workerPid);
        return workers.size >= 3 && one.arrivals.length > 0;
      },
      30_000,
    );
    // Another worker starts, which takes a busy machine its time. The input's own patience is not worn out by it.
    expect(one.longestGapMs()).toBeLessThan(5000);
    expect(one.changes()).toEqual(['starting starting', 'running started']);
    expect(one.status().restarts).toBe(0);
  });

  it('that is no video is told as such, and tried again with back-off', async () => {
    const path = place.path('text.mp4');
    writeFileSync(path, 'this is no video\n'.repeat(1000));
    const one = start({ id: 'file', kind: 'file', path });
    await until('the second try', () => one.status().restarts >= 2);
    expect(one.status()).toMatchObject({ state: 'waiting', reason: 'format-unsupported' });
  });
});

describe('a stream over UDP', () => {
  it('that is passed through keeps every packet, byte for byte', async () => {
    const path = await makeClip(format);
    const port = await freePort();
    const one = start({ id: 'udp', kind: 'udp', host: '127.0.0.1', port, passThrough: true });
    await until('the socket', () => one.status().reason === 'source-waiting');
    const push = place.run('ffmpeg', [
      '-v',
      'error',
      '-re',
      '-i',
      path,
      '-c',
      'copy',
      '-f',
      'tee',
      '-map',
      '0',
      `[f=mpegts]${place.path('sent.ts')}|[f=mpegts]udp://127.0.0.1:${port}?pkt_size=1316`,
    ]);
    expect(await push.ended, push.said()).toBe(0);
    const sent = readFileSync(place.path('sent.ts'));
    await until('the last packets', () => one.bytes >= sent.length).catch((error) => {
      throw new Error(`${error}: ${one.bytes} of ${sent.length} bytes came`);
    });
    expect(one.data.length % packetBytes).toBe(0);
    expect(one.data.equals(sent)).toBe(true);
    await until('the silence to be told', () => one.status().reason === 'source-closed' || one.status().reason === 'source-waiting');
  });
});

describe('a stream over SRT, with a passphrase', () => {
  const listener = (port: number, passThrough: boolean): z.input<typeof inputSchema> => ({
    id: 'srt',
    kind: 'srt',
    host: '127.0.0.1',
    port,
    passThrough,
    latencyMs: 200,
    passphrase: secret,
    keyLengthBits: 256,
  });
  const url = (port: number, passphrase: string) => `srt://127.0.0.1:${port}?mode=caller&latency=200000&pbkeylen=32&passphrase=${passphrase}`;
  const push = (path: string, to: string) => place.run('ffmpeg', ['-v', 'error', '-re', '-i', path, '-c', 'copy', '-f', 'mpegts', to]);

  it.each([
    ['passed through', true],
    ['encoded anew', false],
  ])('is %s, with its figures, and its secret stays unseen', async (_, passThrough) => {
    const path = await makeClip({ ...format, seconds: 8 });
    const port = await freePort();
    const one = start(listener(port, passThrough));
    await until('the listener', () => one.status().reason === 'source-waiting');
    const sender = push(path, url(port, secret));
    await until('data', () => one.status().state === 'running').catch((error) => {
      throw new Error(`${error}\n${sender.said()}\n${one.logged}`);
    });
    await until('figures', () => (one.status().source.receivedPackets ?? 0) > 100);
    // One round trip in which the machine stops is in the mean for a while.
    await until('a short round trip', () => (one.status().source.rttMs ?? Number.POSITIVE_INFINITY) < 100);
    await until('three seconds', () => one.bytes > 150_000);
    const { video, audio } = probe(one.data, place.path('out.ts'));
    expect(video).toMatchObject({ codec_name: 'h264', width: 320, height: 180, avg_frame_rate: '25/1' });
    expect(audio).toMatchObject({ codec_name: 'aac' });
    expect(visibleOf(one.input.workerPid as number)).not.toContain(secret);
    expect(one.logged + JSON.stringify(one.notices) + JSON.stringify(one.status())).not.toContain(secret);
  });

  it('is refused with another passphrase, and taken with the right one afterwards', async () => {
    const path = await makeClip(format);
    const port = await freePort();
    const one = start(listener(port, true));
    await until('the listener', () => one.status().reason === 'source-waiting');
    const stranger = push(path, url(port, 'some-other-passphrase'));
    await stranger.ended;
    expect(one.bytes).toBe(0);
    push(path, url(port, secret));
    await until('data', () => one.bytes > 0);
  });

  it('waits for its sender again when that is gone', async () => {
    const path = await makeClip(format);
    const port = await freePort();
    const one = start(listener(port, true));
    await until('the listener', () => one.status().reason === 'source-waiting');
    await push(path, url(port, secret)).ended;
    await until('the silence to be told', () => one.status().state === 'waiting');
    await until('the listener again', () => one.status().reason === 'source-waiting');
    one.forget();
    push(path, url(port, secret));
    await until('data again', () => one.bytes > 0);
    expect(one.status().state).toBe('running');
  });
});
