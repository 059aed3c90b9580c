/**
 * Many boxes on one Mosquitto: the box's own side of MQTT (link, journal, states, commands), as many times as wanted, with a disk in memory.
 * `npm run bench -- fleet [--boxes 1000] [--seconds 60] [--starts 50]`: how long birth, telemetry and commands take, and what a box sends in an hour.
 */
import { fork } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import mqtt from 'mqtt';
import { monoMs } from '../src/clock.ts';
import type { Reply } from '../src/model/mqtt.ts';
import type { Telemetry } from '../src/model/telemetry.ts';
import { Mosquitto } from '../test/integration/mqtt-world.ts';
import { percentiles, timesText } from './managed/figures.ts';

const { values } = parseArgs({
  options: { boxes: { type: 'string', default: '1000' }, seconds: { type: 'string', default: '60' }, starts: { type: 'string', default: '50' } },
});
const [boxes, seconds, startsPerSecond] = [Number(values.boxes), Number(values.seconds), Number(values.starts)];
const commandsPerSecond = 20;
const mosquitto = new Mosquitto();
await mosquitto.start();
const desk = await mqtt.connectAsync(mosquitto.url, { protocolVersion: 5 });
const [births, telemetry, commands]: [number[], number[], number[]] = [[], [], []];
const asked = new Map<string, number>();
let broker = { received: 0, sent: 0 };
const [startedMs, bornMs] = [new Map<string, number>(), new Map<string, number>()];
desk.on('message', (topic, payload) => {
  const nowMs = monoMs();
  if (topic.endsWith('/telemetry')) telemetry.push(nowMs - (JSON.parse(payload.toString()) as Telemetry).mono);
  else if (topic.endsWith('/status')) {
    bornMs.set(topic.split('/')[2] ?? '', nowMs);
  } else if (topic === 'desk/replies') {
    const { correlation } = JSON.parse(payload.toString()) as Reply;
    const sinceMs = asked.get(correlation ?? '');
    asked.delete(correlation ?? '');
    if (sinceMs !== undefined) commands.push(nowMs - sinceMs);
  } else if (topic === '$SYS/broker/bytes/received') broker = { ...broker, received: Number(payload.toString()) };
  else if (topic === '$SYS/broker/bytes/sent') broker = { ...broker, sent: Number(payload.toString()) };
});
await desk.subscribeAsync(['tandem/v1/+/status', 'tandem/v1/+/telemetry', '$SYS/broker/bytes/#'], { qos: 0 });
await desk.subscribeAsync('desk/replies', { qos: 1 });
const fleet = fork(fileURLToPath(new URL('./managed/fleet-boxes.ts', import.meta.url)), [mosquitto.url, String(boxes), String(startsPerSecond)], {
  stdio: 'inherit',
});
fleet.on('message', ({ box, atMs }: { box: string; atMs: number }) => startedMs.set(box, atMs));
try {
  await delay((boxes / startsPerSecond) * 1000 + 15_000);
  for (const [box, atMs] of bornMs) births.push(atMs - (startedMs.get(box) ?? Number.NaN));
  console.log(`birth, ${boxes} boxes, ${startsPerSecond} a second: ${timesText(births)}`);
  telemetry.length = 0;
  const [before, deskBefore, startMs] = [broker, bytesOf(desk), monoMs()];
  let sent = 0;
  const asking = setInterval(() => {
    const correlation = `c${++sent}`;
    asked.set(correlation, monoMs());
    const box = `box${Math.floor(Math.random() * boxes)}`;
    const properties = { responseTopic: 'desk/replies', correlationData: Buffer.from(correlation) };
    desk.publish(`tandem/v1/${box}/cmd/key-frame`, '{}', { qos: 1, properties });
  }, 1000 / commandsPerSecond);
  await delay(seconds * 1000);
  clearInterval(asking);
  await delay(2000);
  const [took, heard] = [(monoMs() - startMs) / 1000, telemetry.length];
  // The broker tells its sums every ten seconds.
  await delay(10_500);
  const tookBytes = (monoMs() - startMs) / 1000;
  const deskBytes = bytesOf(desk);
  console.log(`telemetry (${(heard / took / boxes).toFixed(2)} a box and second): ${timesText(telemetry)}`);
  console.log(`commands, ${sent} asked, ${commands.length} answered: ${timesText(commands)}`);
  const up = broker.received - before.received - (deskBytes.sent - deskBefore.sent);
  const down = broker.sent - before.sent - (deskBytes.received - deskBefore.received);
  const perHour = (bytes: number) => ((bytes / boxes / tookBytes) * 3600) / 1e6;
  console.log(`a box and hour: ${perHour(up).toFixed(2)} MB up, ${perHour(down).toFixed(2)} MB down (MQTT over TCP, without TLS and headers of IP)`);
  const worst = Math.max(...[births, telemetry, commands].map((times) => percentiles(times).p99));
  console.log(`worst p99 ${worst.toFixed(0)} ms, bar 1000: ${worst <= 1000 ? 'met' : 'MISSED'}`);
} finally {
  fleet.kill('SIGKILL');
  await desk.endAsync(true);
  await mosquitto.stop();
}

function bytesOf(client: mqtt.MqttClient): { received: number; sent: number } {
  const { bytesRead, bytesWritten } = client.stream as unknown as { bytesRead: number; bytesWritten: number };
  return { received: bytesRead, sent: bytesWritten };
}
