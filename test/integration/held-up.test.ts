/** The media daemon itself is held up, as by a slow card or a machine that is paused: that is no fault of its inputs. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Place, until } from './processes.ts';

let place: Place;
beforeEach(() => {
  place = new Place();
});
afterEach(() => place.end());

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
/** Between two signs of life a worker may take 1.1 s: the daemon stands still for longer. Other tests beside this one may not. */
const watch = () => ({ stallMs: 1000, cadencePercent: 0 });
const heldUpMs = 1800;

it('a media daemon that stood still blames no input, replaces no encoder, and shows no slate for it', async () => {
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
      media: { socket: place.path('media.sock') },
    }),
  );
  const { status, events } = place.watch(place.path('media.sock'));
  const runs = () => status()?.program.input === 'a' && status()?.inputs.every(({ state }) => state === 'running');
  await until('both inputs', runs);
  await wait(1000);
  const workers = status()?.inputs.map(({ workerPid }) => workerPid);
  const before = events.length;
  for (let n = 0; n < 3; n++) {
    media.child.kill('SIGSTOP');
    await wait(heldUpMs);
    const stoppedAtMs = status()?.monoMs ?? 0;
    media.child.kill('SIGCONT');
    await until('the daemon to go on', () => (status()?.monoMs ?? 0) > stoppedAtMs + 1000);
  }
  expect(events.slice(before).map(({ text }) => text)).toEqual([]);
  expect(runs()).toBe(true);
  expect(status()?.inputs.map(({ workerPid }) => workerPid)).toEqual(workers);
});
