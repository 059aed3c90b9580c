/** An IP camera, played by GStreamer's own RTSP server. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { InputRig, probe, visibleOf } from './input-rig.ts';
import { Place, type Running, until } from './processes.ts';

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

async function camera(...userAndPassword: string[]): Promise<{ server: Running; url: string }> {
  const server = place.run(process.execPath, ['src/lab/camera/rtsp-server.ts', '0', ...userAndPassword]);
  const port = await until('the camera', () => /^(\d+)\n/.exec(server.said())?.[1]).catch((error) => {
    throw new Error(`${error}\n${server.said()}`);
  });
  return { server, url: `rtsp://127.0.0.1:${port}/camera` };
}

it.each(['tcp', 'udp'] as const)('its picture and sound arrive over %s', async (transport) => {
  const { url } = await camera();
  rig = new InputRig({ id: 'ip', kind: 'rtsp', url, transport }, small);
  const one = rig;
  await until('data', () => one.bytes > 100_000);
  const { video, audio } = probe(one.data, place.path('out.ts'));
  expect(video).toMatchObject({ codec_name: 'h264', width: 320, height: 180, avg_frame_rate: '25/1' });
  expect(audio).toMatchObject({ codec_name: 'aac' });
  // A sine of the server, not the silence that is mixed in.
  await until('sound', () => (one.status().audioDb ?? -100) > -30);
});

it('it is let in with user and password, which stay unseen', async () => {
  const { url } = await camera('viewer', secret);
  rig = new InputRig({ id: 'ip', kind: 'rtsp', url, user: 'viewer', password: secret }, small);
  const one = rig;
  await until('data', () => one.bytes > 0);
  expect(visibleOf(one.input.workerPid as number)).not.toContain(secret);
  expect(one.logged + JSON.stringify(one.notices) + JSON.stringify(one.status())).not.toContain(secret);
});

it('a wrong password is told as a refusal', async () => {
  const { url } = await camera('viewer', secret);
  rig = new InputRig({ id: 'ip', kind: 'rtsp', url, user: 'viewer', password: 'wrong' }, small);
  const one = rig;
  await until('the verdict', () => one.status().state === 'waiting');
  expect(one.status()).toMatchObject({ reason: 'source-denied' });
  expect(one.status().text).toMatch(/check the rights of the media daemon, or user and password/);
});

it('a camera that goes dark is told, and taken again when it is back', async () => {
  const { server, url } = await camera();
  rig = new InputRig({ id: 'ip', kind: 'rtsp', url, timeoutMs: 1500 }, small);
  const one = rig;
  await until('data', () => one.bytes > 0);
  server.child.kill('SIGSTOP');
  await until('the verdict', () => one.status().state === 'waiting');
  expect(one.status().reason).toBe('no-data');
  server.child.kill('SIGCONT');
  await until('the recovery', () => one.status().state === 'running');
  expect(one.notices.filter(({ to }) => to === 'waiting').length).toBeLessThanOrEqual(3);
});
