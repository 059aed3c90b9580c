/** From the camera to the gateway: on air, over both networks, and still so with one of them pulled. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Status } from '../../src/model/status.ts';
import type { Box } from '../box.ts';
import { type HardwareTest, Skip } from '../suite.ts';

const cameraKinds = ['v4l2', 'libcamera', 'argus', 'hdmi-csi'];
/** A cable out of its socket: longer than every time-out of the uplink. */
const pulledMs = 10_000;

export const onAir: HardwareTest[] = [
  {
    name: 'the camera is on air',
    async run(box) {
      const config = await box.config();
      const cameras = config.inputs.filter(({ kind, enabled }) => enabled && cameraKinds.includes(kind));
      if (cameras.length === 0) throw new Skip('no camera is configured (inputs of kind v4l2, libcamera, argus or hdmi-csi)');
      await box.needDestination();
      const status = await box.untilOnAir(90_000);
      if (!cameras.some(({ id }) => id === status.program.input)) throw new Error(`on air is ${status.program.input}, not the camera: ${reasons(status)}`);
      if (status.program.kbps <= 0) throw new Error('on air, but nothing flows');
      const input = status.inputs.find(({ id }) => id === status.program.input);
      return `${input?.id} (${input?.encoder}) at ${status.program.kbps.toFixed(0)} kbit/s, on air ${(status.program.sinceMonoMs / 1000).toFixed(1)} s after the kernel started`;
    },
  },
  {
    name: 'both networks carry the stream',
    async run(box) {
      const paths = await twoPaths(box);
      const before = await box.untilOnAir(60_000);
      await delay(5000);
      const after = await box.status();
      const sent = paths.map((id) => sentBytes(after, id) - sentBytes(before, id));
      if (sent.some((bytes) => bytes <= 0)) throw new Error(`bytes in 5 s: ${paths.map((id, index) => `${id} ${sent[index]}`).join(', ')}: ${reasons(after)}`);
      return paths.map((id, index) => `${id} ${((sent[index] ?? 0) / 1000).toFixed(0)} kB in 5 s`).join(', ');
    },
  },
  {
    name: 'each network has a default route of its own metric',
    async run(box) {
      const config = await box.config();
      const interfaces = config.paths.flatMap((path) => path.interface ?? []);
      if (interfaces.length < 2) throw new Skip('fewer than two paths name an interface');
      const routes = JSON.parse(await box.run('ip -json route show default')) as { dev: string; metric?: number }[];
      const metrics = interfaces.map((name) => routes.find(({ dev }) => dev === name)?.metric);
      if (metrics.some((metric) => metric === undefined))
        throw new Error(`no default route over ${interfaces.filter((_, index) => metrics[index] === undefined).join(', ')}`);
      if (new Set(metrics).size < metrics.length) throw new Error(`the same metric twice: ${metrics.join(', ')}`);
      return interfaces.map((name, index) => `${name} ${metrics[index]}`).join(', ');
    },
  },
  {
    name: 'with Ethernet pulled the stream goes on over the other network, and Ethernet is used again afterwards',
    async run(box) {
      const paths = await twoPaths(box);
      const [first, second] = paths as [string, string];
      const name = (await box.config()).paths.find(({ id }) => id === first)?.interface;
      if (name === undefined) throw new Skip(`the path ${first} names no interface`);
      const before = await box.untilOnAir(60_000);
      const { outside } = box.reach;
      if (outside.setCable !== undefined) {
        await outside.setCable(false);
        await delay(pulledMs);
        await outside.setCable(true);
      } else {
        // In the background and back by itself: this connection may run over the same interface.
        await box.run(`systemd-run --collect --quiet sh -c 'ip link set ${name} down; sleep ${pulledMs / 1000}; ip link set ${name} up'`);
        await delay(pulledMs);
      }
      const after = await box.until('reachable again', 60_000, () => box.status().catch(() => null));
      if (after.pid !== before.pid) throw new Error('the media daemon was restarted');
      if (after.program.state !== 'on-air') throw new Error(`off air: ${reasons(after)}`);
      const events = await eventsOfPath(box, first);
      const carried = sentBytes(after, second) - sentBytes(before, second);
      if (carried <= 0) throw new Error(`${second} carried nothing while ${first} was pulled`);
      await box.until(`${first} up again`, 60_000, async () => (await box.status()).paths.some(({ id, state }) => id === first && state === 'up'));
      return `${second} carried ${(carried / 1000).toFixed(0)} kB, ${events}`;
    },
  },
];

/** @throws Skip where fewer than two paths are configured. */
async function twoPaths(box: Box): Promise<string[]> {
  await box.needDestination();
  const paths = (await box.config()).paths.filter(({ enabled }) => enabled).map(({ id }) => id);
  if (paths.length < 2) throw new Skip('fewer than two paths are configured');
  return paths.slice(0, 2);
}

function sentBytes(status: Status, path: string): number {
  return status.paths.filter(({ id }) => id === path).reduce((sum, one) => sum + one.sentBytes, 0);
}

async function eventsOfPath(box: Box, path: string): Promise<string> {
  const { body } = await box.api('/api/events');
  const count = body.split(`"${path}"`).length - 1;
  if (count === 0) throw new Error(`no event tells of ${path}`);
  return `${path} named in the events`;
}

/** Why, in the box's own words. */
export function reasons(status: Status): string {
  return [status.program, ...status.inputs, ...status.destinations].map(({ text }) => text).join('; ');
}
