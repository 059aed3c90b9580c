import { expect, test } from 'vitest';
import { type PathConfig, pathSchema } from '../../config/schema.ts';
import type { PathState, PathStatus } from '../../model/status.ts';
import { WayChoice } from './way-choice.ts';
import { routeDeviceIn, waysOf, wayText } from './ways.ts';

const eth = pathSchema.parse({ id: 'eth', interface: 'eth0', priority: 10 });
const lte = pathSchema.parse({ id: 'lte', interface: 'wwan0', priority: 20, allowanceMb: 5000 });
const seen = (id: string, state: PathState, reason = 'connected', device: string | null = null) =>
  ({ id, destination: 'cloud', state, reason, interface: device }) as unknown as PathStatus;
const order = (paths: PathConfig[], status: PathStatus[] | null, device: string | null) => waysOf(paths, status, device).map(({ path }) => path ?? 'route');

test('first the system’s own route, then the paths, the healthiest first', () => {
  expect(order([eth, lte], null, 'eth0')).toEqual(['route', 'lte']);
  expect(order([eth, lte], null, null)).toEqual(['route', 'eth', 'lte']);
  expect(order([eth, lte], [seen('eth', 'registering'), seen('lte', 'up')], null)).toEqual(['route', 'lte', 'eth']);
  expect(order([], null, 'eth0')).toEqual(['route']);
});

test('a route whose network is known to be dead comes last, unless everything is', () => {
  expect(order([eth, lte], [seen('eth', 'silent'), seen('lte', 'up')], 'eth0')).toEqual(['lte', 'route']);
  expect(order([eth, lte], [seen('eth', 'silent'), seen('lte', 'silent')], 'eth0')).toEqual(['route', 'lte']);
});

test('one that reaches any destination is well', () => {
  expect(order([lte, eth], [seen('eth', 'down'), seen('eth', 'up'), seen('lte', 'silent')], null)).toEqual(['route', 'eth', 'lte']);
});

test('a path that is not enabled, has no interface of its own, or has used up its data is no way', () => {
  const off = pathSchema.parse({ id: 'wifi', interface: 'wlan0', enabled: false });
  expect(order([off, pathSchema.parse({ id: 'any' })], null, null)).toEqual(['route']);
  expect(order([eth, lte], [seen('lte', 'down', 'allowance-used')], null)).toEqual(['route', 'eth']);
});

test('a modem that is found by its properties is called over the interface that it has now', () => {
  const modem = pathSchema.parse({ id: 'modem', match: { driver: 'qmi_wwan' } });
  expect(waysOf([modem], [seen('modem', 'up', 'connected', 'wwan3')], null)[1]).toEqual({ path: 'modem', device: 'wwan3', metered: false });
  expect(waysOf([modem], null, null)).toHaveLength(1);
});

test('the route is metered where its interface is that of a path with an allowance', () => {
  expect(waysOf([eth, lte], null, 'wwan0')[0]).toEqual({ path: null, device: null, metered: true });
  expect(waysOf([eth, lte], null, 'eth0').map(({ metered }) => metered)).toEqual([false, true]);
});

test('two paths over one interface are one way', () => {
  expect(order([eth, pathSchema.parse({ id: 'eth-second', interface: 'eth0' })], null, null)).toEqual(['route', 'eth']);
});

test('the default route with the lowest metric is read', () => {
  const head = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT';
  const line = (device: string, destination: string, metric: number, mask: string) =>
    `${device}\t${destination}\t0101A8C0\t0003\t0\t0\t${metric}\t${mask}\t0\t0\t0`;
  const text = [head, line('wwan0', '00000000', 700, '00000000'), line('eth0', '00000000', 100, '00000000'), line('eth0', '0001A8C0', 0, '00FFFFFF')].join(
    '\n',
  );
  expect(routeDeviceIn(text)).toBe('eth0');
  expect(routeDeviceIn(head)).toBeNull();
});

test('people read the name of the path and of its interface', () => {
  expect(wayText({ path: 'lte', device: 'wwan0', metered: true })).toBe('lte (wwan0)');
  expect(wayText({ path: null, device: null, metered: false })).toBe('the system’s own route');
});

test('a round goes through the ways once, and home is looked for while another way serves, less and less often', async () => {
  const choice = new WayChoice(() => waysOf([eth, lte], null, null));
  choice.begin();
  expect(choice.way.path).toBeNull();
  expect([choice.next(), choice.way.path, choice.next(), choice.way.path]).toEqual([true, 'eth', true, 'lte']);
  choice.serves(0);
  let back = 0;
  const look = async (nowMs: number) => {
    choice.lookHome(
      nowMs,
      async () => undefined,
      () => back++,
    );
    await Promise.resolve();
    await Promise.resolve();
  };
  await look(29_000);
  expect(back).toBe(0);
  await look(30_000);
  expect(back).toBe(1);
  choice.serves(30_000);
  await look(89_000);
  expect(back).toBe(1);
  await look(90_000);
  expect(back).toBe(2);
  expect(choice.next()).toBe(false);
  expect(choice.way.path).toBeNull();
});
