/** A person's pin through the real media daemon: socket, engine, workers, events. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ConfigInput } from '../../src/config/schema.ts';
import { Place, until } from './processes.ts';

let place: Place;
beforeEach(() => {
  place = new Place();
});
afterEach(() => place.end());

/** A loaded machine is no fault here. */
const watch = () => ({ stallMs: 5000, cadencePercent: 0 });
const box = (): ConfigInput => ({
  version: 1,
  inputs: [
    { id: 'a', kind: 'test', watch: watch(), timeoutMs: 10_000 },
    { id: 'b', kind: 'test', pattern: 'ball', standby: 'cold', watch: watch(), timeoutMs: 10_000 },
  ],
  program: { width: 320, height: 180, fps: 15, videoKbps: 300 },
  switching: { holdDownMs: 500 },
  media: { socket: place.path('media.sock') },
});

it('a cold input is started when it is pinned, goes on air, and is left when the pin runs out; a pin on nothing is refused', async () => {
  const file = place.config('box.yaml', box());
  place.tandem('media', '--config', file);
  const { status, events } = place.watch(place.path('media.sock'));
  await until('a on air', () => status()?.program.input === 'a');
  // Started at first where a was slow to come, and stopped half a minute after.
  await until('b to rest', () => status()?.inputs[1]?.state === 'off', 60_000);

  const pin = place.tandem('pin', 'b', '--for', '20s', '--config', file);
  expect(await pin.ended, pin.said()).toBe(0);
  expect(pin.said()).toMatch(/b is pinned and starting: a is on air until it works, for 20 s/);
  await until('b on air', () => status()?.program.input === 'b', 19_000);
  expect(status()?.program).toMatchObject({ pinned: 'b', pin: { input: 'b', reason: 'pinned', text: 'b is pinned and on air' } });
  expect(status()?.program.pin?.expiresInMs).toBeGreaterThan(0);

  await until('the end of the pin', () => status()?.program.pinned === null);
  await until('a on air again', () => status()?.program.input === 'a');
  expect(status()?.program).toMatchObject({ pinned: null, pin: null });
  const switches = events.filter(({ what }) => what === 'program.switch').map(({ to, reason }) => [to, reason]);
  expect(switches.slice(-2)).toEqual([
    ['b', 'pinned'],
    ['a', 'preferred'],
  ]);
  expect(events.some(({ what, reason }) => what === 'program.pin' && reason === 'pin-expired')).toBe(true);

  const refused = place.tandem('pin', 'x', '--config', file);
  expect(await refused.ended).toBe(64);
  expect(refused.said()).toMatch(/there is no input x; there are: a, b/);
});
