/** The broker is down for minutes while events go on; when it is back, they arrive, and memory has not grown. */
import { setTimeout as delay } from 'node:timers/promises';
import type { JournaledEvent } from '../../src/model/box.ts';
import { missedTelemetrySchema } from '../../src/model/telemetry.ts';
import { ControlWorld, until } from '../../test/integration/control-world.ts';
import { Mosquitto } from '../../test/integration/mqtt-world.ts';
import { order } from './figures.ts';
import { residentMb } from './memory.ts';

const eventEveryMs = 500;

export async function outage(minutes = 10): Promise<void> {
  const world = new ControlWorld();
  const mosquitto = new Mosquitto();
  try {
    await mosquitto.start();
    await world.media.start();
    world.start({ mqtt: { url: mosquitto.url } });
    const watching = await mosquitto.watch(['tandem/v1/box7/event', 'tandem/v1/box7/telemetry/missed'], { reconnectPeriod: 200 });
    await until('it lives', () => watching.seen.length > 0);
    let emitted = 0;
    const emit = () =>
      world.media.emit({ severity: 'info', subject: { kind: 'input', id: 'cam1' }, what: 'input.state', reason: 'recovered', text: `number ${++emitted}` });
    const resident: number[] = [];
    await delay(20_000);
    await mosquitto.kill();
    const untilMs = performance.now() + minutes * 60_000;
    for (let index = 0; performance.now() < untilMs; index++) {
      emit();
      if (index % 60 === 0) resident.push(residentMb(world.pid));
      await delay(eventEveryMs);
    }
    await mosquitto.start();
    await watching.client.subscribeAsync(['tandem/v1/box7/event', 'tandem/v1/box7/telemetry/missed'], { qos: 1 });
    const backMs = performance.now();
    const numbers = () =>
      watching
        .on('tandem/v1/box7/event')
        .map(({ payload }) => (payload as JournaledEvent).text)
        .filter((text) => text.startsWith('number'))
        .map((text) => Number(text.split(' ')[1]));
    await until('all events', () => new Set(numbers()).size === emitted, 120_000);
    const tookS = (performance.now() - backMs) / 1000;
    await delay(40_000);
    const missed = watching.on('tandem/v1/box7/telemetry/missed').flatMap(({ payload }) => {
      const { from, to } = missedTelemetrySchema.parse(payload);
      return Array.from({ length: to - from + 1 }, (_, index) => from + index);
    });
    const { twice, outOfOrder } = order(numbers());
    console.log(
      `broker down for ${minutes} min: ${emitted} events, all there ${tookS.toFixed(1)} s after it was back (the box waits up to 30 s between tries); ${twice} twice, ${outOfOrder} out of order`,
    );
    console.log(`telemetry of ${missed.length} seconds afterwards: ${JSON.stringify(order(missed))}`);
    console.log(`control resident, MB, each half minute: ${resident.join(' ')}; after: ${residentMb(world.pid)}`);
    await watching.end();
  } finally {
    await world.stop();
    await mosquitto.stop();
  }
}
