import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ConfigInput } from '../../src/config/schema.ts';
import type { SettingsFile } from '../../src/config/settings-file.ts';
import type { BoxSnapshot, JournaledEvent } from '../../src/model/box.ts';
import type { Reply } from '../../src/model/mqtt.ts';
import type { Desired, Reported } from '../../src/model/settings.ts';
import { reportedSchema } from '../../src/model/settings.ts';
import { ControlWorld, until } from './control-world.ts';
import { type Mosquitto, mosquittoMissing, openBroker, openWatcher, type Watcher } from './mqtt-world.ts';

vi.setConfig({ testTimeout: 180_000 });

const root = 'tandem/v1/box7/';
const rest: Partial<ConfigInput> = {
  paths: [{ id: 'eth', interface: 'eth0' }],
  destinations: [{ id: 'cloud', host: 'gateway.example.net', port: 5000, passphrase: 'top secret passphrase' }],
};
let world: ControlWorld;
let mosquitto: Mosquitto;
let watching: Watcher;
const cleanups: (() => Promise<void>)[] = [];
beforeEach(async (context) => {
  if (mosquittoMissing !== null) context.skip(mosquittoMissing);
  world = new ControlWorld();
  cleanups.push(() => world.stop());
  mosquitto = await openBroker(cleanups);
  await world.media.start();
  watching = await openWatcher(cleanups, mosquitto, [`${root}config/reported`, `${root}event`, `${root}reply`]);
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const reported = () => watching.last<Reported>(`${root}config/reported`);
const events = () => watching.on(`${root}event`).map(({ payload }) => payload as JournaledEvent);
const settled = (rev: number, state: Reported['state']) => until(`${rev} is ${state}`, () => reported()?.rev === rev && reported()?.state === state, 60_000);
const want = (desired: Desired) => watching.client.publishAsync(`${root}config/desired`, JSON.stringify(desired), { qos: 1, retain: true });
async function started(): Promise<void> {
  world.start({ mqtt: { url: mosquitto.url } }, { rest });
  await until('it is reported', () => reported() !== undefined);
  await until('media is there', async () => (await world.get<BoxSnapshot>('/api/status')).onAir);
}
const file = (): SettingsFile => JSON.parse(readFileSync(world.inside('settings/config.json'), 'utf8')) as SettingsFile;

test('a wanted configuration is checked, put in force, confirmed, and reported without secrets; it survives a restart', async () => {
  await started();
  expect(reported()).toMatchObject({ rev: 0, state: 'applied', inForce: 0 });
  await want({ rev: 3, patch: { program: { videoKbps: 2500 } }, by: 'anna' });
  await settled(3, 'applied');
  expect(reportedSchema.parse(reported())).toMatchObject({ inForce: 3, errors: [], needs: [], doc: { program: { videoKbps: 2500 } } });
  expect(JSON.stringify(reported())).not.toContain('top secret');
  expect(world.media.status.configRev).toBe(3);
  await until('who asked is told', () => events().some(({ what, text }) => what === 'config.state' && text.startsWith('mqtt:anna set program.videoKbps')));
  // The mask that was reported, sent back, means the secret of now.
  await want({ rev: 4, doc: { ...(reported()?.doc as Record<string, unknown>), program: { videoKbps: 2600 } } });
  await settled(4, 'applied');
  expect(JSON.stringify(file().applied?.doc)).toContain('top secret passphrase');
  await world.kill('SIGKILL');
  watching.seen.length = 0;
  world.restart();
  await settled(4, 'applied');
  expect(reported()).toMatchObject({ inForce: 4, doc: { program: { videoKbps: 2600 } } });
});

test('every mistake is told by its path, and nothing of it is applied', async () => {
  await started();
  await want({ rev: 1, patch: { program: { videoKbps: 5, fpz: 30 }, control: { vitals: { cpuMaxPct: 50 } }, destinations: [{ id: 'x' }] } });
  await settled(1, 'rejected');
  expect(reported()?.errors.map(({ path }) => path)).toEqual(
    expect.arrayContaining(['program.videoKbps', 'program.fpz', 'destinations[0].host', 'destinations[0].port']),
  );
  expect(reported()).toMatchObject({ inForce: 0, doc: { program: { videoKbps: 4000 }, control: { vitals: { cpuMaxPct: 95 } } } });
  await want({ rev: 2, patch: { control: { stateDirectory: '/elsewhere' } } });
  await settled(2, 'rejected');
  expect(reported()?.errors).toMatchObject([{ path: 'control.stateDirectory' }]);
  await want({ rev: 3, doc: { version: 2 } });
  await settled(3, 'rejected');
  expect(reported()?.errors[0]?.text).toContain('update the box first');
  expect(world.media.status.configRev).toBeUndefined();
});

test('versions only move forward: an older one is refused, the same again is nothing new, the same number for something else is refused', async () => {
  await started();
  await want({ rev: 5, patch: { control: { vitals: { cpuMaxPct: 60 } } } });
  await settled(5, 'applied');
  const reply = () => watching.on(`${root}reply`).at(-1)?.payload as Reply | undefined;
  await want({ rev: 4, patch: { control: { vitals: { cpuMaxPct: 40 } } } });
  await until('refused', () => reply()?.reason === 'outdated');
  await want({ rev: 5, patch: { control: { vitals: { cpuMaxPct: 70 } } } });
  await until('refused as used', () => reply()?.text.includes('was used') === true);
  await want({ rev: 5, patch: { control: { vitals: { cpuMaxPct: 60 } } } });
  await until('known', () => reply()?.reason === 'not-needed');
  expect(reported()).toMatchObject({ rev: 5, state: 'applied', doc: { control: { vitals: { cpuMaxPct: 60 } } } });
});

test('a broker that is not there: the box comes back to the last good one within the time, and says why', async () => {
  await started();
  const sinceMs = performance.now();
  await want({ rev: 7, patch: { control: { mqtt: { url: 'mqtt://127.0.0.1:9' } } }, confirmSeconds: 6 });
  await settled(7, 'rolled-back');
  // Not before its time; how long the way back to the broker takes is the machine's affair.
  expect(performance.now() - sinceMs).toBeGreaterThan(5500);
  expect(performance.now() - sinceMs).toBeLessThan(45_000);
  expect(reported()).toMatchObject({ inForce: 0, reason: 'not-confirmed', doc: { control: { mqtt: { url: mosquitto.url } } } });
  await until('the event', () =>
    events().some(({ what, to, text }) => what === 'config.state' && to === 'rolled-back' && /broker was not reached.*is it running/.test(text)),
  );
  expect(file()).toMatchObject({ trial: null, applied: null, last: { state: 'rolled-back' } });
});

test('a gateway that is not reached: the same; and what the media daemon refuses comes back at once', async () => {
  await started();
  const [destination] = world.media.status.destinations;
  const reload = world.media.reload;
  world.media.reload = () => {
    const reply = reload();
    if (destination) destination.state = world.media.status.configRev === 0 ? 'connected' : 'waiting';
    if (destination && destination.state === 'waiting') destination.text = 'other.example.net:5000 does not answer';
    return reply;
  };
  await want({ rev: 1, patch: { destinations: [{ id: 'cloud', host: 'other.example.net', port: 5000 }] }, confirmSeconds: 5 });
  await settled(1, 'pending');
  expect(reported()?.needs).toContain('gateway');
  await settled(1, 'rolled-back');
  expect(reported()?.text).toContain('other.example.net:5000 does not answer');
  await until('media has gone back too', () => world.media.status.configRev === 0);
  world.media.reload = () => ({ ok: false, reason: 'invalid', text: 'inputs[0].keyFile: cannot be read' });
  await want({ rev: 2, patch: { program: { fps: 25 } }, confirmSeconds: 600 });
  await settled(2, 'rolled-back');
  expect(reported()?.text).toContain('keyFile');
});

test('killed in the middle of a trial, control takes it up again; after its time it goes back', async () => {
  await started();
  await want({ rev: 1, patch: { control: { mqtt: { url: 'mqtt://127.0.0.1:9' } } }, confirmSeconds: 20 });
  await until('the trial', () => existsSync(world.inside('settings/config.json')) && file().trial?.rev === 1);
  await new Promise((resolve) => setTimeout(resolve, 500));
  await world.kill('SIGKILL');
  world.restart();
  await until('it goes on with it', async () => (await world.get<Reported>('/api/settings')).inForce === 1);
  await settled(1, 'rolled-back');
  // Another boot ends a trial before its time.
  await world.kill('SIGKILL');
  const { applied, last } = file();
  const trial = { rev: 9, doc: { version: 1 }, needs: ['broker'], confirmSeconds: 600, bootId: 'another boot', deadlineMonoMs: Number.MAX_SAFE_INTEGER };
  writeFileSync(world.inside('settings/config.json'), JSON.stringify({ format: 1, applied, trial, last: { ...last, rev: 9, state: 'pending' } }));
  world.restart();
  await settled(9, 'rolled-back');
  expect(reported()?.text).toContain('started anew');
});

test('a page that is moved has to be opened where it is now', async () => {
  await started();
  const body = JSON.stringify({ patch: { control: { web: { host: 'localhost' } } }, confirmSeconds: 30 });
  const headers = { ...(await world.token()), 'Content-Type': 'application/json' };
  const reply = (await (await fetch(`${await world.url()}api/settings`, { method: 'POST', headers, body })).json()) as Reply;
  expect(reply).toMatchObject({ ok: true, reason: 'connecting' });
  await settled(1, 'pending');
  expect(reported()?.needs).toEqual(['page']);
  // The page is still where it was for a moment: somebody who looks once may see that one.
  await until('it is opened where it is now', async () => {
    await world.get<Reported>('/api/settings').catch(() => null);
    return reported()?.rev === 1 && reported()?.state === 'applied';
  });
});

test('settings of another release are passed over with a reason, and a damaged file costs only itself', async () => {
  mkdirSync(world.inside('settings'));
  const foreign = { format: 1, applied: { rev: 12, doc: { version: 7, box: { name: 'other' } } }, trial: null, last: null };
  writeFileSync(world.inside('settings/config.json'), JSON.stringify(foreign));
  await started();
  await until('said', () => events().some(({ what, text }) => what === 'config.state' && text.includes('settings 12 are not of this release')));
  expect(file()).toEqual(foreign);
  await world.kill('SIGKILL');
  writeFileSync(world.inside('settings/config.json'), '{"format":1,"app');
  world.restart();
  await until('said too', () => events().some(({ text }) => text.includes('EBADMSG')));
});

test('back in the older slot, the box runs on the settings of before the update, and keeps those of the newer release', async () => {
  mkdirSync(world.inside('settings'));
  const newer = { format: 1, applied: { rev: 12, doc: { version: 7, box: { name: 'other' } } }, trial: null, last: null };
  const doc = { ...(JSON.parse(JSON.stringify({ version: 1, box: { name: 'box7' }, media: { socket: world.inside('media.sock') }, ...rest })) as object) };
  const control = { stateDirectory: world.inside('state'), web: { host: '127.0.0.1', port: 0 }, mqtt: { url: mosquitto.url } };
  const kept = { format: 1, applied: { rev: 11, doc: { ...doc, control, program: { videoKbps: 2500 } } }, trial: null, last: null };
  writeFileSync(world.inside('settings/config.json'), JSON.stringify(newer));
  writeFileSync(world.inside('settings/config.json.v1'), JSON.stringify(kept));
  await started();
  expect(reported()).toMatchObject({ inForce: 11, doc: { program: { videoKbps: 2500 } } });
  await until('said', () => events().some(({ text }) => /settings 12: this configuration is of version 7, .* settings 11 of before are in force/.test(text)));
  await until('the newer ones are kept', () => existsSync(world.inside('settings/config.json.v7')));
  await want({ rev: 20, patch: { program: { videoKbps: 2600 } } });
  await settled(20, 'applied');
  expect(file().applied).toMatchObject({ rev: 20, doc: { version: 1, program: { videoKbps: 2600 } } });
  expect(JSON.parse(readFileSync(world.inside('settings/config.json.v7'), 'utf8'))).toEqual(newer);
});

test('what cannot be kept is not put in force', async () => {
  writeFileSync(world.inside('settings'), 'a file where the folder should be');
  await started();
  await want({ rev: 1, patch: { program: { videoKbps: 2500 } } });
  await until('refused', () => (watching.on(`${root}reply`).at(-1)?.payload as Reply | undefined)?.reason === 'disk-error');
  expect(reported()).toMatchObject({ inForce: 0 });
});
