/** The whole chain, on air, while control is killed every two seconds; a subscriber counts the events that media made meanwhile. */
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import mqtt from 'mqtt';
import { parseFault } from '../../src/demo/faults.ts';
import { DemoRun } from '../../src/demo/run.ts';
import { MediaClient } from '../../src/media-client/client.ts';
import type { JournaledEvent } from '../../src/model/box.ts';
import type { TandemEvent } from '../../src/model/event.ts';
import { order } from './figures.ts';

const everyMs = 2000;
const settleMs = 15_000;

export async function kills(seconds = 60): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-bench-'));
  let said = '';
  const faults = Array.from({ length: (seconds * 1000) / everyMs }, (_, index) => parseFault(`${4 + (index * everyMs) / 1000}s kill control`));
  const run = new DemoRun({
    directory,
    seed: 1,
    latencyMs: 1000,
    faults,
    logFile: openSync(join(directory, 'log'), 'a'),
    say: (text) => {
      said += `${text}\n`;
    },
  });
  const made: TandemEvent[] = [];
  const heard: JournaledEvent[] = [];
  try {
    await run.start();
    const client = await mqtt.connectAsync(/mqtt {4}(mqtt:\S+)/.exec(said)?.[1] as string, { protocolVersion: 5 });
    client.on('message', (_topic, payload) => heard.push(JSON.parse(payload.toString('utf8')) as JournaledEvent));
    await client.subscribeAsync('tandem/v1/demo/event', { qos: 1 });
    const media = new MediaClient({
      path: join(directory, 'media.sock'),
      statusEveryMs: 1000,
      onStatus: () => undefined,
      onEvent: (event) => made.push(event),
      onState: () => undefined,
    });
    media.start();
    // A command is an event: five a second, whether control lives or not.
    const busy = setInterval(() => void media.command({ name: 'key-frame' }, 'bench'), 200);
    const measured = run.measure((seconds + 8) * 1000);
    await measured;
    clearInterval(busy);
    const { viewer } = await run.report();
    const before = heard.length;
    await delay(settleMs);
    const key = (event: TandemEvent): string => `${event.session} ${event.seq}`;
    const keys = heard.map(key);
    const arrived = new Set(keys);
    const lost = made.filter((event) => !arrived.has(key(event)));
    const { twice, outOfOrder } = order(heard.map(({ id }) => id));
    const restarts = heard.filter(({ what, reason }) => what === 'control.state' && reason === 'restarted').length;
    const differing = new Map(heard.map((event) => [event.id, key(event)]));
    const ambiguous = heard.filter((event) => differing.get(event.id) !== key(event)).length;
    console.log(
      `control killed ${faults.length} times, ${restarts} restarts told; viewer: ${viewer.pictures} pictures, ${viewer.picturesLost} lost, ${viewer.continuityErrors} continuity errors, longest gap ${Math.round(viewer.longestGapMs)} ms`,
    );
    console.log(
      `events of media: ${made.length}; heard ${heard.length} (${heard.length - before} of them in the ${settleMs / 1000} s after): ${lost.length} lost, ${outOfOrder} out of order, ${ambiguous} numbers used for two, ` +
        `${twice} sent twice (dropped by their number), ${new Set(keys).size - new Set(heard.map(({ id }) => id)).size} doubled after that`,
    );
    for (const event of lost) console.log(`  lost: ${key(event)} of ${made.at(-1)?.seq}, ${event.what} ${event.reason}: ${event.text}`);
    media.stop();
    await client.endAsync(true);
  } finally {
    await run.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}
