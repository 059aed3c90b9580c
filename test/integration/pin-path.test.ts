/** A person's pin on a path through the real media daemon, over the lab's Ethernet and LTE, to a viewer behind the gateway. */
import { afterEach, describe, expect, it } from 'vitest';
import { ModesWorld } from '../../bench/modes/world.ts';

const small = { kbps: 1500, width: 320, height: 180, fps: 25, seconds: 6 };
/** The clip's own format: it is passed through, and nothing is encoded. */
const program = { width: 320, height: 180, fps: 25 };
let world: ModesWorld | null = null;
afterEach(async () => {
  await world?.stop();
  world = null;
});

async function start(mode: 'bonded' | 'standby' | 'dual' | 'redundant', box = {}): Promise<ModesWorld> {
  world = new ModesWorld({ mode, networks: 'emulated', latencyMs: 1000, clip: small, box: { program, failover: { holdDownMs: 2000 }, ...box } });
  await world.start();
  await world.viewers[0]?.startMeasuring();
  return world;
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const path = (id: string) => world?.status?.paths.find((one) => one.id === id);
const lost = async () => (await world?.viewers[0]?.report([]))?.picturesLost;
/** Rate of each path over two seconds, kbit/s, from its counter. */
async function rates(): Promise<Record<string, number>> {
  const bytes = () => Object.fromEntries((world?.status?.paths ?? []).map(({ id, sentBytes }) => [id, sentBytes]));
  const before = bytes();
  await wait(2000);
  return Object.fromEntries(Object.entries(bytes()).map(([id, now]) => [id, ((now - (before[id] ?? 0)) * 8) / 2000]));
}
/** A loaded machine is no fault here; what is lost is told. */
const lostMax = 40;

describe.each(['bonded', 'redundant', 'standby', 'dual'] as const)('in mode %s', (mode) => {
  it('the pinned path carries the program alone, the others are up and carry nothing, and its death is a warning and no more', async () => {
    const one = await start(mode);
    expect(await one.command({ name: 'pin-path', path: 'lte' })).toMatchObject({ ok: true });
    await one.until('the pin in the status', () => one.status?.program.pathPin?.reason === 'pinned');
    // Keepalives and acknowledgements are left. A machine that stands still for a moment makes a suspect of a path, for which the other helps out.
    await one.until('the pinned path to carry it alone', async () => {
      const { eth = 0, lte = 0 } = await rates();
      return lte > 1000 && eth < 100;
    });
    await one.until('the other to be up', () => path('eth')?.state === 'up');

    await one.emulator.change('lte', { down: true });
    await one.until('the warning', () =>
      one.events.some(({ what, severity, reason }) => what === 'path.pin' && severity === 'warning' && reason === 'pinned-dead'),
    );
    await one.until('the other to carry it', async () => ((await rates()).eth ?? 0) > 1000);
    await one.until('it to be on air so', () => one.status?.program.state === 'on-air' && one.status.program.pathPin?.reason === 'pinned-dead');
    expect(one.status?.program.pathPin?.path).toBe('lte');

    await one.emulator.change('lte', { down: false });
    await one.until('the pin to be followed again', () => one.status?.program.pathPin?.reason === 'pinned');
    const told = one.events.filter(({ what }) => what === 'path.pin').map(({ severity, reason }) => [severity, reason]);
    expect(told.at(-1)).toEqual(['clear', 'recovered']);
    expect(await one.command({ name: 'unpin-path' })).toMatchObject({ ok: true });
    await one.until('no pin', () => one.status?.program.pathPin === null);
    await wait(2500);
    const pictures = await lost();
    console.log(`${mode}: pinned, its death, its return, unpinned: ${pictures} pictures lost`);
    expect(pictures).toBeLessThan(lostMax);
    expect(one.events.filter(({ what, to }) => what === 'program.state' && to === 'off-air')).toEqual([]);
  });
});

it('a pin on what is not there is refused with what there is, one that runs out says so, and one on the dead is taken away', async () => {
  const one = await start('bonded', { failover: { holdDownMs: 1000, deadPinMs: 3000 } });
  expect(await one.command({ name: 'pin-path', path: 'wifi' })).toMatchObject({
    ok: false,
    reason: 'invalid',
    text: 'there is no path wifi; there are: eth, lte',
  });
  expect(await one.command({ name: 'pin-path', path: 'lte', forMs: 1000 })).toMatchObject({ ok: true, text: expect.stringMatching(/for 1 s$/) });
  const ends = () => one.events.filter(({ what, reason }) => what === 'path.pin' && reason === 'pin-expired');
  await one.until('its end', () => ends().length === 1);
  await one.emulator.change('lte', { down: true });
  await one.until('lte silent', () => path('lte')?.state !== 'up');
  expect(await one.command({ name: 'pin-path', path: 'lte' })).toMatchObject({ ok: true, reason: 'pinned-dead' });
  await one.until('the end of that', () => ends().length === 2);
  await one.until('no pin', () => one.status?.program.pathPin === null);
  expect(one.events.filter(({ what, subject, text }) => what === 'command' && subject.id === 'pin-path' && text.startsWith('test asked'))).toHaveLength(3);
});

it('a mode in which libsrt chooses refuses it, and says so', async () => {
  world = new ModesWorld({ mode: 'backup', networks: 'emulated', latencyMs: 1000, clip: small });
  const one = world;
  await one.start(() => one.status?.destinations[0]?.active === true);
  expect(await one.command({ name: 'pin-path', path: 'lte' })).toMatchObject({
    ok: false,
    reason: 'unsupported',
    text: expect.stringContaining('chooses among its paths by itself'),
  });
  expect(one.status?.program.pathPin).toBeNull();
});
