/** RTMP as drones, action cameras and OBS send it: real ffmpeg pushes, and hostile peers try. */
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { freeTcpPort } from '../../src/demo/free-port.ts';
import { seededRandom } from '../../src/lab/random.ts';
import { InputRig, probe, visibleOf } from './input-rig.ts';
import { Place, pictureHashes, until } from './processes.ts';

const key = 'secret-stream-key';
/** Who was thrown out or had to wait for somebody would be away for longer; a machine may stop for a second. */
const gapMsMax = 2000;
let place: Place;
let rig: InputRig | null = null;

afterEach(async () => {
  await rig?.input.stop();
  rig = null;
  await place.end();
});

async function listen(): Promise<number> {
  place = new Place();
  const port = await freeTcpPort();
  rig = new InputRig({ id: 'drone', kind: 'rtmp', host: '127.0.0.1', port, key }, { width: 320, height: 180, fps: 25, videoKbps: 500 });
  await until('the listener', () => rig?.changes().includes('waiting source-waiting'));
  return port;
}

const sources = ['-re', '-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=25', '-f', 'lavfi', '-i', 'sine=frequency=440'];
const codecs = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '25', '-pix_fmt', 'yuv420p', '-c:a', 'aac'];
const push = (port: number, name = key, inputs = sources, coded = codecs) =>
  place.run('ffmpeg', ['-v', 'error', ...inputs, ...coded, '-f', 'flv', `rtmp://127.0.0.1:${port}/live/${name}`]);

describe('an RTMP input', () => {
  it('takes picture and sound from ffmpeg, which decode without an error', async () => {
    const port = await listen();
    push(port);
    await until('data', () => rig?.input.delivering);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    rig?.forget();
    // What comes before one cannot be decoded.
    rig?.input.requestKeyFrame();
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const data = rig?.data ?? Buffer.alloc(0);
    const { video, audio } = probe(data, place.path('out.ts'));
    expect(video).toMatchObject({ codec_name: 'h264', width: 320, height: 180, avg_frame_rate: '25/1' });
    expect(audio).toMatchObject({ codec_name: 'aac', sample_rate: '48000' });
    expect(pictureHashes(place.path('out.ts'), { whole: false }).length).toBeGreaterThan(50);
    // The tone is heard: it was not late, and so not lost in the silence that is laid under it.
    expect(rig?.status().audioDb).toBeGreaterThan(-40);
    expect(rig?.longestGapMs()).toBeLessThan(gapMsMax);
  });

  it('turns a wrong key away, says so without the key, and goes on', async () => {
    const port = await listen();
    const refused = push(port, 'another-stream-key');
    await refused.ended;
    const told = await until('the notice', () => rig?.notices.find(({ what }) => what === 'input.refused'));
    expect(told).toMatchObject({ reason: 'source-denied', severity: 'warning' });
    expect(told.text).not.toContain('another-stream-key');
    push(port);
    await until('data', () => rig?.input.delivering);
    const pid = rig?.input.workerPid as number;
    expect(JSON.stringify(rig?.notices) + rig?.logged + visibleOf(pid)).not.toContain(key);
  });

  it('tells at once that the sender has gone, and takes it again', async () => {
    const port = await listen();
    const sender = push(port);
    await until('data', () => rig?.input.delivering);
    const killedMs = performance.now();
    sender.child.kill('SIGKILL');
    await until('the end', () => rig?.changes().includes('waiting source-closed'));
    // Silence alone is waited for for 3 s, and told in the same words.
    expect(performance.now() - killedMs).toBeLessThan(2500);
    await until('the listener', () => rig?.changes().at(-1) === 'waiting source-waiting');
    push(port);
    await until('data again', () => rig?.input.delivering);
  });

  it('lets a second sender wait outside, and the first one notices nothing', async () => {
    const port = await listen();
    push(port);
    await until('data', () => rig?.input.delivering);
    rig?.forget();
    await push(port).ended;
    const told = await until('the notice', () => rig?.notices.find(({ what }) => what === 'input.refused'));
    expect(told).toMatchObject({ reason: 'source-busy' });
    expect(rig?.input.delivering).toBe(true);
    expect(rig?.changes()).not.toContain('waiting source-closed');
    expect(rig?.longestGapMs()).toBeLessThan(gapMsMax);
  });

  it.each([
    ['without sound, at once', key, [...sources.slice(0, 5)], codecs.slice(0, 10)],
    ['with B-frames', key, sources, [...codecs.slice(0, 4), '-bf', '3', '-g', '50', '-pix_fmt', 'yuv420p', '-c:a', 'aac']],
    ['with its key in the query, as OBS writes it', `camera?key=${key}`, sources, codecs],
  ])('takes a sender %s', async (_, name, inputs, coded) => {
    const port = await listen();
    push(port, name, inputs, coded);
    await until('the sender', () => (rig?.status().source.receivedBytes ?? 0) > 0);
    const sentMs = performance.now();
    await until('data', () => rig?.input.delivering);
    // flvdemux would look for a second stream for six seconds.
    expect(performance.now() - sentMs).toBeLessThan(5000);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    rig?.forget();
    // What comes before one cannot be decoded.
    rig?.input.requestKeyFrame();
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect(probe(rig?.data ?? Buffer.alloc(0), place.path('out.ts')).video).toMatchObject({ width: 320, avg_frame_rate: '25/1' });
    const hashes = pictureHashes(place.path('out.ts'), { whole: false });
    expect(hashes.length).toBeGreaterThan(50);
    // The pattern moves with each picture: one that came twice would be one that was sorted wrongly.
    expect(new Set(hashes).size).toBeGreaterThan(hashes.length * 0.9);
    await until('its rate', () => (rig?.status().source.pictureFps ?? 0) > 20);
  });

  it('is there for its sender though strangers hold every place, and hangs up on who only wants to look', async () => {
    const port = await listen();
    const strangers = Array.from({ length: 40 }, () => connect({ host: '127.0.0.1', port }).on('error', () => undefined));
    const viewer = place.run('ffmpeg', ['-v', 'error', '-i', `rtmp://127.0.0.1:${port}/live/${key}`, '-f', 'null', '-']);
    expect(await viewer.ended).not.toBe(0);
    push(port);
    await until('data', () => rig?.input.delivering);
    for (const one of strangers) one.destroy();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(rig?.input.delivering).toBe(true);
  });

  it('is back at once for a sender that hangs up again and again', async () => {
    const port = await listen();
    for (let i = 0; i < 3; i++) {
      const sender = push(port);
      await until('data', () => rig?.input.delivering);
      // Longer than what is taken for a sender that does not mean it.
      await new Promise((resolve) => setTimeout(resolve, 2500));
      sender.child.kill('SIGINT');
      await until('the end', () => rig?.status().reason === 'source-closed');
      expect(rig?.status().retryInMs).toBeLessThan(350);
      await until('the listener', () => rig?.status().reason === 'source-waiting');
    }
  });

  it('is not hurt by hostile bytes, half a handshake or many connections', async () => {
    const port = await listen();
    push(port);
    await until('data', () => rig?.input.delivering);
    const pid = rig?.input.workerPid;
    rig?.forget();
    const seed = Math.floor(Math.random() * 2 ** 31);
    console.log(`hostile RTMP: seed ${seed}`);
    const random = seededRandom(seed);
    const bytes = (length: number) => Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
    for (let i = 0; i < 60; i++)
      await visit(port, i % 3 === 0 ? bytes(20) : Buffer.concat([Buffer.from([3]), Buffer.alloc(1536), Buffer.alloc(1536), bytes(3000)]));
    expect(rig?.input.workerPid).toBe(pid);
    expect(rig?.input.delivering).toBe(true);
    expect(rig?.longestGapMs()).toBeLessThan(gapMsMax);
  });
});

/** Sends `bytes`, waits a moment, and leaves. */
function visit(port: number, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port }, () => socket.write(bytes));
    socket.on('error', () => undefined);
    socket.on('data', () => undefined);
    setTimeout(() => {
      socket.destroy();
      resolve();
    }, 20);
  });
}
