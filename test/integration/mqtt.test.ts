import { readFileSync } from 'node:fs';
import mqtt from 'mqtt';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { hostile } from '../../bench/managed/hostile.ts';
import { startBroker } from '../../src/demo/broker.ts';
import type { BoxSnapshot, JournaledEvent } from '../../src/model/box.ts';
import { type BoxStatus, type Reply, stateParts } from '../../src/model/mqtt.ts';
import { topicTable } from '../../src/model/mqtt-topics.ts';
import type { Telemetry } from '../../src/model/telemetry.ts';
import { ControlWorld, until } from './control-world.ts';
import { type BrokerOptions, type Mosquitto, mosquittoMissing, openBroker, openWatcher, Watcher } from './mqtt-world.ts';

vi.setConfig({ testTimeout: 150_000 });

const root = 'tandem/v1/box7/';
const read = (path: string): Buffer => readFileSync(path);
const cleanups: (() => Promise<void>)[] = [];
let world: ControlWorld;
beforeEach((context) => {
  if (mosquittoMissing !== null) context.skip(mosquittoMissing);
  world = new ControlWorld();
  cleanups.push(() => world.stop());
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const broker = (options?: BrokerOptions) => openBroker(cleanups, options);
const watcher = (mosquitto: Mosquitto, ...rest: Parameters<Mosquitto['watch']>) => openWatcher(cleanups, mosquitto, ...rest);

const status = (watching: Watcher) => watching.last<BoxStatus>(`${root}status`);
const born = (watching: Watcher) => until('the birth', () => status(watching)?.online === true);

describe('with a broker in the same house', () => {
  test('birth, states, telemetry and events are seen by an independent client, each in the form of its schema', async () => {
    const mosquitto = await broker();
    await world.media.start();
    world.start({ mqtt: { url: mosquitto.url } });
    const watching = await watcher(mosquitto, [`${root}#`]);
    await born(watching);
    expect(status(watching)).toMatchObject({ reason: 'started', version: '0.1.0', bootId: world.media.status.bootId });
    world.media.emit({ severity: 'warning', subject: { kind: 'path', id: 'eth' }, what: 'path.state', reason: 'carrier-lost', text: 'eth has no carrier' });
    await until('the event', () => watching.on(`${root}event`).some(({ payload }) => (payload as JournaledEvent).reason === 'carrier-lost'));
    await until('telemetry with paths', () => watching.on(`${root}telemetry`).some(({ payload }) => (payload as Telemetry).paths.eth !== undefined));
    for (const part of stateParts) await until(part, () => watching.on(`${root}state/${part}`).length > 0);
    for (const { topic, payload, packet } of watching.seen) {
      const row = topicTable.find((one) => `${root}${one.topic}` === topic);
      expect(row, topic).toBeDefined();
      expect(row?.from, topic).toBe('box');
      expect(row?.schema?.safeParse(payload).error, topic).toBeUndefined();
      expect(packet.properties?.contentType).toBe('application/json');
    }
    // Who comes later sees all that is retained, and only that.
    const late = await watcher(mosquitto, [`${root}#`]);
    await until('retained', () => late.seen.filter(({ packet }) => packet.retain).length >= stateParts.length + 2);
    expect(new Set(late.seen.filter(({ packet }) => packet.retain).map(({ topic }) => topic))).toEqual(
      new Set([`${root}status`, `${root}config/reported`, ...stateParts.map((part) => `${root}state/${part}`)]),
    );
  });

  test('a clean stop says offline, a kill is told by the last will, with the session of the birth', async () => {
    const mosquitto = await broker();
    world.start({ mqtt: { url: mosquitto.url } });
    const watching = await watcher(mosquitto, [`${root}status`]);
    await born(watching);
    const first = status(watching)?.session;
    await world.kill('SIGKILL');
    await until('the will', () => status(watching)?.reason === 'lost');
    expect(status(watching)).toMatchObject({ online: false, session: first });
    world.restart();
    await born(watching);
    const second = status(watching)?.session;
    expect(second).not.toBe(first);
    expect(await world.kill('SIGTERM')).toBe(0);
    await until('goodbye', () => status(watching)?.reason === 'offline');
    expect(status(watching)?.session).toBe(second);
  });

  test('a late will or a foreign hand on the status is answered with the birth', async () => {
    const mosquitto = await broker();
    world.start({ mqtt: { url: mosquitto.url } });
    const watching = await watcher(mosquitto, [`${root}status`]);
    await born(watching);
    const births = () => watching.seen.filter(({ payload }) => (payload as BoxStatus).online === true).length;
    const before = births();
    await watching.client.publishAsync(
      `${root}status`,
      JSON.stringify({ online: false, reason: 'lost', session: 'old', bootId: 'x', version: 'x', slot: null }),
      { qos: 1, retain: true },
    );
    await until('the birth again', () => births() > before);
    expect(status(watching)?.online).toBe(true);
  });

  test('news are published at once, silence only now and then', async () => {
    const mosquitto = await broker();
    await world.media.start();
    world.start({ mqtt: { url: mosquitto.url } });
    const watching = await watcher(mosquitto, [`${root}state/#`]);
    await until('on air', () => watching.last<{ program: { state: string } | null }>(`${root}state/program`)?.program?.state === 'on-air');
    await new Promise((resolve) => setTimeout(resolve, 500));
    const before = watching.on(`${root}state/program`).length;
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect(watching.on(`${root}state/program`).length - before).toBeLessThanOrEqual(1);
    const path = world.media.status.paths[0];
    if (path !== undefined) path.state = 'down';
    const atMs = performance.now();
    await until('the news', () => watching.last<{ paths: { state: string }[] }>(`${root}state/paths`)?.paths[0]?.state === 'down');
    // Without news a state comes each ten seconds.
    expect(performance.now() - atMs).toBeLessThan(6000);
    world.media.stop();
    await until('media is lost', () => watching.last<{ available: boolean }>(`${root}state/program`)?.available === false);
  });

  test('commands are done, answered at their response topic with their correlation data, and done once an id', async () => {
    const mosquitto = await broker();
    await world.media.start();
    world.start({ mqtt: { url: mosquitto.url } });
    const watching = await watcher(mosquitto, [`${root}#`, 'desk/replies']);
    await born(watching);
    await until('media', async () => (await world.get<BoxSnapshot>('/api/status')).onAir);
    const correlationData = Buffer.from('desk-7');
    const ask = () =>
      watching.client.publishAsync(`${root}cmd/pin-input`, '{"input":"backup","by":"anna"}', {
        qos: 1,
        properties: { responseTopic: 'desk/replies', correlationData },
      });
    await ask();
    await ask();
    await until('two replies', () => watching.on('desk/replies').length === 2);
    for (const { payload, packet } of watching.on('desk/replies')) {
      expect(payload).toMatchObject({ ok: true, command: 'pin-input', correlation: 'desk-7' });
      expect(packet.properties?.correlationData).toEqual(correlationData);
    }
    expect(world.media.commands).toEqual([{ command: { name: 'pin-input', input: 'backup' }, from: 'mqtt:anna' }]);
    await watching.client.publishAsync(`${root}cmd/snapshot`, '', { qos: 1, properties: { responseTopic: `${root}reply/snap` } });
    await until('the picture', () => watching.last<Reply>(`${root}reply/snap`)?.jpegBase64?.startsWith('/9j/') === true);
  });

  test('retained and expired commands, unknown ones and unusable response topics are refused with a reason', async () => {
    const mosquitto = await broker();
    await world.media.start();
    const watching = await watcher(mosquitto, [`${root}reply`]);
    await watching.client.publishAsync(`${root}cmd/stop`, '{}', { qos: 1, retain: true });
    world.start({ mqtt: { url: mosquitto.url } });
    const reply = () => watching.last<Reply>(`${root}reply`);
    await until('the retained one is refused at connect', () => reply()?.text.includes('retained') === true);
    const cases: [name: string, payload: string, reason: string, properties?: object, retain?: boolean][] = [
      ['stop', '{}', 'invalid', {}, true],
      ['stop', JSON.stringify({ expiresAt: Date.now() - 1000 }), 'expired'],
      ['explode', '{}', 'invalid'],
      ['start', 'not json', 'invalid'],
      ['start', '[]', 'invalid'],
      ['start', '{"name":"stop"}', 'invalid'],
      ['pin-input', '{"input":"cam1","extra":1}', 'invalid'],
      ['stop', '{}', 'invalid', { responseTopic: `${root}cmd/stop` }],
      ['stop', '{}', 'invalid', { responseTopic: 'tandem/v1/other/cmd/stop' }],
      ['stop', '{}', 'invalid', { responseTopic: '$SYS/x' }],
    ];
    for (const [name, payload, reason, properties, retain] of cases) {
      const before = watching.seen.length;
      await watching.client.publishAsync(`${root}cmd/${name}`, payload, { qos: 1, retain: retain ?? false, properties: properties ?? {} });
      await until(`a reply to ${name} ${payload}`, () => watching.seen.length > before);
      expect(reply(), `${name} ${payload}`).toMatchObject({ ok: false, reason });
    }
    expect(world.media.commands).toEqual([]);
  });

  test('2,000 random and hostile payloads are each refused, nothing of them is applied, and nothing breaks', async () => {
    expect(await hostile(2000, 1, 3)).toEqual({ sent: 2000, answered: 2000, accepted: 0, applied: 0, alive: true });
  });

  test('what happens while the broker is down arrives when it is back: once, in order; and after a kill of control too', async () => {
    const mosquitto = await broker();
    await world.media.start();
    world.start({ mqtt: { url: mosquitto.url } });
    const watching = await watcher(mosquitto, [`${root}event`, `${root}status`], {
      clean: false,
      clientId: 'archive',
      properties: { sessionExpiryInterval: 3600 },
    });
    await born(watching);
    const emit = (index: number) =>
      world.media.emit({ severity: 'info', subject: { kind: 'input', id: 'cam1' }, what: 'input.state', reason: 'recovered', text: `number ${index}` });
    // At least once is the contract (QoS 1): a subscriber drops what it has seen, by id.
    const numbers = () => {
      const events = watching.on(`${root}event`).map(({ payload }) => payload as JournaledEvent);
      return events.filter(({ id, text }, index) => text.startsWith('number') && events.findIndex((event) => event.id === id) === index);
    };
    for (let index = 1; index <= 3; index++) emit(index);
    await until('three', () => numbers().length === 3);
    await mosquitto.kill();
    await until('it is noticed', async () => (await world.get<BoxSnapshot>('/api/status')).mqtt.state === 'waiting');
    const lost = (await world.get<JournaledEvent[]>('/api/events')).find(({ what, to }) => what === 'mqtt.state' && to === 'waiting');
    expect(lost).toMatchObject({ reason: 'broker-lost' });
    for (let index = 4; index <= 60; index++) emit(index);
    await until('they are kept', () => readFileSync(world.inside('state/journal/events.jsonl'), 'utf8').includes('"number 60"'));
    await world.kill('SIGKILL');
    await mosquitto.start();
    // The broker keeps nothing over its own death, so the archive must be listening again first.
    await watching.client.subscribeAsync([`${root}event`, `${root}status`], { qos: 1 });
    world.restart();
    await until('all', () => new Set(numbers().map(({ id }) => id)).size === 60, 60_000);
    expect(numbers().map(({ text }) => text)).toEqual(Array.from({ length: 60 }, (_, index) => `number ${index + 1}`));
  });
});

describe('with TLS, client certificates and access control', () => {
  const acl = ['pattern readwrite tandem/v1/%u/#', '', 'user desk', 'topic readwrite tandem/v1/#'];

  test('the right certificate gets in, and the desk sees it', async () => {
    const mosquitto = await broker({ tls: true, acl });
    await world.media.start();
    world.start({ mqtt: { url: mosquitto.url, caFile: mosquitto.inside('ca.crt'), ...mosquitto.certificate('box7') } });
    const watching = await watcher(mosquitto, [`${root}#`], desk(mosquitto));
    await born(watching);
    await until('telemetry', () => watching.on(`${root}telemetry`).length > 0);
    await watching.client.publishAsync(`${root}cmd/stop`, '{}', { qos: 1, properties: { responseTopic: `${root}reply/desk` } });
    await until('the reply', () => watching.last<Reply>(`${root}reply/desk`)?.ok === true);
  });

  test('a certificate of another authority is refused, with a reason that says what to check', async () => {
    const mosquitto = await broker({ tls: true, acl });
    world.start({ mqtt: { url: mosquitto.url, caFile: mosquitto.inside('ca.crt'), ...mosquitto.certificate('intruder', 'other-ca') } });
    const link = await waiting();
    expect(link).toMatchObject({ reason: 'certificate-refused' });
    expect(link.text).toContain('certFile');
  });

  test('no certificate at all is refused', async () => {
    const mosquitto = await broker({ tls: true, acl });
    world.start({ mqtt: { url: mosquitto.url, caFile: mosquitto.inside('ca.crt') } });
    expect(await waiting()).toMatchObject({ reason: 'certificate-refused' });
  });

  test('a broker that we have no reason to trust gets nothing from us', async () => {
    const mosquitto = await broker({ tls: true, acl });
    world.start({ mqtt: { url: mosquitto.url, ...mosquitto.certificate('box7') } });
    const link = await waiting();
    expect(link).toMatchObject({ reason: 'certificate-refused' });
    expect(link.text).toContain('caFile');
    expect(mosquitto.log).not.toContain('tandem-box7');
  });

  test('a box that claims another one’s prefix is refused, and touches nothing there', async () => {
    const mosquitto = await broker({ tls: true, acl });
    await world.media.start();
    const watching = await watcher(mosquitto, [`${root}#`], desk(mosquitto));
    world.start({ mqtt: { url: mosquitto.url, caFile: mosquitto.inside('ca.crt'), ...mosquitto.certificate('box8') } });
    const link = await waiting();
    expect(link).toMatchObject({ reason: 'not-authorised' });
    expect(link.text).toContain('access control');
    expect(watching.seen).toEqual([]);
  });

  test('a wrong password is told apart, and never logged', async () => {
    const mosquitto = await broker({ users: { box7: 'the right one' } });
    world.start({ mqtt: { url: mosquitto.url, user: 'box7', password: 'the-wrong-secret-one' } });
    expect(await waiting()).toMatchObject({ reason: 'not-authorised' });
    expect(world.log).not.toContain('the-wrong-secret-one');
    expect(world.log.match(/"what":"mqtt\.state"/g)).toHaveLength(1);
  });

  /** The refusal, as the page gets it: in the link's state and among what needs attention; and in the log. */
  async function waiting() {
    let box: BoxSnapshot | null = null;
    await until('the refusal', async () => {
      box = await world.get<BoxSnapshot>('/api/status');
      return box.mqtt.state === 'waiting';
    });
    const { mqtt: link, alarms } = box as unknown as BoxSnapshot;
    expect(alarms).toContainEqual(expect.objectContaining({ what: 'mqtt.state', reason: link.reason, text: link.text }));
    await until('it is in the log', () => world.log.includes(JSON.stringify(link.text)));
    return link;
  }

  function desk(mosquitto: Mosquitto) {
    const { certFile, keyFile } = mosquitto.certificate('desk');
    return { ca: [mosquitto.inside('ca.crt')].map(read), cert: [read(certFile)], key: [read(keyFile)] };
  }
});

test('without a broker it says why, and goes on', async () => {
  world.start({ mqtt: { url: 'mqtt://127.0.0.1:9' } });
  await until('it says', async () => (await world.get<BoxSnapshot>('/api/status')).mqtt.text.includes('is it running'));
});

test('the embedded broker of the demo, which speaks only MQTT 3.1.1, works too: the response topic is in the payload', async () => {
  const aedes = await startBroker('aedes');
  cleanups.push(() => aedes.stop());
  await world.media.start();
  world.start({ mqtt: { url: `mqtt://127.0.0.1:${aedes.port}` } });
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${aedes.port}`, { protocolVersion: 4 });
  const watching = new Watcher(client);
  cleanups.push(() => watching.end());
  await client.subscribeAsync([`${root}#`, 'desk/replies'], { qos: 1 });
  await born(watching);
  await until('media', async () => (await world.get<BoxSnapshot>('/api/status')).onAir);
  await client.publishAsync(`${root}cmd/stop`, JSON.stringify({ responseTopic: 'desk/replies', correlation: 'a1' }), { qos: 1 });
  await until('the reply', () => watching.last<Reply>('desk/replies')?.correlation === 'a1');
  expect(watching.last<Reply>('desk/replies')).toMatchObject({ ok: true });
  await until('the event of the connection', () => watching.on(`${root}event`).some(({ payload }) => (payload as JournaledEvent).text.includes('3.1.1')));
});
