/** The media daemon itself is held up, as by a slow card or a machine that is paused: that is no fault of its inputs. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { freePort, Place, until } from './processes.ts';

let place: Place;
beforeEach(() => {
  place = new Place();
});
afterEach(() => place.end());

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
/** Between two signs of life a worker may take 1.1 s: the daemon stands still for longer. Other tests beside this one may not. */
const watch = () => ({ stallMs: 1000, cadencePercent: 0 });
const heldUpMs = 1800;

it('a media daemon that stood still blames nobody, replaces no encoder, and shows no slate for it', async () => {
  const port = await freePort();
  const streams = [{ id: 's', outputs: [{ kind: 'udp' as const, host: '127.0.0.1', port: 9 }] }];
  place.tandem('gateway', '--config', place.config('gateway.yaml', { version: 1, gateway: { host: '127.0.0.1', srtlaPort: port, streams } }));
  const media = place.tandem(
    'media',
    '--config',
    place.config('box.yaml', {
      version: 1,
      inputs: [
        { id: 'a', kind: 'test', watch: watch() },
        { id: 'b', kind: 'test', pattern: 'ball', watch: watch() },
      ],
      program: { width: 320, height: 180, fps: 15, videoKbps: 200 },
      paths: [{ id: 'net' }],
      destinations: [{ id: 'gateway', mode: 'bonded', host: '127.0.0.1', port }],
      media: { socket: place.path('media.sock') },
    }),
  );
  const { status, events } = place.watch(place.path('media.sock'));
  const runs = () => {
    const { program, inputs } = status() ?? {};
    return program?.state === 'on-air' && program.input === 'a' && inputs?.every(({ state }) => state === 'running');
  };
  await until('both inputs, on air', runs);
  await wait(1000);
  const workers = status()?.inputs.map(({ workerPid }) => workerPid);
  const before = events.length;
  for (let n = 0; n < 3; n++) {
    media.child.kill('SIGSTOP');
    await wait(heldUpMs);
    media.child.kill('SIGCONT');
    await wait(1500);
  }
  await until('the last of it', runs);
  expect(events.slice(before).map(({ text }) => text)).toEqual([]);
  expect(status()?.inputs.map(({ workerPid }) => workerPid)).toEqual(workers);
});
