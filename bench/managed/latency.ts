/** From an event in the media daemon to an MQTT subscriber and to a webhook receiver, on this machine: real Mosquitto, real control daemon, real disk. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { monoMs } from '../../src/clock.ts';
import type { JournaledEvent } from '../../src/model/box.ts';
import { ControlWorld, until } from '../../test/integration/control-world.ts';
import { Mosquitto } from '../../test/integration/mqtt-world.ts';
import { timesText } from './figures.ts';

export async function latency(events = 300): Promise<void> {
  const world = new ControlWorld();
  const mosquitto = new Mosquitto();
  const hooked: number[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      const { event } = JSON.parse(body) as { event: JournaledEvent };
      if (event.what === 'path.state') hooked.push(monoMs() - event.monoMs);
      response.end();
    });
  });
  try {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    await mosquitto.start();
    await world.media.start();
    world.start({
      mqtt: { url: mosquitto.url },
      webhooks: [{ id: 'desk', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, secret: 'a key of the bench' }],
    });
    const watching = await mosquitto.watch(['tandem/v1/box7/event']);
    const heard: number[] = [];
    watching.client.on('message', (_topic, payload) => {
      const event = JSON.parse(payload.toString('utf8')) as JournaledEvent;
      if (event.what === 'path.state') heard.push(monoMs() - event.monoMs);
    });
    await until('connected', () => watching.seen.length > 0);
    await delay(3000);
    for (let index = 0; index < events; index++) {
      world.media.emit({
        severity: 'warning',
        subject: { kind: 'path', id: `p${index}` },
        what: 'path.state',
        reason: 'carrier-lost',
        text: `number ${index}`,
      });
      await delay(30 + Math.random() * 120);
    }
    await until('all', () => heard.length >= events && hooked.length >= events, 30_000);
    console.log(`event → MQTT subscriber:  ${timesText(heard)} (bar: median 200)`);
    console.log(`event → webhook receiver: ${timesText(hooked)} (bar: median 200)`);
    await watching.end();
  } finally {
    await world.stop();
    await mosquitto.stop();
    server.close();
    server.closeAllConnections();
  }
}
