/** `state/update` with a stand-in for RAUC, and pictures on `preview`, over a real Mosquitto. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { BoxSnapshot, JournaledEvent } from '../../src/model/box.ts';
import { type BoxStatus, type Reply, type StatePayload, stateSchemas } from '../../src/model/mqtt.ts';
import { ControlWorld, until } from './control-world.ts';
import { mosquittoMissing, openBroker, openWatcher, type Watcher } from './mqtt-world.ts';

vi.setConfig({ testTimeout: 150_000 });

const root = 'tandem/v1/box7/';
const cleanups: (() => Promise<void>)[] = [];
let world: ControlWorld;
const path = process.env.PATH;
beforeEach(async (context) => {
  if (mosquittoMissing !== null) context.skip(mosquittoMissing);
  world = new ControlWorld();
  cleanups.push(() => world.stop());
  await world.media.start();
});
afterEach(async () => {
  process.env.PATH = path;
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(mqtt: Record<string, unknown> = {}): Promise<Watcher> {
  const mosquitto = await openBroker(cleanups);
  const watching = await openWatcher(cleanups, mosquitto, [`${root}#`]);
  world.start({ mqtt: { url: mosquitto.url, ...mqtt } });
  await until('the birth', () => watching.last<BoxStatus>(`${root}status`)?.online === true);
  return watching;
}

const command = (watching: Watcher, name: string, args: Record<string, unknown>) =>
  watching.client.publish(`${root}cmd/${name}`, JSON.stringify({ by: 'anna', ...args }), { qos: 1 });
const reply = async (watching: Watcher, name: string): Promise<Reply> => {
  const found = () => watching.on(`${root}reply`).find(({ payload }) => (payload as Reply).command === name)?.payload as Reply | undefined;
  await until(`the reply to ${name}`, () => found() !== undefined);
  return found() as Reply;
};
const update = (watching: Watcher) => watching.last<StatePayload<'update'>>(`${root}state/update`)?.update;
const events = (watching: Watcher) => watching.on(`${root}event`).map(({ payload }) => payload as JournaledEvent);

/** A `rauc` that has two slots, and installs into the second what ends in `good.raucb`: up to 40 %, and to its end once it is let. */
function standIn(): void {
  mkdirSync(world.inside('bin'));
  const slot = (name: string, boot: string, state: string, version: string) => ({
    [name]: { device: `/dev/${name}`, bootname: boot, state, boot_status: 'good', slot_status: { bundle: { version } } },
  });
  const status = (primary: string, version: string) =>
    JSON.stringify({ boot_primary: primary, slots: [slot('rootfs.0', 'A', 'booted', '0.1.0'), slot('rootfs.1', 'B', 'inactive', version)] });
  writeFileSync(world.inside('before.json'), status('rootfs.0', '0.0.9'));
  writeFileSync(world.inside('after.json'), status('rootfs.1', '0.2.0'));
  const lines = [
    '#!/bin/sh',
    `[ "$1" = status ] && { [ -e ${world.inside('done')} ] && cat ${world.inside('after.json')} || cat ${world.inside('before.json')}; exit 0; }`,
    `echo installing; echo "  0% Installing"; sleep 1; echo " 40% Copying image to rootfs.1"; until [ -e ${world.inside('go-on')} ]; do sleep 0.1; done`,
    `case "$2" in *good.raucb) touch ${world.inside('done')}; echo "100% Installing done.";; *) echo "LastError: signature verification failed" >&2; exit 1;; esac`,
  ];
  writeFileSync(world.inside('bin/rauc'), `${lines.join('\n')}\n`, { mode: 0o755 });
  process.env.PATH = `${world.inside('bin')}:${path}`;
}
const goOn = () => writeFileSync(world.inside('go-on'), '');

test('a machine without a second slot says so, retained', async () => {
  process.env.PATH = '/nowhere';
  const watching = await start();
  await until('the state', () => update(watching) !== undefined);
  expect(update(watching)).toMatchObject({ supported: false, state: 'idle', slots: [], reason: 'unsupported' });
  command(watching, 'update', { url: 'https://updates.example.net/good.raucb' });
  expect(await reply(watching, 'update')).toMatchObject({ ok: false, reason: 'unsupported' });
});

test('slots, progress and the end of an update are told, and that it waits for the next start', async () => {
  standIn();
  const watching = await start();
  await until('two slots', () => update(watching)?.slots.length === 2);
  expect(update(watching)).toMatchObject({
    supported: true,
    state: 'idle',
    version: '0.1.0',
    slots: [{ bootName: 'A', booted: true, next: true }, { version: '0.0.9' }],
  });
  command(watching, 'update', { url: 'https://updates.example.net/good.raucb' });
  expect(await reply(watching, 'update')).toMatchObject({ ok: true });
  await until('the progress', () => update(watching)?.progressPct === 40);
  expect(update(watching)).toMatchObject({ state: 'installing', text: '40 %: Copying image to rootfs.1' });
  goOn();
  await until('the end', () => update(watching)?.state === 'installed');
  expect(update(watching)).toMatchObject({
    text: 'slot B is used at the next start (0.2.0)',
    progressPct: null,
    slots: [{ next: false }, { next: true, version: '0.2.0' }],
  });
  for (const { payload, packet } of watching.on(`${root}state/update`)) {
    expect(stateSchemas.update.safeParse(payload).error).toBeUndefined();
    expect(packet.qos).toBe(1);
  }
  await until('the event', () => events(watching).some(({ what, to }) => what === 'box.update' && to === 'installed'));
  expect(events(watching).find(({ what, subject }) => what === 'command' && subject.id === 'update')?.text).toMatch(/^mqtt:anna asked for update/);
});

test('a bundle that is refused is told with RAUC’s words, and a second update at once is refused', async () => {
  standIn();
  const watching = await start();
  await until('two slots', () => update(watching)?.slots.length === 2);
  command(watching, 'update', { url: 'https://updates.example.net/bad.raucb' });
  await reply(watching, 'update');
  command(watching, 'update', { url: 'https://updates.example.net/good.raucb', correlation: 'second' });
  await until('the refusal', () => watching.on(`${root}reply`).some(({ payload }) => (payload as Reply).reason === 'busy'));
  goOn();
  await until('the failure', () => update(watching)?.state === 'failed');
  expect(update(watching)?.text).toContain('signature verification failed');
});

test('pictures come only while they are asked for, as JPEG, and the end says how many', async () => {
  const watching = await start();
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(watching.on(`${root}preview`)).toEqual([]);
  command(watching, 'preview', { forSeconds: 5, everySeconds: 1 });
  expect(await reply(watching, 'preview')).toMatchObject({ ok: true, text: `a picture each 1 s for 5 s on ${root}preview` });
  await until('the end', () => events(watching).some(({ what }) => what === 'mqtt.preview'));
  const pictures = watching.on(`${root}preview`);
  expect(pictures.length).toBeGreaterThanOrEqual(2);
  expect(pictures.length).toBeLessThanOrEqual(6);
  for (const { payload, packet } of pictures) {
    expect((payload as string).slice(0, 2)).toBe('\xff\xd8');
    expect(packet).toMatchObject({ qos: 0, retain: false, properties: { contentType: 'image/jpeg', userProperties: { input: 'cam1' } } });
  }
  expect(events(watching).find(({ what }) => what === 'mqtt.preview')).toMatchObject({ reason: 'expired', measured: { sent: pictures.length, leftOut: 0 } });
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(watching.on(`${root}preview`)).toHaveLength(pictures.length);
});

test('a network that is thin gets no picture, and the end says so', async () => {
  const watching = await start();
  const srt = world.media.status.destinations[0]?.srt;
  Object.assign(srt ?? {}, { sendBufferMs: 900 });
  world.media.publish();
  await until('control to know', async () => (await world.get<BoxSnapshot>('/api/status')).status?.destinations[0]?.srt?.sendBufferMs === 900);
  command(watching, 'preview', { forSeconds: 2, everySeconds: 1 });
  await until('the end', () => events(watching).some(({ what }) => what === 'mqtt.preview'));
  expect(watching.on(`${root}preview`)).toEqual([]);
  expect(events(watching).find(({ what }) => what === 'mqtt.preview')?.text).toMatch(/0 pictures sent, \d left out: the network had no room/);
});

test('a preview is ended before its time by asking for none', async () => {
  const watching = await start();
  command(watching, 'preview', { forSeconds: 600, everySeconds: 1 });
  expect(await reply(watching, 'preview')).toMatchObject({ ok: true });
  await until('a picture', () => watching.on(`${root}preview`).length > 0);
  command(watching, 'preview', { forSeconds: 0 });
  await until('the end', () => events(watching).some(({ what, reason }) => what === 'mqtt.preview' && reason === 'requested'));
});
