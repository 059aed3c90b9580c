import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { monoMs } from '../../src/clock.ts';
import { freeTcpPort } from '../../src/demo/free-port.ts';
import type { BoxSnapshot, JournaledEvent } from '../../src/model/box.ts';
import { boxSnapshotSchema } from '../../src/model/box.ts';
import { ControlWorld, until } from './control-world.ts';
import { madeReport } from './fake-media.ts';

// Real processes on a busy machine.
vi.setConfig({ testTimeout: 150_000 });

let world: ControlWorld;
beforeEach(() => {
  world = new ControlWorld();
});
afterEach(() => world.stop());

const json = { 'Content-Type': 'application/json' };

test('it ends cleanly at SIGTERM and leaves nothing half-written', async () => {
  await world.media.start();
  world.start();
  await world.url();
  const startMs = monoMs();
  expect(await world.kill('SIGTERM')).toBe(0);
  // systemd kills what has not ended after TimeoutStopSec (10 s).
  expect(monoMs() - startMs).toBeLessThan(8000);
  const journal = readFileSync(world.inside('state/journal/events.jsonl'), 'utf8');
  expect(journal.endsWith('\n')).toBe(true);
  expect(journal).toContain('management stops on request');
  expect(journal).not.toContain('media-lost');
});

test('the status of the media daemon reaches the API, in the form of its schema', async () => {
  await world.media.start();
  world.start();
  await until('on air', async () => (await world.get<BoxSnapshot>('/api/status')).onAir);
  await until('vitals', async () => (await world.get<BoxSnapshot>('/api/status')).vitals !== null);
  const box = boxSnapshotSchema.parse(await world.get('/api/status'));
  expect(box.status?.paths.map(({ id }) => id)).toEqual(['eth', 'lte']);
  expect(box.vitals?.memoryTotalBytes).toBeGreaterThan(0);
});

test('without the media daemon it serves, says so, and takes it when it comes', async () => {
  world.start();
  await until('a warning', async () => (await world.get<BoxSnapshot>('/api/status')).alarms.some(({ reason }) => reason === 'media-lost'));
  const health = await fetch(new URL('/healthz', await world.url()));
  expect(health.status).toBe(200);
  expect(await health.json()).toMatchObject({ ok: true, media: 'waiting' });
  await world.media.start();
  await until('it is taken', async () => {
    const box = await world.get<BoxSnapshot>('/api/status');
    return box.onAir && !box.alarms.some(({ reason }) => reason === 'media-lost');
  });
});

test('events keep their order and numbers over a kill -9 and from before the first start, none lost, none doubled', async () => {
  await world.media.start();
  const emit = (index: number) =>
    world.media.emit({ severity: 'info', subject: { kind: 'path', id: 'eth' }, what: 'path.state', reason: 'recovered', text: `event number ${index}` });
  const numbers = async () =>
    (await world.get<JournaledEvent[]>('/api/events')).filter(({ text }) => text.startsWith('event number')).map(({ text }) => Number(text.split(' ').at(-1)));
  for (let index = 1; index <= 2; index++) emit(index);
  world.start();
  await until('connected', async () => (await world.get<BoxSnapshot>('/api/status')).onAir);
  for (let index = 3; index <= 5; index++) emit(index);
  await until('five events', async () => (await numbers()).length === 5);
  await new Promise((resolve) => setTimeout(resolve, 300));
  await world.kill('SIGKILL');
  for (let index = 6; index <= 8; index++) emit(index);
  world.restart();
  await until('eight events', async () => (await numbers()).length >= 8);
  expect(await numbers()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  const ids = (await world.get<JournaledEvent[]>('/api/events')).map(({ id }) => id);
  expect(ids).toEqual(ids.map((_, index) => index + 1));
});

test('lamps that this machine cannot have are said once, and the rest works', async () => {
  await world.media.start();
  world.start({ gpio: { tallyOnAir: 'no-such-chip/17', button: 'no-such-chip/23' } });
  await until('on air', async () => (await world.get<BoxSnapshot>('/api/status')).onAir);
  const box = await world.get<BoxSnapshot>('/api/status');
  expect(box.gpio).toMatchObject({ state: 'off', reason: 'unsupported' });
  // What the vitals say of the machine that runs this is no matter here.
  expect(box.alarms.map(({ what }) => what).filter((what) => !what.startsWith('box.'))).toEqual(['gpio.state']);
});

test('a disk that takes nothing is said, and everything else goes on', async () => {
  await world.media.start();
  writeFileSync(world.inside('blocked'), 'a file where the folder should be');
  world.start({ stateDirectory: world.inside('blocked'), web: { host: '127.0.0.1', port: 0 } });
  await until('it is said', () => world.log.includes('"journal.disk"'));
  const url = () => /"url":"([^"]+)"/.exec(world.log)?.[1] ?? '';
  await until('the page listens', () => url() !== '');
  const health = async () => (await (await fetch(new URL('/healthz', url()))).json()) as { ok: boolean; media: string };
  await until('media is there', async () => (await health()).media === 'connected');
  expect(await health()).toMatchObject({ ok: true });
  expect(await world.kill('SIGTERM')).toBe(0);
});

test('a taken port is said once, does not stop the daemon, and heals', async () => {
  const thief = createServer();
  const port = await freeTcpPort();
  await new Promise<void>((resolve) => thief.listen(port, '127.0.0.1', resolve));
  world.start({ web: { host: '127.0.0.1', port } });
  await until('it is said', () => world.log.includes('port-taken'));
  expect(existsSync(world.inside('state/page.url'))).toBe(false);
  await new Promise<void>((resolve) => thief.close(() => resolve()));
  await world.url();
  expect(world.log.match(/"port-taken"/g)).toHaveLength(1);
});

test('the first password comes from its file, is kept as a hash only, and opens a session', async () => {
  await world.media.start();
  world.start({}, { passwordFile: true });
  const url = await world.url();
  const login = await fetch(new URL('/api/login', url), { method: 'POST', headers: json, body: JSON.stringify({ password: world.password }) });
  expect(login.status).toBe(200);
  const cookie = login.headers.get('set-cookie') ?? '';
  expect(cookie).toMatch(/HttpOnly/);
  expect(cookie).toMatch(/SameSite=Strict/);
  const kept = readFileSync(world.inside('state/access.json'), 'utf8');
  expect(kept).not.toContain(world.password);
  expect(statSync(world.inside('state/access.json')).mode & 0o777).toBe(0o600);
  expect(statSync(world.inside('state/api-token')).mode & 0o777).toBe(0o600);
  expect(world.log).not.toContain(world.password);

  const headers = { ...json, Cookie: cookie.split(';')[0] ?? '' };
  expect((await fetch(new URL('/api/status', url), { headers })).status).toBe(200);
  // Without the CSRF token, or from another site, a session changes nothing.
  expect((await fetch(new URL('/api/commands/stop', url), { method: 'POST', headers, body: '{}' })).status).toBe(403);
  const { csrf } = (await login.json()) as { csrf: string };
  const fromElsewhere = await fetch(new URL('/api/commands/stop', url), {
    method: 'POST',
    headers: { ...headers, 'X-CSRF-Token': csrf, 'Sec-Fetch-Site': 'cross-site' },
    body: '{}',
  });
  expect(fromElsewhere.status).toBe(403);
  expect(world.media.commands).toEqual([]);
  const own = await fetch(new URL('/api/commands/stop', url), { method: 'POST', headers: { ...headers, 'X-CSRF-Token': csrf }, body: '{}' });
  expect(own.status).toBe(200);
  expect(world.media.commands).toEqual([{ command: { name: 'stop' }, from: 'page' }]);

  // A session outlives a crash of control, and not a logout.
  await world.kill('SIGKILL');
  world.restart();
  const again = await world.url();
  expect((await fetch(new URL('/api/status', again), { headers })).status).toBe(200);
  expect((await fetch(new URL('/api/logout', again), { method: 'POST', headers: { ...headers, 'X-CSRF-Token': csrf } })).status).toBe(200);
  expect((await fetch(new URL('/api/status', again), { headers })).status).toBe(401);
});

test('no password opens the page while none is set, and the set-up closes behind the first', async () => {
  world.start();
  const url = await world.url();
  const post = (path: string, password: string) => fetch(new URL(path, url), { method: 'POST', headers: json, body: JSON.stringify({ password }) });
  for (const guess of ['', 'admin', 'tandem', 'password', 'raspberry']) expect((await post('/api/login', guess)).status).toBe(401);
  expect((await post('/api/setup', 'short')).status).toBe(400);
  const both = await Promise.all([post('/api/setup', 'the first password'), post('/api/setup', 'the second password')]);
  expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
  expect((await post('/api/setup', 'the third password')).status).toBe(409);
  expect((await fetch(new URL('/setup', url), { redirect: 'manual' })).headers.get('location')).toBe('/login');
});

test('guessing is slowed down, and the right password still gets in', async () => {
  world.start({}, { passwordFile: true });
  const url = await world.url();
  const attempt = (password: string) => fetch(new URL('/api/login', url), { method: 'POST', headers: json, body: JSON.stringify({ password }) });
  const startMs = performance.now();
  for (let guess = 0; guess < 5; guess++) expect((await attempt(`guess number ${guess}`)).status).toBe(401);
  // Three are free, then 0.5 s and 1 s.
  expect(performance.now() - startMs).toBeGreaterThan(1400);
  const many = await Promise.all(Array.from({ length: 12 }, (_, index) => attempt(`parallel ${index}`)));
  expect(many.filter(({ status }) => status === 429).length).toBeGreaterThanOrEqual(8);
  expect((await attempt(world.password)).status).toBe(200);
});

test('every route but the open ones wants a login, and carries the security headers', async () => {
  await world.media.start();
  world.start({}, { passwordFile: true });
  const url = await world.url();
  const document = await world.get<{ paths: Record<string, Record<string, { security?: unknown[] }>> }>('/api/openapi.json');
  const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security }]) => ({ path, method, open: security !== undefined })),
  );
  expect(routes.length).toBeGreaterThan(20);
  const others = ['/', '/assets/app.js', '/assets/view.js', '/assets/graph.js', '/no/such/route', '/api/commands/stop', '/api/', '/assets/../main.ts'];
  for (const { path, method, open } of [...routes, ...others.map((path) => ({ path, method: 'get', open: false }))]) {
    const response = await fetch(new URL(path, url), {
      method: method.toUpperCase(),
      headers: json,
      redirect: 'manual',
      ...(method === 'post' && { body: '{}' }),
    });
    expect(response.headers.get('content-security-policy'), path).toContain("frame-ancestors 'none'");
    expect(response.headers.get('x-content-type-options'), path).toBe('nosniff');
    if (!open) expect(response.status, `${method} ${path}`).toBe(401);
    await response.body?.cancel();
  }
  for (const bad of ['Bearer x', 'Bearer ', 'Basic YTpi'])
    expect((await fetch(new URL('/metrics', url), { headers: { Authorization: bad } })).status).toBe(401);
  expect(world.media.commands).toEqual([]);
});

test('metrics are OpenMetrics text', async () => {
  await world.media.start();
  world.start();
  await until('on air', async () => (await world.get<BoxSnapshot>('/api/status')).onAir);
  const response = await fetch(new URL('/metrics', await world.url()), { headers: await world.token() });
  const text = await response.text();
  expect(response.headers.get('content-type')).toContain('application/openmetrics-text');
  expect(text).toContain('tandem_on_air 1\n');
  expect(text).toMatch(/^tandem_path_rtt_seconds\{path="eth",destination="cloud",interface="eth0"\} 0\.0\d+$/m);
  expect(text.endsWith('# EOF\n')).toBe(true);
  for (const line of text.trimEnd().split('\n')) expect(line).toMatch(/^(# (TYPE|HELP) tandem\w* .+|# EOF|tandem\w*(\{([a-z]+="[^"]*",?)+\})? -?[\d.e+]+)$/);
});

test('commands over the API are validated, answered, and done once a key', async () => {
  await world.media.start();
  world.start();
  const url = await world.url();
  const headers = { ...json, ...(await world.token()) };
  await until('on air', async () => (await world.get<BoxSnapshot>('/api/status')).onAir);
  const post = (name: string, body: string, extra: Record<string, string> = {}) =>
    fetch(new URL(`/api/commands/${name}`, url), { method: 'POST', headers: { ...headers, ...extra }, body });
  expect((await post('pin-input', '{"input":"backup"}')).status).toBe(200);
  for (const [name, body] of [
    ['pin-input', '{}'],
    ['pin-input', '{"input":7}'],
    ['explode', '{}'],
    ['__proto__', '{}'],
    ['start', '[1]'],
    ['start', '{{{'],
    ['set-bitrate', '{"kbps":-1}'],
  ] as const) {
    const reply = await post(name, body);
    expect(reply.status, `${name} ${body}`).toBe(400);
    expect(await reply.json()).toMatchObject({ ok: false, reason: 'invalid' });
  }
  const key = { 'Idempotency-Key': 'once' };
  await Promise.all([post('stop', '{}', key), post('stop', '{}', key), post('stop', '{}', key)]);
  expect(world.media.commands.map(({ command }) => command.name)).toEqual(['pin-input', 'stop']);
  const picture = await fetch(new URL('/api/preview.jpg', url), { headers });
  expect(picture.headers.get('content-type')).toBe('image/jpeg');
  expect(new Uint8Array(await picture.arrayBuffer()).subarray(0, 2)).toEqual(new Uint8Array([0xff, 0xd8]));
});

test('events can be taken away as CSV that a spreadsheet does not execute', async () => {
  await world.media.start();
  world.start();
  await until('on air', async () => (await world.get<BoxSnapshot>('/api/status')).onAir);
  world.media.emit({ severity: 'warning', subject: { kind: 'input', id: 'cam1' }, what: 'input.state', reason: 'no-data', text: '=cmd|"x",y' });
  await until('it is there', async () => (await world.get<JournaledEvent[]>('/api/events')).some(({ text }) => text.startsWith('=cmd')));
  const response = await fetch(new URL('/api/events.csv', await world.url()), { headers: await world.token() });
  expect(response.headers.get('content-disposition')).toContain('box7-events.csv');
  const text = await response.text();
  expect(text.split('\r\n')[0]).toBe('id,time,severity,subject,what,from,to,reason,text,tookMs,measured');
  expect(text).toContain(`"'=cmd|""x"",y"`);
});

test('it stands still for a rehearsal, comes back by itself, and keeps the reports', async () => {
  await world.media.start();
  world.start();
  await until('media', async () => (await world.get<BoxSnapshot>('/api/status')).onAir);
  world.media.freeze(3000);
  let longestMs = 0;
  await until('it says so', async () => {
    const askedMs = monoMs();
    await world.get('/api/status');
    longestMs = Math.max(longestMs, monoMs() - askedMs);
    return world.media.thawed.length === 1;
  });
  // Who asks again and again waits for most of it.
  expect(longestMs).toBeGreaterThan(1500);
  expect(world.media.thawed[0]).toBeGreaterThanOrEqual(2900);
  expect(await world.get('/api/rehearsals')).toEqual([]);
  world.media.endRehearsal(madeReport);
  await until('the report', async () => (await world.get<unknown[]>('/api/rehearsals')).length === 1);
  await world.kill('SIGKILL');
  world.restart();
  expect(await world.get('/api/rehearsals')).toEqual([madeReport]);
});
