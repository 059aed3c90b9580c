/** Pictures on `preview`, over a real Mosquitto. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { BoxSnapshot, JournaledEvent } from '../../src/model/box.ts';
import type { BoxStatus, Reply } from '../../src/model/mqtt.ts';
import { type ControlWorld, until } from './control-world.ts';
import { mosquittoMissing, openBroker, openControlWorld, openWatcher, type Watcher } from './mqtt-world.ts';

vi.setConfig({ testTimeout: 150_000 });

const root = 'tandem/v1/box7/';
const cleanups: (() => Promise<void>)[] = [];
let world: ControlWorld;
beforeEach(async (context) => {
  if (mosquittoMissing !== null) context.skip(mosquittoMissing);
  world = await openControlWorld(cleanups);
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(mqtt: Record<string, unknown> = {}): Promise<Watcher> {
  const mosquitto = await openBroker(cleanups);
  const watching = await openWatcher(cleanups, mosquitto, [`${root}#`]);
  world.start({ mqtt: { url: mosquitto.url, ...mqtt } });
  await until('the birth', () => watching.last<BoxStatus>(`${root}status`)?.online === true);
  return watching;
}

const command = (watching: Watcher, name: string, args: Record<string, unknown>) =>
  watching.client.publish(`${root}cmd/${name}`, JSON.stringify({ by: 'anna', ...args }), { qos: 1 });
const reply = async (watching: Watcher, name: string): Promise<Reply> => {
  const found = () => watching.on(`${root}reply`).find(({ payload }) => (payload as Reply).command === name)?.payload as Reply | undefined;
  await until(`the reply to ${name}`, () => found() !== undefined);
  return found() as Reply;
};
const events = (watching: Watcher) => watching.on(`${root}event`).map(({ payload }) => payload as JournaledEvent);

test('pictures come only while they are asked for, as JPEG, and the end says how many', async () => {
  const watching = await start();
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(watching.on(`${root}preview`)).toEqual([]);
  command(watching, 'preview', { forSeconds: 5, everySeconds: 1 });
  expect(await reply(watching, 'preview')).toMatchObject({ ok: true, text: `a picture each 1 s for 5 s on ${root}preview` });
  await until('the end', () => events(watching).some(({ what }) => what === 'mqtt.preview'));
  const pictures = watching.on(`${root}preview`);
  expect(pictures.length).toBeGreaterThanOrEqual(2);
  expect(pictures.length).toBeLessThanOrEqual(6);
  for (const { payload, packet } of pictures) {
    expect((payload as string).slice(0, 2)).toBe('\xff\xd8');
    expect(packet).toMatchObject({ qos: 0, retain: false, properties: { contentType: 'image/jpeg', userProperties: { input: 'cam1' } } });
  }
  expect(events(watching).find(({ what }) => what === 'mqtt.preview')).toMatchObject({ reason: 'expired', measured: { sent: pictures.length, leftOut: 0 } });
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(watching.on(`${root}preview`)).toHaveLength(pictures.length);
});

test('a network that is thin gets no picture, and the end says so', async () => {
  const watching = await start();
  const srt = world.media.status.destinations[0]?.srt;
  Object.assign(srt ?? {}, { sendBufferMs: 900 });
  world.media.publish();
  await until('control to know', async () => (await world.get<BoxSnapshot>('/api/status')).status?.destinations[0]?.srt?.sendBufferMs === 900);
  command(watching, 'preview', { forSeconds: 2, everySeconds: 1 });
  await until('the end', () => events(watching).some(({ what }) => what === 'mqtt.preview'));
  expect(watching.on(`${root}preview`)).toEqual([]);
  expect(events(watching).find(({ what }) => what === 'mqtt.preview')?.text).toMatch(/0 pictures sent, \d left out: the network had no room/);
});

test('a preview is ended before its time by asking for none', async () => {
  const watching = await start();
  command(watching, 'preview', { forSeconds: 600, everySeconds: 1 });
  expect(await reply(watching, 'preview')).toMatchObject({ ok: true });
  await until('a picture', () => watching.on(`${root}preview`).length > 0);
  command(watching, 'preview', { forSeconds: 0 });
  await until('the end', () => events(watching).some(({ what, reason }) => what === 'mqtt.preview' && reason === 'requested'));
});
