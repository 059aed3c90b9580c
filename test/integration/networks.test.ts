/** Real interfaces between namespaces: carrier pulled, an address that changes, an interface that comes back under another name. And IPv6. */
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ModesWorld, type WorldOptions } from '../../bench/modes/world.ts';
import { monoMs } from '../../src/clock.ts';
import { KernelInterfaces } from '../../src/uplink/paths/kernel.ts';
import { freePort, Place, until } from './processes.ts';

const small = { kbps: 1500, width: 320, height: 180, fps: 25, seconds: 6 };
const lostMax = 40;
let world: ModesWorld | null = null;
afterEach(async () => {
  await world?.stop();
  world = null;
});

async function start(options: Pick<WorldOptions, 'mode' | 'box'>): Promise<ModesWorld> {
  world = new ModesWorld({ ...options, networks: 'interfaces', latencyMs: 1000, clip: small });
  await world.start();
  await world.viewers[0]?.startMeasuring();
  return world;
}

const eth = () => world?.status?.paths.find(({ id }) => id === 'eth');
const lost = async () => (await world?.viewers[0]?.report([]))?.picturesLost;
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('with interfaces of its own', () => {
  beforeEach((context) => {
    try {
      const name = `tandem-try${process.pid}`;
      execFileSync('ip', ['netns', 'add', name], { stdio: 'ignore' });
      execFileSync('ip', ['netns', 'del', name], { stdio: 'ignore' });
    } catch {
      context.skip('needs hardware: network namespaces, which only root can make');
    }
  });

  it.each(['bonded', 'standby', 'dual'] as const)('(%s) a pulled cable is known at once, with its reason, and costs next to nothing', async (mode) => {
    const one = await start({ mode });
    await wait(1000);
    one.ip('gateway', 'link', 'set', 'gteth', 'down');
    const pulledMs = monoMs();
    await one.until('the verdict', () => eth()?.reason === 'carrier-lost');
    expect(eth()?.state).toBe('down');
    const told = () => one.events.find(({ what, reason }) => what === 'path.interface' && reason === 'carrier-lost');
    await one.until('the event', () => told() !== undefined);
    // Milliseconds on a quiet machine: measured in docs/measurements.md. Here the daemon may be held up for two seconds.
    expect((told()?.monoMs ?? Number.POSITIVE_INFINITY) - pulledMs).toBeLessThan(2500);
    await wait(3000);
    one.ip('gateway', 'link', 'set', 'gteth', 'up');
    await one.until('the path to be back', () => eth()?.state === 'up');
    await wait(1500);
    expect(await lost()).toBeLessThan(lostMax);
  });

  it.each(['bonded', 'standby'] as const)('(%s) a renewed lease with another address costs next to nothing', async (mode) => {
    const one = await start({ mode });
    await wait(1000);
    one.ip('box', 'address', 'del', '10.77.0.2/24', 'dev', 'teth');
    one.ip('box', 'address', 'add', '10.77.0.77/24', 'dev', 'teth');
    one.ip('box', 'route', 'replace', 'default', 'via', '10.77.0.1', 'dev', 'teth', 'metric', '100');
    await one.until('the event', () =>
      one.events.some(({ what, reason }) => what === 'path.interface' && (reason === 'address-changed' || reason === 'recovered')),
    );
    await one.until('the path from there', () => eth()?.state === 'up');
    await wait(2500);
    expect(await lost()).toBeLessThan(lostMax);
    expect(one.events.filter(({ what, to }) => what === 'program.state' && to === 'off-air')).toEqual([]);
    // The session is the same: another one would have begun with a new connection.
    if (mode === 'bonded') expect(one.events.filter(({ what, to }) => what === 'destination.state' && to === 'connected')).toHaveLength(1);
  });

  it('a modem that comes back under another name is found by its MAC address', async () => {
    const one = await start({
      mode: 'bonded',
      box: {
        paths: [
          { id: 'eth', match: { mac: '02:00:5e:00:77:01' } },
          { id: 'lte', interface: 'tlte' },
        ],
      },
    });
    expect(eth()?.interface).toBe('teth');
    one.ip('box', 'link', 'set', 'teth', 'down');
    await one.until('its loss', () => eth()?.reason === 'carrier-lost');
    one.ip('box', 'link', 'set', 'teth', 'name', 'wwan7');
    one.ip('box', 'link', 'set', 'wwan7', 'up');
    one.ip('box', 'route', 'replace', 'default', 'via', '10.77.0.1', 'dev', 'wwan7', 'metric', '100');
    await one.until('the path over the new name', () => eth()?.interface === 'wwan7' && eth()?.state === 'up');
    await wait(1500);
    expect(await lost()).toBeLessThan(lostMax);
  });
});

describe('the kernel’s word', () => {
  it('on the loopback interface is that it has a carrier and its addresses', async () => {
    const kernel = new KernelInterfaces();
    await until('the list', () => {
      kernel.turn(monoMs());
      return kernel.listed;
    });
    expect(kernel.table.find('lo')).toMatchObject({ carrier: true });
    expect(kernel.table.find('lo')?.addresses).toContain('127.0.0.1');
    kernel.close();
    expect(kernel.works).toBe(false);
    expect(kernel.turn(monoMs())).toBe(false);
  });
});

describe('over IPv6', () => {
  it.for(['bonded', 'standby', 'dual'] as const)('%s reaches a gateway by its address', async (mode) => {
    const place = new Place();
    try {
      const [port, viewer, input] = [await freePort(), await freePort(), await freePort()];
      const streams = [{ id: 'p', outputs: [{ kind: 'udp' as const, host: '127.0.0.1', port: viewer }] }];
      place.tandem('gateway', '--config', place.config('gateway.yaml', { version: 1, gateway: { host: '::1', srtlaPort: port, streams } }));
      const box = {
        version: 1 as const,
        inputs: [{ id: 'in', kind: 'udp' as const, passThrough: true, host: '127.0.0.1', port: input }],
        slate: { enabled: false },
        paths: [{ id: 'lo', interface: 'lo' }],
        destinations: [{ id: 'd', mode, host: '::1', port }],
        media: { socket: place.path('media.sock') },
      };
      const media = place.tandem('media', '--config', place.config('box.yaml', box));
      const { status } = place.watch(place.path('media.sock'));
      await until('the connection', () => status()?.destinations[0]?.state === 'connected').catch((error) => {
        throw new Error(`${error}\n${media.said()}`);
      });
      await until('its path', () => status()?.paths[0]?.state === 'up');
      expect(status()?.paths[0]?.interface).toBe('lo');
    } finally {
      await place.end();
    }
  });
});
