/** What goes wrong at a start or in the world: one clear message each, the right exit code or a retry, nothing left running. */
import { createSocket } from 'node:dgram';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ConfigInput } from '../../src/config/schema.ts';
import { statusSchema } from '../../src/model/status.ts';
import { freePort, Place, type Running, until } from './processes.ts';

let place: Place;
beforeEach(() => {
  place = new Place();
});
afterEach(() => place.end());

const box = (patch: Partial<ConfigInput> = {}): ConfigInput => ({
  version: 1,
  // A machine that stops for a moment is no fault of the input.
  inputs: [{ id: 'test', kind: 'test', watch: { stallMs: 5000, cadencePercent: 0 } }],
  program: { width: 320, height: 180, fps: 15, videoKbps: 300 },
  media: { socket: place.path('media.sock') },
  ...patch,
});

/** Processes below `pid` that are still there. */
function children(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((one) => {
      try {
        return new RegExp(`^PPid:\\s+${pid}$`, 'm').test(readFileSync(`/proc/${one}/status`, 'utf8'));
      } catch {
        return false;
      }
    });
}

async function fails(running: Running, code: number, says: RegExp) {
  expect(await running.ended, running.said()).toBe(code);
  expect(running.said()).toMatch(says);
  expect(running.said()).not.toMatch(/\n\s+at /);
}

describe('a start that cannot be', () => {
  it.each(['media', 'control', 'gateway', 'run'])('%s names every mistake of a bad configuration', async (verb) => {
    const file = place.config('bad.yaml', 'version: 1\ninputs:\n  - id: BAD\n    kind: test\npaths:\n  - id: a\n    priorty: 3\n');
    await fails(place.tandem(verb, '--config', file), 78, /2 mistakes[\s\S]*bad\.yaml:3:5 inputs\[0\]\.id[\s\S]*bad\.yaml:7:5 paths\[0\]\.priorty/);
  });

  it('a configuration that does not exist', async () => {
    await fails(place.tandem('config', 'check', place.path('none.yaml')), 78, /none\.yaml does not exist/);
  });

  it('a gateway whose port is taken', async () => {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const file = place.config('gateway.yaml', {
      version: 1,
      gateway: { host: '127.0.0.1', srtlaPort: socket.address().port, streams: [{ id: 's', outputs: [{ kind: 'udp', host: '127.0.0.1', port: 9 }] }] },
    });
    await fails(place.tandem('gateway', '--config', file), 71, /the port is taken/);
    socket.close();
  });

  it('a second media daemon on the same socket', async () => {
    const file = place.config('box.yaml', box());
    place.tandem('media', '--config', file);
    const { status } = place.watch(place.path('media.sock'));
    await until('the first daemon', status);
    await fails(place.tandem('media', '--config', file), 71, /another media daemon already serves/);
  });

  it('a machine without libsrt', async () => {
    const file = place.config('box.yaml', box({ paths: [{ id: 'a' }], destinations: [{ id: 'd', host: '127.0.0.1', port: 9, mode: 'standby' }] }));
    const running = place.run(process.execPath, ['src/main.ts', 'media', '--config', file], { TANDEM_LIBSRT: '/nonexistent/libsrt.so' });
    await fails(running, 69, /libsrt/);
  });

  it('status without a media daemon', async () => {
    await fails(place.tandem('status', '--config', place.config('box.yaml', box())), 69, /no media daemon answers/);
  });

  it('an unknown verb and an unreadable fault', async () => {
    await fails(place.tandem('medai'), 64, /unknown command 'medai'/);
    await fails(place.tandem('demo', '--at', '10s path wifi down'), 64, /cannot read the fault/);
  });
});

describe('a world that is not there yet', () => {
  it.each([
    ['no camera', { id: 'in', kind: 'v4l2', device: '/dev/video97' }, 'source-missing', /camera \/dev\/video97: does not exist/],
    ['no file', { id: 'in', kind: 'file', path: '/nonexistent.ts' }, 'source-missing', /nonexistent\.ts: does not exist/],
    ['an IP camera that does not answer', { id: 'in', kind: 'rtsp', url: 'rtsp://127.0.0.1:9/x' }, 'source-unreachable', /RTSP rtsp:\/\/127\.0\.0\.1:9\/x/],
  ] as const)('%s: tried again with back-off, told once', async (_, input, reason, text) => {
    const media = place.tandem('media', '--config', place.config('box.yaml', box({ inputs: [{ ...input }] })));
    const { status, events } = place.watch(place.path('media.sock'));
    await until('the third try', () => (status()?.inputs[0]?.restarts ?? 0) >= 3);
    expect(status()?.inputs[0]).toMatchObject({ state: 'waiting', reason });
    const told = events.filter(({ subject }) => subject.kind === 'input' && subject.id === 'in');
    expect(told.filter((event) => event.reason === reason)).toHaveLength(1);
    expect(told.find((event) => event.reason === reason)?.text).toMatch(text);
    await ends(media);
  });

  it('no GStreamer: the input says so, and the daemon stays', async () => {
    const media = place.run(process.execPath, ['src/main.ts', 'media', '--config', place.config('box.yaml', box())], {
      GST_PLUGIN_SYSTEM_PATH_1_0: place.directory,
      GST_PLUGIN_PATH_1_0: place.directory,
      GST_REGISTRY_1_0: place.path('registry'),
    });
    const { status } = place.watch(place.path('media.sock'));
    await until('the verdict', () => status()?.inputs[0]?.reason === 'element-missing');
    expect(status()?.inputs[0]?.text).toMatch(/tandem doctor/);
    await ends(media);
  });

  it('an unreachable gateway: called again with back-off, told once, and reached when it comes', async () => {
    const port = await freePort();
    const media = place.tandem(
      'media',
      '--config',
      place.config('box.yaml', box({ paths: [{ id: 'a' }], destinations: [{ id: 'd', mode: 'standby', host: '127.0.0.1', port, latencyMs: 100 }] })),
    );
    const { status, events } = place.watch(place.path('media.sock'));
    await until('a failed call', () => events.some(({ subject, to }) => subject.kind === 'destination' && to === 'waiting'));
    place.tandem(
      'gateway',
      '--config',
      place.config('gateway.yaml', {
        version: 1,
        gateway: { host: '127.0.0.1', srtlaPort: port, streams: [{ id: 's', outputs: [{ kind: 'udp', host: '127.0.0.1', port: 9 }] }] },
      }),
    );
    await until('the connection', () => status()?.destinations[0]?.state === 'connected');
    expect(events.filter(({ subject, to }) => subject.kind === 'destination' && to === 'waiting')).toHaveLength(1);
    await until('the program', () => status()?.program.state === 'on-air');
    await ends(media);
  });
});

it('the status, once as JSON for scripts and once for people', async () => {
  const file = place.config('box.yaml', box());
  place.tandem('media', '--config', file);
  const watched = place.watch(place.path('media.sock'));
  await until('the input on air', () => watched.status()?.inputs[0]?.onAir);
  const json = place.tandem('status', '--config', file, '--json');
  expect(await json.ended, json.said()).toBe(0);
  expect(statusSchema.parse(JSON.parse(json.said()))).toMatchObject({ program: { input: 'test' }, inputs: [{ id: 'test', state: 'running' }] });
  const text = place.tandem('status', '--config', file);
  expect(await text.ended).toBe(0);
  expect(text.said()).toMatch(/input +test +running/);
});

it('a name that does not resolve is told as such', async () => {
  const media = place.tandem(
    'media',
    '--config',
    place.config('box.yaml', box({ paths: [{ id: 'a' }], destinations: [{ id: 'd', host: 'gateway.invalid', port: 5000 }] })),
  );
  const { status } = place.watch(place.path('media.sock'));
  await until('the verdict', () => status()?.destinations[0]?.reason === 'name-unresolved');
  await ends(media);
});

/** Ends the daemon as systemd does; its workers go with it. */
async function ends(media: Running) {
  const pid = media.child.pid as number;
  const workers = children(pid);
  media.child.kill('SIGTERM');
  expect(await media.ended, media.said()).toBe(0);
  await until('the workers to be gone', () => workers.every((worker) => !existsSync(`/proc/${worker}`)));
}
