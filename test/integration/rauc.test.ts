/** The command `update` with the real RAUC and Mosquitto: what a box does when somebody asks for an update over MQTT. */
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { JournaledEvent } from '../../src/model/box.ts';
import { type BoxStatus, type Reply, type StatePayload, stateSchemas } from '../../src/model/mqtt.ts';
import { type ControlWorld, until } from './control-world.ts';
import { mosquittoMissing, openBroker, openControlWorld, openWatcher, type Watcher } from './mqtt-world.ts';
import { RaucWorld, raucMissing } from './rauc-world.ts';

vi.setConfig({ testTimeout: 150_000 });

const root = 'tandem/v1/box7/';
const missing = mosquittoMissing ?? raucMissing();
const cleanups: (() => Promise<void>)[] = [];
const { PATH } = process.env;
let rauc: RaucWorld;
let world: ControlWorld;
let watching: Watcher;

beforeAll(async () => {
  if (missing !== null) return;
  rauc = new RaucWorld();
  await rauc.start();
  rauc.bundle('good', { version: '0.2.0' });
  rauc.bundle('next', { version: '0.3.0' });
  rauc.bundle('stranger', { version: '0.2.0', signer: 'stranger' });
  rauc.bundle('orin', { version: '0.2.0', compatible: 'tandem-jetson-orin-nano-devkit' });
});
afterAll(() => rauc?.stop());

beforeEach(async (context) => {
  if (mosquittoMissing !== null) context.skip(mosquittoMissing);
  world = await openControlWorld(cleanups);
});
afterEach(async () => {
  Object.assign(process.env, { PATH });
  for (const name of ['DBUS_SYSTEM_BUS_ADDRESS', 'TANDEM_REFUSED_FILE']) delete process.env[name];
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(): Promise<void> {
  const mosquitto = await openBroker(cleanups);
  watching = await openWatcher(cleanups, mosquitto, [`${root}#`]);
  world.start({ mqtt: { url: mosquitto.url } });
  await until('the birth', () => watching.last<BoxStatus>(`${root}status`)?.online === true);
  await until('the state', () => update() !== undefined);
}

const update = () => watching.last<StatePayload<'update'>>(`${root}state/update`)?.update;
const events = () => watching.on(`${root}event`).map(({ payload }) => payload as JournaledEvent);
/** Asks for an update. @returns the reply. */
async function ask(name: string): Promise<Reply> {
  const replies = () => watching.on(`${root}reply`);
  const before = replies().length;
  watching.client.publish(`${root}cmd/update`, JSON.stringify({ by: 'anna', url: rauc?.address(name) ?? 'https://updates.example.net/good.raucb' }), {
    qos: 1,
  });
  await until('the reply', () => replies().length > before);
  return replies().at(-1)?.payload as Reply;
}

test('a machine without RAUC says that it has no second slot, retained', async () => {
  process.env.PATH = '/nowhere';
  await start();
  expect(update()).toMatchObject({ supported: false, state: 'idle', slots: [], reason: 'unsupported' });
  expect(await ask('good')).toMatchObject({ ok: false, reason: 'unsupported' });
});

describe('with RAUC', () => {
  beforeEach((context) => {
    if (missing !== null) context.skip(missing);
    // Control's RAUC is not root: it asks as the box's control daemon may.
    Object.assign(process.env, { PATH: `${rauc.bin}:${PATH}`, DBUS_SYSTEM_BUS_ADDRESS: rauc.busAddress, TANDEM_REFUSED_FILE: rauc.refusedFile });
  });

  test('a RAUC that does not answer is told with its words, and there is nothing to update', async () => {
    await start();
    await until('the words', () => update()?.text.includes('rauc:') === true);
    expect(update()).toMatchObject({ supported: false, state: 'idle', reason: 'unsupported', booted: null, slots: [] });
    expect(update()?.text).toContain('de.pengutronix.rauc was not provided');
    expect(await ask('good')).toMatchObject({ ok: false, reason: 'unsupported', text: expect.stringContaining('de.pengutronix.rauc') });
  });

  test.each([
    ['that somebody else signed', 'stranger', /signature verification failed/i],
    ['for another machine', 'orin', /compatible mismatch/i],
    ['that the server does not have', 'nothing', /HTTP returned >=400/],
  ])('a bundle %s is refused with RAUC’s own words, and nothing is written', async (_, name, words) => {
    await rauc.boot('A');
    const before = readFileSync(rauc.slot('slot-b'));
    await start();
    expect(await ask(name)).toMatchObject({ ok: true });
    await until('the failure', () => update()?.state === 'failed');
    expect(update()).toMatchObject({
      supported: true,
      reason: 'rejected',
      slots: expect.arrayContaining([expect.objectContaining({ bootName: 'A', next: true })]),
    });
    expect(update()?.text).toMatch(words);
    await until('the event', () => events().some(({ what, to, text }) => what === 'box.update' && to === 'failed' && words.test(text)));
    expect(readFileSync(rauc.slot('slot-b')).equals(before)).toBe(true);
  });

  test('an update that would never be started is refused before anything is written, with the reason', async () => {
    await rauc.boot('A', { data: false });
    await start();
    expect(await ask('good')).toMatchObject({ ok: true });
    await until('the failure', () => update()?.state === 'failed');
    expect(update()?.text).toBe(`the update was not installed: tandem slots: ${rauc.inside('gone')} cannot be written to`);
  });

  test('a good bundle is in the other slot, which is used at the next start, and after that start runs', async () => {
    await rauc.boot('A');
    await start();
    const slots = () => Object.fromEntries((update()?.slots ?? []).map((slot) => [slot.bootName, slot]));
    await until('two slots', () => update()?.slots.length === 2);
    expect(update()).toMatchObject({ supported: true, state: 'idle', booted: 'A' });
    expect(watching.last<BoxStatus>(`${root}status`)?.slot).toBe('A');
    expect(slots()).toMatchObject({
      A: { name: 'rootfs.0', device: rauc.slot('slot-a'), booted: true, next: true, bootStatus: 'good', version: null },
      B: { name: 'rootfs.1', device: rauc.slot('slot-b'), booted: false, next: false, bootStatus: 'good', version: null, installedAt: null },
    });

    const release = rauc.hold();
    expect(await ask('good')).toMatchObject({ ok: true });
    await until('progress', () => / %: Checking bundle$/.test(update()?.text ?? ''));
    expect(update()).toMatchObject({ state: 'installing', progressPct: expect.any(Number) });
    expect(await ask('next')).toMatchObject({ ok: false, reason: 'busy' });
    release();
    await until('the end', () => update()?.state === 'installed');
    expect(update()).toMatchObject({ text: 'slot B is used at the next start (0.2.0)', progressPct: null, booted: 'A' });
    expect(slots()).toMatchObject({ A: { booted: true, next: false }, B: { next: true, version: '0.2.0', installedAt: expect.stringMatching(/^20\d\d-/) } });
    await until('the event', () => events().some(({ what, to }) => what === 'box.update' && to === 'installed'));
    expect(rauc.holds('slot-b', 'good')).toBe(true);
    expect(rauc.holds('slot-a', 'good')).toBe(false);
    expect(readFileSync(rauc.inside('data/trial'), 'utf8')).toBe('B\n');
    const told = watching.on(`${root}state/update`);
    for (const { payload } of told) expect(stateSchemas.update.safeParse(payload).error).toBeUndefined();

    await world.kill();
    await rauc.boot('B');
    const before = watching.on(`${root}state/update`).length;
    world.restart();
    await until('the state after the start', () => watching.on(`${root}state/update`).length > before && update()?.booted === 'B');
    expect(update()).toMatchObject({ state: 'idle', reason: 'not-needed' });
    expect(slots()).toMatchObject({ A: { booted: false, next: false }, B: { booted: true, next: true, bootStatus: 'good', version: '0.2.0' } });
    expect(watching.last<BoxStatus>(`${root}status`)).toMatchObject({ online: true, slot: 'B' });
  });

  test('an update goes on without control, which says so when it is back, and takes no other meanwhile', async () => {
    await rauc.boot('A');
    await start();
    const release = rauc.hold();
    expect(await ask('next')).toMatchObject({ ok: true });
    await until('progress', () => / %: Checking bundle$/.test(update()?.text ?? ''));
    await world.kill('SIGKILL');
    const before = watching.on(`${root}state/update`).length;
    world.restart();
    await until('the state', () => watching.on(`${root}state/update`).length > before && update()?.text.includes('earlier') === true);
    expect(update()).toMatchObject({ state: 'installing', progressPct: null });
    expect(await ask('good')).toMatchObject({ ok: false, reason: 'busy' });
    release();
    await until('the end', () => update()?.state === 'installed');
    expect(update()?.text).toBe('slot B is used at the next start (0.3.0)');
    expect(rauc.holds('slot-b', 'next')).toBe(true);
  });

  test('control’s user may read the slots and install, but not mark them; another user may nothing; root may mark', async () => {
    await rauc.boot('A');
    const denied = /Rejected send message/;
    expect(rauc.rauc(rauc.user, 'status').status).toBe(0);
    for (const mark of ['mark-good', 'mark-bad', 'mark-active']) expect(rauc.rauc(rauc.user, 'status', mark, 'other').stderr).toMatch(denied);
    expect(rauc.rauc('daemon', 'status').stderr).toMatch(denied);
    expect(rauc.rauc('daemon', 'install', rauc.address('good')).stderr).toMatch(denied);
    expect(rauc.rauc('root', 'status', 'mark-bad', 'other').status).toBe(0);
    expect(rauc.rauc(rauc.user, 'status', '--output-format=json').stdout).toMatch(/"bootname":"B"[^}]*"boot_status":"bad"/);
    expect(existsSync(rauc.inside('data/slots'))).toBe(true);
  });
});
