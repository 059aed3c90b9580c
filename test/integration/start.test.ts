/** `npm start` as an operator and an engineer at a desk see it: the page, the broker, and the management killed under them. */
import { readFileSync } from 'node:fs';
import mqtt, { type MqttClient } from 'mqtt';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { monoMs } from '../../src/clock.ts';
import type { Report } from '../../src/demo/report.ts';
import { type BoxSnapshot, type JournaledEvent, journaledEventSchema } from '../../src/model/box.ts';
import { boxStatusSchema, stateSchemas } from '../../src/model/mqtt.ts';
import { Place, type Running, until } from './processes.ts';

const root = 'tandem/v1/demo/';
let place: Place;
let demo: Running;
let desk: MqttClient;
let startedMs: number;
let page: string;
let cookie: string;
const heard: { topic: string; retain: boolean; text: string }[] = [];

beforeAll(async () => {
  place = new Place();
  startedMs = monoMs();
  demo = place.run('npm', ['start', '--', '--for', '35s', '--report', place.path('r.json'), '--seed', '3', '--at', '20s kill control'], {
    TMPDIR: place.directory,
  });
  const [, url, password] = await until('the address of the page', () => /page {4}(http:\S+) \(password (\S+)\)/.exec(demo.said()));
  page = url as string;
  const login = await fetch(new URL('/api/login', page), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ password }),
  });
  expect(login.status).toBe(200);
  cookie = login.headers.getSetCookie()[0]?.split(';', 1)[0] ?? '';
}, 120_000);
afterAll(async () => {
  desk?.end(true);
  await place.end();
});

const get = (path: string): Promise<Response> => fetch(new URL(path, page), { headers: { cookie }, signal: AbortSignal.timeout(20_000) });
const snapshot = async (): Promise<BoxSnapshot> => (await get('/api/status')).json() as Promise<BoxSnapshot>;

test('the page at the printed address shows the live program and both paths', async () => {
  for (;;) {
    const { onAir, status } = await snapshot();
    if (onAir && status?.paths.length === 2 && status.paths.every(({ state, sentKbps }) => state === 'up' && sentKbps > 0)) break;
    expect(monoMs() - startedMs, 'ms since the start').toBeLessThan(60_000);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  // The bar is 15 s on a machine that is set up and does nothing else (docs/measurements.md).
  console.log(`npm start: live program and both paths on the page after ${((monoMs() - startedMs) / 1000).toFixed(1)} s`);
  const picture = await get('/api/preview.jpg');
  expect(picture.headers.get('content-type')).toBe('image/jpeg');
  expect(Buffer.from(await picture.arrayBuffer()).subarray(0, 2)).toEqual(Buffer.of(0xff, 0xd8));
});

test('an MQTT client sees birth, states and telemetry', async () => {
  const [, broker] = (await until('the address of the broker', () => /mqtt {4}(mqtt:\S+)/.exec(demo.said()))) as unknown as string[];
  desk = mqtt.connect(broker as string);
  desk.on('message', (topic, payload, { retain }) => heard.push({ topic: topic.slice(root.length), retain, text: payload.toString() }));
  await desk.subscribeAsync(`${root}#`);
  const birth = await until('the birth', () => heard.find(({ topic }) => topic === 'status'));
  expect(boxStatusSchema.parse(JSON.parse(birth.text))).toMatchObject({ online: true });
  expect(birth.retain).toBe(true);
  await until('the states', () => Object.keys(stateSchemas).every((part) => heard.some(({ topic }) => topic === `state/${part}`)));
  await until('telemetry', () => heard.some(({ topic }) => topic === 'telemetry'));
});

test('control is killed: the page is back and says so, the broker too, and the viewer notices nothing', async () => {
  const listens = (): Promise<boolean> =>
    get('/healthz').then(
      ({ ok }) => ok,
      () => false,
    );
  await until('the kill', () => /fault {3}kill control/.test(demo.said()));
  const killedMs = monoMs();
  while (!(await listens())) {
    expect(monoMs() - killedMs, 'ms since the kill').toBeLessThan(30_000);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  // The bar is 3 s on a machine that does nothing else (docs/measurements.md).
  console.log(`control killed: page back after ${((monoMs() - killedMs) / 1000).toFixed(1)} s`);
  const events = (await (await get('/api/events')).json()) as JournaledEvent[];
  expect(events.filter(({ what }) => what === 'control.state').at(-1)).toMatchObject({
    reason: 'restarted',
    text: expect.stringContaining('the stream does not depend on it'),
  });
  const event = await until('the event over MQTT', () => heard.find(({ topic, text }) => topic === 'event' && text.includes('"restarted"')));
  journaledEventSchema.parse(JSON.parse(event.text));
  expect(await demo.ended, demo.said()).toBe(0);
  const { viewer, faults } = JSON.parse(readFileSync(place.path('r.json'), 'utf8')) as Report;
  expect(faults.map(({ what }) => what)).toEqual(['kill control']);
  expect(viewer).toMatchObject({ continuityErrors: 0, ptsJumps: 0, pcrJumps: 0 });
});
