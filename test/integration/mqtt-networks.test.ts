/** MQTT over whichever network works: a box with two real interfaces, in a namespace of its own, and a real Mosquitto behind both. */
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { monoMs } from '../../src/clock.ts';
import type { JournaledEvent } from '../../src/model/box.ts';
import type { BoxStatus } from '../../src/model/mqtt.ts';
import { ControlWorld, until } from './control-world.ts';
import { Mosquitto, mosquittoMissing, type Watcher } from './mqtt-world.ts';

vi.setConfig({ testTimeout: 240_000 });

const root = 'tandem/v1/box7/';
const [box, cloud] = [`tmb${process.pid}`, `tmc${process.pid}`];
const brokerAddress = '10.78.9.1';
const cleanups: (() => Promise<void> | void)[] = [];
let world: ControlWorld;
let mosquitto: Mosquitto;

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });

/** Two networks from the box to the cloud, which has one address of its own behind them. Ethernet has the better route. */
function makeNetworks(): void {
  for (const space of [box, cloud]) {
    ip('netns', 'add', space);
    cleanups.push(() => void ip('netns', 'del', space));
    ip('-n', space, 'link', 'set', 'lo', 'up');
  }
  ip('-n', cloud, 'address', 'add', `${brokerAddress}/32`, 'dev', 'lo');
  for (const [n, name] of ['teth', 'tlte'].entries()) {
    ip('-n', box, 'link', 'add', name, 'type', 'veth', 'peer', 'name', `g${name}`, 'netns', cloud);
    ip('-n', box, 'address', 'add', `10.78.${n}.2/24`, 'dev', name);
    ip('-n', cloud, 'address', 'add', `10.78.${n}.1/24`, 'dev', `g${name}`);
    ip('-n', cloud, 'link', 'set', `g${name}`, 'up');
    ip('-n', box, 'link', 'set', name, 'up');
    ip('-n', box, 'route', 'add', 'default', 'via', `10.78.${n}.1`, 'dev', name, 'metric', String(100 + n));
  }
}

beforeEach(async (context) => {
  if (mosquittoMissing !== null) context.skip(mosquittoMissing);
  try {
    makeNetworks();
  } catch {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    context.skip('needs hardware: network namespaces, which only root can make');
  }
  mosquitto = new Mosquitto({ space: { name: cloud, address: brokerAddress } });
  cleanups.push(() => mosquitto.stop());
  await mosquitto.start();
  world = new ControlWorld();
  world.space = box;
  cleanups.push(() => world.stop());
  await world.media.start();
  for (const [index, name] of ['teth', 'tlte'].entries()) Object.assign(world.media.status.paths[index] ?? {}, { interface: name });
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Ethernet has its carrier and its address, and what is sent over it is never answered. */
const ethernetDies = () => ip('-n', cloud, 'route', 'add', 'blackhole', '10.78.0.2/32');
const ethernetLives = () => ip('-n', cloud, 'route', 'del', 'blackhole', '10.78.0.2/32');

async function start(): Promise<Watcher> {
  const watching = await mosquitto.watch([`${root}#`]);
  cleanups.push(() => watching.end());
  boxStarts();
  return watching;
}

function boxStarts(): void {
  const paths = [
    { id: 'eth', interface: 'teth', priority: 10 },
    { id: 'lte', interface: 'tlte', priority: 20, allowanceMb: 5000 },
  ];
  world.start({ mqtt: { url: mosquitto.url } }, { rest: { paths } });
}

const alive = (watching: Watcher) => watching.last<BoxStatus>(`${root}status`)?.online === true;
const ways = (watching: Watcher) =>
  watching.on(`${root}event`).flatMap(({ payload }) => ((payload as JournaledEvent).what === 'mqtt.way' ? [payload as JournaledEvent] : []));
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('the connection moves to LTE by itself when Ethernet dies with its carrier up, thins out there, and comes home', async () => {
  const watching = await start();
  await until('the birth', () => alive(watching), 30_000);
  expect(ways(watching)).toEqual([]);
  ethernetDies();
  const diedMs = monoMs();
  await until('the move', () => ways(watching).length === 1, 60_000);
  const movedMs = Math.round(monoMs() - diedMs);
  expect(ways(watching)[0]).toMatchObject({ severity: 'warning', from: 'route', to: 'lte', reason: 'unreachable' });
  expect(ways(watching)[0]?.text).toMatch(
    /^MQTT goes over lte \(tlte\) instead of the system’s own route: .* does not answer; its data is counted, and telemetry thins out$/,
  );
  // The last will of the connection before may come late, and is answered with another birth.
  await until('the birth over it', () => alive(watching));

  await wait(1500);
  const before = watching.on(`${root}telemetry`).length;
  await wait(10_000);
  expect(watching.on(`${root}telemetry`).length - before).toBeLessThanOrEqual(2);
  expect(watching.on(`${root}telemetry/missed`)).toEqual([]);

  ethernetLives();
  const backMs = monoMs();
  await until('the way home', () => ways(watching).length === 2, 70_000);
  console.log(`moved to LTE ${movedMs} ms after Ethernet died, home ${Math.round(monoMs() - backMs)} ms after it was back`);
  expect(ways(watching)[1]).toMatchObject({ severity: 'clear', from: 'lte', to: 'route', reason: 'preferred' });
  await until('the birth over it', () => alive(watching));
  const home = watching.on(`${root}telemetry`).length;
  const homeMs = monoMs();
  await until('telemetry each second again', () => watching.on(`${root}telemetry`).length >= home + 4);
  // Over LTE four are 30 s apart.
  expect(monoMs() - homeMs).toBeLessThan(20_000);
});

test('a box that starts while Ethernet is dead is there over LTE within its time', async () => {
  ethernetDies();
  const startMs = monoMs();
  const watching = await start();
  await until('the birth', () => alive(watching), 30_000);
  console.log(`there over LTE ${Math.round(monoMs() - startMs)} ms after the start`);
  await until('the event', () => ways(watching).length === 1);
  expect(ways(watching)[0]).toMatchObject({ to: 'lte', reason: 'unreachable' });
});

test('a network that the media daemon knows to be dead is not tried first', async () => {
  Object.assign(world.media.status.paths[0] ?? {}, { state: 'silent', reason: 'path-silent' });
  await mosquitto.kill();
  boxStarts();
  // Until media has spoken, and MQTT has found nobody.
  await until('the failure', () => world.log.includes('is it running'), 30_000);
  // Who is not there yet misses an event.
  const watching = await world.holding(async () => {
    await mosquitto.start();
    return mosquitto.watch([`${root}#`]);
  });
  cleanups.push(() => watching.end());
  await until('the event', () => ways(watching).length === 1, 40_000);
  expect(ways(watching)[0]).toMatchObject({
    from: 'route',
    to: 'lte',
    reason: 'path-silent',
    text: expect.stringContaining('its network is known not to work'),
  });
});

test('a cable that is pulled moves it as well', async () => {
  const watching = await start();
  // Not only the birth, whose acknowledgement may be still under way: without it the next one is a first one again.
  await until('telemetry', () => watching.on(`${root}telemetry`).length > 0, 30_000);
  expect(ways(watching)).toEqual([]);
  ip('-n', cloud, 'link', 'set', 'gteth', 'down');
  // The kernel takes the route away only with the interface: the other one is used by the system itself, or by us.
  await until(
    'it is there again',
    () => watching.on(`${root}status`).filter(({ payload }) => (payload as BoxStatus).reason === 'reconnected').length > 0,
    60_000,
  );
  expect(alive(watching)).toBe(true);
});
