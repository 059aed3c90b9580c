/** Two gateways: the program goes to the second while the first is not there, and back over a connection that stands. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { freePort, Place, until } from './processes.ts';

let place: Place;
beforeEach(() => {
  place = new Place();
});
afterEach(() => place.end());

it('the next gateway is called beside the one that does not answer; the return waits for the hold-down', async () => {
  const ports = [await freePort(), await freePort()];
  const gateway = (index: number) =>
    place.tandem(
      'gateway',
      '--config',
      place.config(`gateway${index}.yaml`, {
        version: 1,
        gateway: { host: '127.0.0.1', srtlaPort: ports[index] as number, streams: [{ id: 's', outputs: [{ kind: 'udp', host: '127.0.0.1', port: 9 }] }] },
      }),
    );
  gateway(1);
  const file = place.config('box.yaml', {
    version: 1,
    inputs: [{ id: 'test', kind: 'test' }],
    program: { width: 320, height: 180, fps: 15, videoKbps: 300 },
    media: { socket: place.path('media.sock') },
    paths: [{ id: 'a' }],
    destinations: ['first', 'second'].map((id, index) => ({ id, mode: 'standby' as const, host: '127.0.0.1', port: ports[index] as number, latencyMs: 100 })),
  });
  place.tandem('media', '--config', file);
  const { status, events } = place.watch(place.path('media.sock'));
  await until('the second', () => status()?.program.destination === 'second' && status()?.destinations[1]?.state === 'connected');

  gateway(0);
  await until('the first', () => status()?.destinations[0]?.state === 'connected');
  await until('the return', () => status()?.program.destination === 'first');
  await until('the second to be hung up', () => status()?.destinations[1]?.state === 'off');
  const switches = events.filter(({ what }) => what === 'destination.switch').map(({ from, to, reason }) => [from, to, reason]);
  expect(switches.slice(-1)).toEqual([['second', 'first', 'preferred']]);
  expect(switches[0]?.slice(0, 2)).toEqual(['first', 'second']);
});
