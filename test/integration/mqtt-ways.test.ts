/** Ways to a broker, and what stands in them: several brokers, a proxy, an exchanged broker, a certificate that ran out, a forbidden topic. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { BoxSnapshot, JournaledEvent } from '../../src/model/box.ts';
import { type BoxStatus, stateParts } from '../../src/model/mqtt.ts';
import { missedTelemetrySchema } from '../../src/model/telemetry.ts';
import { type ControlWorld, until } from './control-world.ts';
import { type BrokerOptions, Mosquitto, mosquittoMissing, openBroker, openControlWorld, openWatcher, type Watcher } from './mqtt-world.ts';

vi.setConfig({ testTimeout: 180_000 });

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

const broker = (options?: BrokerOptions) => openBroker(cleanups, options);
const watch = (mosquitto: Mosquitto, ...rest: Parameters<Mosquitto['watch']>) => openWatcher(cleanups, mosquitto, ...rest);
const mqttState = async () => (await world.get<BoxSnapshot>('/api/status')).mqtt;
const says = (pattern: RegExp) => until(String(pattern), async () => pattern.test((await mqttState()).text));
const alive = (watching: Watcher) => watching.last<BoxStatus>(`${root}status`)?.online === true;

test('the second broker serves while the first is away, and the first again when it is back', async () => {
  const [first, second] = [await broker(), await broker()];
  await first.kill();
  world.start({ mqtt: { url: first.url, fallbackUrls: [second.url] } });
  const onSecond = await watch(second, [`${root}#`]);
  await until('the birth at the second', () => alive(onSecond));
  await first.start();
  const onFirst = await watch(first, [`${root}#`]);
  await until('the birth at the first', () => alive(onFirst), 60_000);
  expect((await mqttState()).text).toContain(`:${first.port}`);
});

test('WebSockets through a proxy that wants a password', async () => {
  const mosquitto = await broker({ webSockets: true });
  const tunnels: string[] = [];
  const proxy: Server = createServer().on('connect', (request, client, head) => {
    tunnels.push(`${request.url} ${request.headers['proxy-authorization']}`);
    const allowed = request.headers['proxy-authorization'] === `Basic ${Buffer.from('anna:secret').toString('base64')}`;
    if (!allowed) return void client.end('HTTP/1.1 407 No\r\n\r\n');
    const [host = '', port] = (request.url ?? '').split(':');
    const far = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      far.write(head);
      far.pipe(client).pipe(far);
    });
    for (const socket of [far, client]) socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  cleanups.push(async () => {
    proxy.close();
    proxy.closeAllConnections();
  });
  const { port } = proxy.address() as AddressInfo;
  world.start({ mqtt: { url: mosquitto.url, proxy: `http://anna:wrong@127.0.0.1:${port}` } });
  await says(/proxy .* does not accept this user and password/);
  await world.kill();
  world.start({ mqtt: { url: mosquitto.url, proxy: `http://anna:secret@127.0.0.1:${port}` } });
  const watching = await watch(mosquitto, [`${root}status`]);
  await until('the birth', () => alive(watching));
  expect(tunnels.at(-1)).toContain(`localhost:${mosquitto.port}`);
  expect(JSON.stringify(await world.get('/api/settings'))).not.toContain('anna:secret');
});

test('a broker that was exchanged for an empty one knows everything again', async () => {
  const old = await broker();
  world.start({ mqtt: { url: old.url } });
  await until('connected', async () => (await mqttState()).state === 'connected');
  await old.kill();
  const fresh = new Mosquitto();
  fresh.port = old.port;
  cleanups.push(() => fresh.stop());
  await fresh.start();
  const topics = ['status', 'config/reported', ...stateParts.map((part) => `state/${part}`)].map((topic) => `${root}${topic}`);
  const early = await watch(fresh, topics);
  for (const topic of topics) await until(topic, () => early.on(topic).length > 0);
  // Only who comes later is told what is kept.
  const late = await watch(fresh, topics);
  for (const topic of topics) await until(topic, () => late.on(topic).some(({ packet }) => packet.retain));
});

test('a broker whose certificate ran out is told as such, and is taken again with a new one', async () => {
  const mosquitto = await broker({ tls: true, expired: true });
  world.start({ mqtt: { url: mosquitto.url, caFile: mosquitto.inside('ca.crt'), ...mosquitto.certificate('box7') } });
  await says(/certificate of the broker .* has expired/);
  expect(await mqttState()).toMatchObject({ state: 'waiting', reason: 'certificate-refused' });
  await mosquitto.kill();
  mosquitto.certificate('localhost');
  for (const kind of ['crt', 'key']) writeCopy(mosquitto.inside(`localhost.${kind}`), mosquitto.inside(`server.${kind}`));
  await mosquitto.start();
  await until('connected', async () => (await mqttState()).state === 'connected', 60_000);
});

test('a broker that forbids the events gets them when it allows them again: all, once, in order', async () => {
  const mosquitto = await broker({ acl: ['topic readwrite tandem/v1/#', `topic deny ${root}event`] });
  world.start({ mqtt: { url: mosquitto.url } });
  await says(/does not let this box use its topics/);
  for (let index = 1; index <= 30; index++)
    world.media.emit({ severity: 'info', subject: { kind: 'input', id: 'cam1' }, what: 'input.state', reason: 'recovered', text: `number ${index}` });
  await mosquitto.kill();
  const allowing = new Mosquitto({ acl: ['topic readwrite tandem/v1/#'] });
  allowing.port = mosquitto.port;
  cleanups.push(() => allowing.stop());
  // Who is not there yet misses an event.
  const watching = await world.holding(async () => {
    await allowing.start();
    return watch(allowing, [`${root}event`]);
  });
  const numbers = () => watching.seen.map(({ payload }) => (payload as JournaledEvent).text).filter((text) => text.startsWith('number'));
  await until('all', () => numbers().length >= 30, 60_000);
  expect(numbers()).toEqual(Array.from({ length: 30 }, (_, index) => `number ${index + 1}`));
});

test('telemetry of the time without a broker comes afterwards, each second once', async () => {
  const mosquitto = await broker();
  const { port } = mosquitto;
  await mosquitto.kill();
  world.start({ mqtt: { url: `mqtt://localhost:${port}` } });
  await says(/is it running/);
  await new Promise((resolve) => setTimeout(resolve, 6000));
  // Who is not there yet misses what comes first.
  const watching = await world.holding(async () => {
    await mosquitto.start();
    return watch(mosquitto, [`${root}telemetry/missed`]);
  });
  const numbers = () => watching.seen.flatMap(({ payload }) => span(missedTelemetrySchema.parse(payload)));
  await until('some', () => numbers().length >= 5, 60_000);
  expect(numbers()).toEqual(span({ from: 1, to: numbers().length }));
});

test('Home Assistant is told when it is wanted', async () => {
  const mosquitto = await broker();
  world.start({ mqtt: { url: mosquitto.url, homeAssistant: true } });
  const watching = await watch(mosquitto, ['homeassistant/#']);
  await until('it is told', () => watching.seen.length > 0);
  const { topic, payload } = watching.seen[0] as (typeof watching.seen)[number];
  expect(topic).toBe('homeassistant/device/tandem_box7/config');
  const { cmps, dev } = payload as { cmps: Record<string, { p: string; unique_id: string }>; dev: { ids: string[] } };
  expect(dev.ids).toEqual(['tandem_box7']);
  expect(new Set(Object.values(cmps).map(({ unique_id }) => unique_id)).size).toBe(Object.keys(cmps).length);
});

const span = ({ from, to }: { from: number; to: number }): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

function writeCopy(from: string, to: string): void {
  writeFileSync(to, readFileSync(from));
}
