/** The status page in a real Chromium, at phone and desktop size. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { monoMs } from '../../src/clock.ts';
import { ControlWorld, until } from '../integration/control-world.ts';
import { madeReport } from '../integration/fake-media.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path));
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Set it to a folder to keep pictures of the page, for people to look at. */
const pictures = process.env.TANDEM_SCREENSHOTS;
const phone = { width: 360, height: 740 };
const desktop = { width: 1280, height: 900 };
const password = 'a password for the test';

let profile: string;
let browser: BrowserContext;
let world: ControlWorld;
let page: Page;
let errors: string[];

beforeAll(async () => {
  if (executablePath === undefined) return;
  profile = mkdtempSync(join(tmpdir(), 'tandem-chromium-'));
  browser = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
});
afterAll(async () => {
  await browser?.close();
  // Its helpers may still be writing when it is gone.
  if (profile !== undefined) rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
});
beforeEach(async (context) => {
  if (executablePath === undefined) context.skip('chromium is not installed');
  world = new ControlWorld();
  await world.media.start();
  world.start();
  await browser.clearCookies();
  page = await browser.newPage();
  errors = [];
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith('http://127.0.0.1:') && !request.url().startsWith('blob:')) errors.push(`asked for ${request.url()}`);
  });
});
afterEach(async () => {
  await page?.close();
  await world?.stop();
});

const text = (selector: string) =>
  page
    .locator(selector)
    .textContent()
    .then((found) => found ?? '');

async function setUp(): Promise<void> {
  await page.goto(await world.url());
  await page.waitForURL('**/setup');
  await page.getByLabel(/^Password/).fill(password);
  await page.getByLabel('The same again').fill(password);
  await page.getByRole('button', { name: 'Set the password' }).click();
  await page.waitForURL((url) => url.pathname === '/');
  await until('on air is shown', async () => (await text('#hero-state')) === 'On air');
}

async function picture(name: string): Promise<void> {
  if (pictures === undefined) return;
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
}

async function accessible(where: string): Promise<void> {
  await page.evaluate(axeSource);
  const result = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }> } };
    return (await axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary}`).join(' | ')}`);
  });
  expect(result, where).toEqual([]);
}

test('a person sets the password, sees what is on air and why, and logs out and in again', async () => {
  await page.setViewportSize(phone);
  await page.goto(await world.url());
  await accessible('set-up form');
  await picture('setup-360');
  await setUp();
  expect(await text('#hero-why')).toBe('Viewers get a good picture from cam1');
  await until('the picture', async () => page.locator('#picture').isVisible());
  await until('vitals', async () => (await text('#vitals')).includes('Memory free'));
  expect(await text('#paths')).toMatch(/eth[\s\S]*eth0 to cloud[\s\S]*lte/);
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.waitForURL('**/login');
  await accessible('login form');
  await picture('login-360');
  await page.getByLabel('Password').fill('not the password');
  await page.getByRole('button', { name: 'Log in' }).click();
  await until('it is refused', async () => (await text('#message')).includes('wrong'));
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.waitForURL((url) => url.pathname === '/');
  // The refused login is the only error that the console may show.
  expect(errors.filter((error) => !error.includes('401'))).toEqual([]);
});

test('graphs move', async () => {
  await setUp();
  const line = () => page.locator('#paths .line').first().getAttribute('d');
  await until('a line', async () => ((await line()) ?? '').includes('L'));
  const before = await line();
  await until('it moves', async () => (await line()) !== before);
  expect(await page.locator('#paths svg[role=img]').first().getAttribute('aria-label')).toMatch(/^Rate, last two minutes, now \d/);
  expect(await page.locator('#paths article').count()).toBe(2);
  expect(errors).toEqual([]);
});

test('a path is pinned and unpinned, and a pin that does not work is said at the top', async () => {
  await setUp();
  await page.getByRole('button', { name: 'Pin lte' }).click();
  await until('pinned', async () => (await page.getByRole('button', { name: 'Unpin lte' }).getAttribute('aria-pressed')) === 'true');
  await until('it stands at the top', async () => (await text('#hero-facts')).includes('lte (pinned)'));
  Object.assign(world.media.status.program.pathPin ?? {}, { reason: 'pinned-dead', text: 'path lte is pinned, but it has no carrier' });
  await until('it is told', async () => (await text('#hero-but')).includes('path lte is pinned, but it has no carrier'));
  await page.getByRole('button', { name: 'Unpin lte' }).click();
  await until('unpinned', async () => world.media.status.program.pathPin === null);
  expect(errors).toEqual([]);
});

test('an input is pinned and unpinned; the program is stopped after a question, and started', async () => {
  await setUp();
  await page.getByRole('button', { name: 'Pin backup' }).click();
  await until('pinned', async () => (await page.getByRole('button', { name: 'Unpin backup' }).getAttribute('aria-pressed')) === 'true');
  expect(world.media.status.program.input).toBe('backup');
  await page.getByRole('button', { name: 'Unpin backup' }).click();
  await until('unpinned', async () => world.media.status.program.pinned === null);
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await page.getByRole('button', { name: 'Stay on air' }).click();
  expect(world.media.status.program.state).toBe('on-air');
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await page.getByRole('button', { name: 'Stop now' }).click();
  await until('stopped', async () => (await text('#hero-state')) === 'Stopped');
  await page.getByRole('button', { name: 'Go on air' }).click();
  await until('on air', async () => (await text('#hero-state')) === 'On air');
  expect(world.media.commands.map(({ command, from }) => `${from} ${command.name}`).filter((one) => !one.includes('snapshot'))).toEqual([
    'page pin-input',
    'page unpin-input',
    'page stop',
    'page start',
  ]);
  expect(errors).toEqual([]);
});

test('a lost network and a backup input are told at once, in words', async () => {
  await setUp();
  const { status } = world.media;
  Object.assign(status.paths[0] ?? {}, { state: 'down', reason: 'carrier-lost' });
  world.media.emit({
    severity: 'warning',
    subject: { kind: 'path', id: 'eth' },
    what: 'path.state',
    from: 'up',
    to: 'down',
    reason: 'carrier-lost',
    text: 'eth (eth0) has no carrier: check the cable; lte carries the program',
    tookMs: 0.4,
  });
  await until('it is told', async () => (await text('#hero-but')).includes('eth is down: the network interface has no carrier'));
  expect(await page.locator('#hero').getAttribute('data-tone')).toBe('warn');
  await until('it needs attention', async () => (await text('#alarms')).includes('check the cable'));
  await until('it is among the events', async () => (await text('#events')).includes('eth (eth0) has no carrier'));
  world.media.emit({
    severity: 'clear',
    subject: { kind: 'path', id: 'eth' },
    what: 'path.state',
    from: 'down',
    to: 'up',
    reason: 'recovered',
    text: 'eth carries again',
  });
  // A busy machine may have an alarm of its own.
  await until('it is cleared', async () => !(await page.locator('#alarms-section').isVisible()) || !(await text('#alarms')).includes('check the cable'));
});

test('control restarts: the page says so and is back by itself; media dies: the page says so and is back by itself', async () => {
  await setUp();
  const { port } = new URL(await world.url());
  await world.kill('SIGKILL');
  await until('the loss is shown', () => page.locator('#lost').isVisible());
  expect(await text('#hero-state')).toBe('Not known');
  await picture('lost-1280');
  const killedMs = monoMs();
  world.restart({ port: Number(port) });
  await until('it is back', async () => !(await page.locator('#lost').isVisible()));
  await until('on air again', async () => (await text('#hero-state')) === 'On air');
  // By itself, and not when somebody looks again in a minute: control may take 5 s to start here, and the page tries again each few seconds.
  expect(monoMs() - killedMs).toBeLessThan(20_000);
  world.media.stop();
  await until('media is gone', async () => (await text('#hero-state')) === 'Not known');
  await page.setViewportSize(desktop);
  await accessible('without media');
  await picture('no-media-1280');
  await world.media.start();
  await until('media is back', async () => (await text('#hero-state')) === 'On air');
});

test('it is accessible and fits, in light and dark, on a phone and on a desk', async () => {
  await setUp();
  const { status } = world.media;
  world.media.emit({
    severity: 'info',
    subject: { kind: 'program', id: 'program' },
    what: 'program.switch',
    from: 'backup',
    to: 'cam1',
    reason: 'preferred',
    text: 'cam1 is on air',
    tookMs: 180,
  });
  Object.assign(status.paths[1] ?? {}, { state: 'silent', reason: 'path-silent' });
  Object.assign(status.inputs[1] ?? {}, {
    state: 'waiting',
    reason: 'source-missing',
    text: 'the camera /dev/video1 does not exist: is it plugged in?',
    retryInMs: 4000,
    kbps: 0,
    audioDb: null,
    restarts: 3,
  });
  world.media.emit({
    severity: 'warning',
    subject: { kind: 'path', id: 'lte' },
    what: 'path.state',
    from: 'up',
    to: 'silent',
    reason: 'path-silent',
    text: 'nothing comes back over lte (wwan0); eth carries the program',
  });
  await until('history', async () => (await world.get<unknown[]>('/api/history')).length > 8);
  for (const [name, size] of [
    ['360', phone],
    ['1280', desktop],
  ] as const)
    for (const scheme of ['light', 'dark'] as const) {
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme: scheme });
      await new Promise((resolve) => setTimeout(resolve, 1200));
      await accessible(`${name} ${scheme}`);
      await picture(`page-${name}-${scheme}`);
      const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
      expect(overflow, `${name}: no sideways scrolling`).toBeLessThanOrEqual(0);
    }
  Object.assign(status.inputs[0] ?? {}, { state: 'degraded', reason: 'frozen-picture', text: 'cam1: the picture does not change' });
  await until('a bad picture is told', async () => (await text('#hero-why')).includes('Viewers get cam1, but the picture does not change'));
  expect(await page.locator('#hero').getAttribute('data-tone')).toBe('bad');
  await page.setViewportSize(phone);
  await accessible('frozen');
  await picture('frozen-360-dark');
  Object.assign(status.program, { state: 'off-air', reason: 'no-uplink', text: 'no destination is connected: both networks are down', sinceMonoMs: monoMs() });
  await until('off air', async () => (await text('#hero-state')) === 'Off air');
  await page.setViewportSize(phone);
  await accessible('off air');
  await picture('off-air-360-dark');
});

test('a rehearsal is chosen, confirmed, followed, ended, and its report read, on a phone', async () => {
  await page.setViewportSize(phone);
  await setUp();
  const { media } = world;
  const choices = await page.locator('#rehearsal-what option').allTextContents();
  expect(choices).toEqual(
    expect.arrayContaining(['What a show meets first', 'All of it', 'Pull eth', 'Silence lte', 'Kill the encoder of cam1', 'Freeze the management']),
  );
  await page.getByRole('combobox', { name: 'Break' }).selectOption('Silence eth');
  await page.getByRole('button', { name: 'Rehearse', exact: true }).click();
  await page.getByRole('button', { name: 'Not now' }).click();
  expect(media.commands.some(({ command }) => command.name === 'rehearse')).toBe(false);
  await page.getByRole('button', { name: 'Rehearse', exact: true }).click();
  await accessible('the question');
  await picture('rehearsal-question-360');
  await page.getByRole('button', { name: 'Rehearse now' }).click();
  await until('it runs', async () => (await text('#rehearsal-now')).includes('measuring how it is'));
  expect(media.commands.find(({ command }) => command.name === 'rehearse')).toEqual({
    command: { name: 'rehearse', faults: [{ kind: 'silence-path', path: 'eth' }] },
    from: 'page',
  });
  // The status may come before the reply.
  await until('the reply', async () => (await text('#rehearsal-said')).includes('Rehearsal 1a2b: 2 faults'));
  const [first] = madeReport.steps;
  const done = first === undefined ? [] : [{ what: first.what, verdict: first.verdict, text: first.text }];
  Object.assign(media.status.rehearsal ?? {}, { step: 2, phase: 'broken', text: 'cam1 hangs, for 5.0 s', done });
  await until('its second fault', async () => (await text('#rehearsal-now')).includes('2 of 2: cam1 hangs'));
  expect(await text('#rehearsal-done')).toContain('on lte after 83 ms');
  expect(await page.getByRole('button', { name: 'Rehearse', exact: true }).isDisabled()).toBe(true);
  await accessible('a rehearsal runs');
  await picture('rehearsal-runs-360');
  media.endRehearsal(madeReport);
  await until('its report', async () => (await text('#rehearsal-last')).includes('viewers noticed some of it'));
  expect(await text('#rehearsal-steps')).toMatch(/10 of 220 pictures missing[\s\S]*left out[\s\S]*lte pulled: no other path/);
  for (const [name, size] of [
    ['360', phone],
    ['1280', desktop],
  ] as const)
    for (const scheme of ['light', 'dark'] as const) {
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme: scheme });
      await accessible(`report ${name} ${scheme}`);
      await picture(`rehearsal-${name}-${scheme}`);
      expect(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')).toBeLessThanOrEqual(0);
    }
  await page.getByRole('button', { name: 'Rehearse', exact: true }).click();
  await page.getByRole('button', { name: 'Rehearse now' }).click();
  await page.getByRole('button', { name: 'End the rehearsal' }).click();
  await until('it is over', async () => !(await page.locator('#stop-rehearsal').isVisible()));
  expect(media.commands.some(({ command }) => command.name === 'stop-rehearsal')).toBe(true);
  expect(errors).toEqual([]);
});

test('names and sentences from outside stay text', async () => {
  await setUp();
  world.media.emit({
    severity: 'warning',
    subject: { kind: 'input', id: '<img src=x>' },
    what: 'input.state',
    reason: 'no-data',
    text: '<img src=x onerror=alert(1)><script>alert(2)</script>',
  });
  await until('it is shown', async () => (await text('#alarms')).includes('<img src=x onerror=alert(1)>'));
  expect(await page.locator('#alarms img').count()).toBe(0);
});
