import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freeTcpPort } from '../../src/demo/free-port.ts';
import type { JournaledEvent } from '../../src/model/box.ts';
import { ControlWorld, until } from './control-world.ts';

const secret = 'a key that nobody knows';
interface Call {
  headers: IncomingMessage['headers'];
  body: string;
  count: number;
  event: JournaledEvent;
  type: string;
}
let world: ControlWorld;
let server: Server;
let port = 0;
let answer = 200;
let calls: Call[];
beforeEach(async () => {
  world = new ControlWorld();
  calls = [];
  answer = 200;
  server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      if (answer === 200) calls.push({ headers: request.headers, body, ...(JSON.parse(body) as { count: number; event: JournaledEvent; type: string }) });
      response.writeHead(answer).end();
    });
  });
  await listen(await freeTcpPort());
  await world.media.start();
  world.start({ webhooks: [{ id: 'desk', url: `http://127.0.0.1:${port}/hook`, secret }] });
  await until('media is there', async () => (await world.get<{ onAir: boolean }>('/api/status')).onAir);
});
afterEach(async () => {
  await world.stop();
  server.close();
  server.closeAllConnections();
});

async function listen(at: number): Promise<void> {
  await new Promise<void>((resolve) => server.listen(at, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
}
const emit = (index: number) =>
  world.media.emit({ severity: 'warning', subject: { kind: 'path', id: `p${index}` }, what: 'path.state', reason: 'carrier-lost', text: `number ${index}` });
const texts = () => calls.map(({ event }) => event.text).filter((text) => text.startsWith('number'));
const numbers = (count: number) => Array.from({ length: count }, (_, index) => `number ${index + 1}`);

test('each warning comes once, in order, signed', async () => {
  for (let index = 1; index <= 20; index++) emit(index);
  await until('all', () => texts().length === 20);
  expect(texts()).toEqual(numbers(20));
  const { headers, body, event } = calls.at(-1) as Call;
  const [, seconds, hex] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['tandem-signature'])) ?? [];
  expect(createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')).toBe(hex);
  expect(headers['tandem-id']).toBe(String(event.id));
  expect(world.log).not.toContain(secret);
});

test('what a receiver missed, away or unwell, comes when it is back, over a kill of control too; then a warning is cleared', async () => {
  emit(1);
  await until('the first', () => texts().length === 1);
  answer = 503;
  for (let index = 2; index <= 15; index++) emit(index);
  await until('it is said', async () => (await world.get<JournaledEvent[]>('/api/events')).some(({ text }) => text.includes('webhook desk answers 503')));
  server.close();
  server.closeAllConnections();
  await world.kill('SIGKILL');
  world.restart();
  await until('it is up', async () => (await world.get<{ onAir: boolean }>('/api/status')).onAir);
  emit(16);
  answer = 200;
  await listen(port);
  await until('all', () => texts().length >= 16, 60_000);
  expect(texts()).toEqual(numbers(16));
});

test('the same again within a minute is not sent again, and does not hold up others', async () => {
  for (let index = 0; index < 50; index++) emit(7);
  emit(8);
  await until('the other', () => texts().includes('number 8'));
  expect(texts()).toEqual(['number 7', 'number 8']);
});

test('the test button tries it, and says how that went', async () => {
  const press = async (webhook: string) => {
    const headers = { ...(await world.token()), 'Content-Type': 'application/json' };
    return (await fetch(`${await world.url()}api/commands/test-webhook`, { method: 'POST', headers, body: JSON.stringify({ webhook }) })).json();
  };
  expect(await press('desk')).toMatchObject({ ok: true, text: expect.stringMatching(/^desk answers 200 after \d+ ms$/) });
  expect(calls.some(({ type }) => type === 'test')).toBe(true);
  expect(await press('other')).toMatchObject({ ok: false, text: expect.stringContaining('there are: desk') });
  server.close();
  server.closeAllConnections();
  expect(await press('desk')).toMatchObject({ ok: false, reason: 'unreachable', text: expect.stringContaining('ECONNREFUSED') });
});
