/**
 * Every mode against a real gateway while a network falls silent, a change through all modes, and a gateway that is killed. How many
 * pictures that costs on a quiet machine is measured by `npm run bench -- modes`; here it may be a few, since the machine is busy.
 */
import koffi from 'koffi';
import { afterEach, describe, expect, it } from 'vitest';
import { changeModes, changeSettings } from '../../bench/modes/measure.ts';
import { ModesWorld, type WorldOptions } from '../../bench/modes/world.ts';
import { type Mode, modes } from '../../src/model/modes.ts';
import { libraryNames, srtLibrary } from '../../src/uplink/srt/library.ts';

const small = { kbps: 1500, width: 320, height: 180, fps: 25, seconds: 6 };
/** Of 25 a second, over tens of seconds, on a machine that may stop for a second. */
const lostMax = 40;
const grouped: readonly Mode[] = ['broadcast', 'backup'];
/** All that this libsrt has; that groups go untested without theirs is told by test/integration/srt-groups.test.ts. */
const single = modes.filter((mode) => !grouped.includes(mode));

let world: ModesWorld | null = null;
afterEach(async () => {
  await world?.stop();
  world = null;
});

async function start(options: Omit<WorldOptions, 'clip' | 'latencyMs'>): Promise<ModesWorld> {
  world = new ModesWorld({ ...options, latencyMs: 1000, clip: small });
  await world.start();
  return world;
}

/** Debian's own, which has no groups. */
function stockLibrary(): string {
  const name = libraryNames.find((one) => {
    try {
      koffi.load(one).unload();
      return true;
    } catch {
      return false;
    }
  });
  if (name === undefined) throw new Error('there is no libsrt');
  return name;
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('while Ethernet is silent', () => {
  it.each(srtLibrary().bonding ? modes : single)('%s carries the program over the other path, and takes Ethernet back', async (mode) => {
    const one = await start({ mode, networks: 'emulated' });
    await one.viewers[0]?.startMeasuring();
    await wait(1000);
    await one.emulator.change('eth', { down: true });
    const down = () => one.status?.paths.find(({ id }) => id === 'eth')?.state !== 'up';
    await one.until('Ethernet to be found out', down);
    await wait(2000);
    await one.until('the program over the other', () => one.status?.program.state === 'on-air');
    await one.emulator.change('eth', { down: false });
    await one.until('Ethernet to be back', () => !down());
    await wait(1500);
    const seen = await one.viewers[0]?.report([]);
    expect(seen?.pictures).toBeGreaterThan(100);
    expect(seen?.picturesLost).toBeLessThan(lostMax);
    expect(seen?.picturesRepeated).toBe(0);
  });
});

describe('behind a tunnel', () => {
  /** `redundant` is cut where `bonded` is. */
  const cut = (srtLibrary().bonding ? modes : single).filter((mode) => mode !== 'redundant');
  it.each(cut)('%s sends no packet that is larger than the path’s MTU', async (mode) => {
    const one = await start({ mode, networks: 'emulated' });
    const paths = one.box.paths?.map((path) => (path.id === 'lte' ? { ...path, mtuBytes: 1280 } : path));
    await one.reconfigure({ paths });
    await one.until('the new settings', () => one.events.some(({ what, reason }) => what === 'destination.settings' && reason === 'config-changed'));
    await one.until('both paths', () => one.status?.paths.every(({ state }) => state === 'up') ?? false);
    // What the way before still holds is delivered, in larger packets, for its latency and a second.
    await wait(2500);
    // The other one is as narrow without saying so: packets of one size go over both.
    for (const id of ['eth', 'lte']) await one.emulator.change(id, { mtuBytes: 1280 });
    await one.viewers[0]?.startMeasuring();
    await wait(4000);
    const seen = await one.viewers[0]?.report([]);
    const links = await one.emulator.status();
    expect(links.map(({ id, up }) => [id, up.dropped.size])).toEqual([
      ['eth', 0],
      ['lte', 0],
    ]);
    expect(seen?.pictures).toBeGreaterThan(60);
    expect(seen?.picturesLost).toBeLessThan(lostMax);
  });
});

describe('a rehearsal', () => {
  it.for(['standby', 'dual'] as const)(
    'in mode %s pulls Ethernet, and waits until it is gone back to, each time as long',
    { timeout: 240_000 },
    async (mode, context) => {
      const one = await start({ mode, networks: 'emulated', box: { failover: { holdDownMs: 3000 } } });
      await one.until('both paths', () => one.status?.paths.every(({ state }) => state === 'up') ?? false);
      await one.viewers[0]?.startMeasuring();
      // Two of the same: the second return has to come as soon as the first.
      const fault = { kind: 'pull-path', path: 'eth', forMs: 2000 } as const;
      const ends = () => one.events.filter(({ what, from }) => what === 'rehearsal.state' && from === 'running');
      const kbpsOf = (path: string) => one.status?.paths.find(({ id }) => id === path)?.sentKbps ?? 0;
      // In standby mode the one that was there first carries until Ethernet has been steady.
      const wentTo = () => one.events.findLast(({ what }) => what === 'destination.path')?.to ?? 'eth';
      const carries = () => kbpsOf('eth') > 100 && (mode === 'dual' || (kbpsOf('lte') < 100 && wentTo() === 'eth'));
      // On a busy machine Ethernet may fall silent by itself: that ends a rehearsal, or leaves it nothing to break.
      let troubled = 'it was not run';
      for (let tries = 1; tries <= 3 && troubled !== ''; tries++) {
        // Rates are of the last second: what left Ethernet meanwhile counts as well.
        const before = one.events.length;
        await one.until('Ethernet carries', carries, 30_000);
        const rehearses = async () => (await one.command({ name: 'rehearse', faults: [fault, fault] })).ok;
        await one.until('a rehearsal', rehearses);
        await one.until('its end', () => ends().length === tries, 60_000);
        console.log(ends().at(-1)?.text);
        const left = one.events.slice(before).find(({ what, from, reason }) => what === 'destination.path' && from === 'eth' && reason !== 'rehearsed');
        troubled = left?.text ?? (ends().at(-1)?.reason === 'requested' ? '' : `${ends().at(-1)?.text}`);
      }
      if (troubled !== '') context.skip(`needs hardware: a machine with time for an encoder: ${troubled}`);
      const rehearsal = ends().at(-1)?.measured.rehearsal;
      const steps = one.events.filter(({ what, from, measured }) => what === 'rehearsal.fault' && from === 'broken' && measured.rehearsal === rehearsal);
      await wait(1500);
      const seen = await one.viewers[0]?.report([]);
      console.log([...steps.map(({ text }) => text), `the viewer lost ${seen?.picturesLost}`].join('\n'));
      expect(steps.length).toBe(2);
      for (const { measured } of steps) {
        expect(measured).toMatchObject({ chosen: 'lte', continuityErrors: 0 });
        expect(measured.backMs).toBeLessThan(6000);
      }
    },
  );
});

describe('the mode', () => {
  it.each(grouped)('%s says without libsrt with bonding how to come by it, and another one can be taken while it runs', async (mode) => {
    world = new ModesWorld({ mode, networks: 'plain', latencyMs: 1000, clip: small, env: { TANDEM_LIBSRT: stockLibrary() } });
    const one = world;
    await one.start(() => one.status?.destinations[0]?.state === 'waiting');
    expect(one.status?.destinations[0]).toMatchObject({ reason: 'unsupported', text: expect.stringMatching(/run \.\/tandem srt-bonding once/) });
    expect(one.events).toContainEqual(expect.objectContaining({ what: 'destination.state', reason: 'unsupported', severity: 'warning' }));
    await one.command({ name: 'set-mode', destination: 'gateway1', mode: 'standby' });
    await one.until('the program', async () => ((await one.viewers[0]?.snapshot())?.pictures ?? 0) > 25);
    expect(one.status?.destinations[0]).toMatchObject({ mode: 'standby', state: 'connected' });
  });

  it('changes while the program runs, through all that there are', async () => {
    const one = await start({ mode: 'bonded', networks: 'emulated' });
    await one.viewers[0]?.startMeasuring();
    await changeModes(one, 'bonded', 1500);
    await wait(2500);
    const seen = await one.viewers[0]?.report([]);
    expect(seen?.picturesLost).toBeLessThan(lostMax);
    expect(seen?.picturesRepeated).toBe(0);
    const changes = one.events.filter(({ what }) => what === 'destination.mode').map(({ to }) => to);
    expect(changes.slice(-1)).toEqual(['bonded']);
    expect(changes.length).toBeGreaterThanOrEqual(srtLibrary().bonding ? 6 : 4);
    expect(one.events.filter(({ what, to }) => what === 'program.state' && to === 'off-air')).toEqual([]);
  });

  it('stays as it is when the other one does not come about, and the refusal of an unknown destination names those that there are', async () => {
    const one = await start({ mode: 'standby', networks: 'plain' });
    expect(await one.command({ name: 'set-mode', destination: 'nowhere', mode: 'bonded' })).toMatchObject({
      ok: false,
      reason: 'invalid',
      text: expect.stringMatching(/gateway1/),
    });
    one.gateways[0]?.kill('SIGSTOP');
    await one.command({ name: 'set-mode', destination: 'gateway1', mode: 'bonded' });
    await one.until('the event', () => one.events.some(({ what, severity }) => what === 'destination.mode' && severity === 'warning'));
    one.gateways[0]?.kill('SIGCONT');
    expect(one.status?.destinations[0]?.mode).toBe('standby');
  });
});

describe('paths and the settings of the destination', () => {
  it.each(['bonded', 'standby'] as const)('(%s) change while the program runs, by the same daemon', async (mode) => {
    const one = await start({ mode, networks: 'emulated' });
    const pid = one.status?.pid;
    await one.viewers[0]?.startMeasuring();
    await changeSettings(one, 1000);
    await wait(2500);
    const seen = await one.viewers[0]?.report([]);
    expect(seen?.pictures).toBeGreaterThan(200);
    expect(seen?.picturesLost).toBeLessThan(lostMax);
    expect(seen?.picturesRepeated).toBe(0);
    expect(one.status?.pid).toBe(pid);
    expect(one.events.filter(({ what, to }) => what === 'program.state' && to === 'off-air')).toEqual([]);
  });

  it('that lead nowhere leave the program as it is, say why, and are tried until they are taken back', async () => {
    const one = await start({ mode: 'bonded', networks: 'emulated' });
    const { paths = [] } = one.box;
    await one.viewers[0]?.startMeasuring();
    expect(await one.reconfigure({ paths: paths.map((path) => ({ ...path, via: { host: '127.0.0.1', port: 9 } })) })).toMatchObject({ ok: true });
    await one.until('it to be told', () => one.events.some(({ what, severity }) => what === 'destination.settings' && severity === 'warning'));
    await one.until('it to be shown', () => /with its new settings: /.test(one.status?.destinations[0]?.text ?? ''));
    expect(one.status?.destinations[0]).toMatchObject({ state: 'connected', changing: true });
    await one.reconfigure({ paths });
    await one.until('the old ones to be all', () => one.status?.destinations[0]?.changing !== true);
    await wait(2500);
    expect(one.events.filter(({ what }) => what === 'destination.settings').at(-1)).toMatchObject({ severity: 'info', reason: 'config-changed' });
    const seen = await one.viewers[0]?.report([]);
    expect(seen?.pictures).toBeGreaterThan(200);
    expect(seen?.picturesLost).toBeLessThan(lostMax);
  });

  it('count when the way before breaks, standing or not', async () => {
    const one = await start({ mode: 'bonded', networks: 'emulated' });
    const { destinations = [] } = one.box;
    await one.reconfigure({ destinations: [{ ...destinations[0], port: 9 } as (typeof destinations)[number]], paths: [{ id: 'loop' }] });
    one.gateways[0]?.kill('SIGKILL');
    await one.until('the new way', () => one.status?.destinations[0]?.address === '127.0.0.1:9');
    expect(one.status?.destinations[0]?.changing).toBeUndefined();
  });
});

describe('a gateway that is killed', () => {
  it.each([
    ['bonded', 'cold'],
    ['bonded', 'connected'],
    ['standby', 'cold'],
  ] as const)(
    '(%s, the other one %s) hands the program to the next one, with the reason; and gets it back when it has been well for long enough',
    async (mode, spare) => {
      const one = await start({ mode, networks: 'emulated', gateways: 2, box: { failover: { holdDownMs: 2000, spare } } });
      const active = () => one.status?.destinations.find(({ active }) => active)?.id;
      const isReady = () => active() === 'gateway1' && one.status?.destinations[1]?.state === (spare === 'cold' ? 'off' : 'connected');
      await one.until('the second to be ready', isReady);
      // Where the first was slow to come, the second may have had it already.
      const before = one.events.length;
      one.gateways[0]?.kill('SIGKILL');
      await one.until('the second to have it', () => active() === 'gateway2');
      const switches = () => one.events.slice(before).filter(({ what }) => what === 'destination.switch');
      await one.until('the event', () => switches().length > 0);
      const [event] = switches();
      expect(event).toMatchObject({ from: 'gateway1', to: 'gateway2', severity: 'warning' });
      expect(['destination-silent', 'session-broken', 'session-closed', 'no-path']).toContain(event?.reason);
      await one.until('pictures at the second', async () => ((await one.viewers[1]?.snapshot())?.pictures ?? 0) > 25);
      one.restartGateway(0);
      await one.until('the first to have it again', () => active() === 'gateway1');
      await one.until('the event', () => switches().length > 1);
      expect(switches().at(-1)).toMatchObject({ to: 'gateway1', reason: 'preferred', severity: 'clear' });
    },
  );

  it('is no loss where all destinations get the program, each over its own paths', async () => {
    const one = await start({ mode: 'bonded', networks: 'emulated', gateways: 2, box: { failover: { mode: 'all' } } });
    await one.until('pictures at both', async () => ((await one.viewers[1]?.snapshot())?.pictures ?? 0) > 25);
    await one.until('both to have it', () => one.status?.destinations.every(({ active }) => active) ?? false);
    expect(one.status?.paths.map(({ id, destination }) => `${id} ${destination}`)).toEqual([
      'eth1 gateway1',
      'lte1 gateway1',
      'eth2 gateway2',
      'lte2 gateway2',
    ]);
    await one.viewers[1]?.startMeasuring();
    one.gateways[0]?.kill('SIGKILL');
    await wait(4000);
    expect((await one.viewers[1]?.report([]))?.picturesLost).toBeLessThan(lostMax);
    await one.until('it to be told as on air', () => one.status?.program.state === 'on-air');
  });
});
