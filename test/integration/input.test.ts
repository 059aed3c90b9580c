/** The input with real workers: what it delivers, how it follows orders, and how it comes back from what breaks. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { monoMs } from '../../src/clock.ts';
import type { inputSchema, programSchema } from '../../src/config/schema.ts';
import { InputRig, probe } from './input-rig.ts';
import { Place, until } from './processes.ts';

let place: Place;
let rig: InputRig | null = null;
beforeEach(() => {
  place = new Place();
});
afterEach(async () => {
  await rig?.input.stop();
  rig = null;
  await place.end();
});

function start(config: z.input<typeof inputSchema>, program: z.input<typeof programSchema> = {}): InputRig {
  rig = new InputRig(config, program);
  return rig;
}

const small = { width: 320, height: 180, fps: 15, videoKbps: 300 };
const seconds = (count: number) => new Promise((resolve) => setTimeout(resolve, count * 1000));

describe('the test source', () => {
  it('delivers H.264 and AAC in the format of the program', async () => {
    const one = start({ id: 'test', kind: 'test' }, { width: 1280, height: 720, fps: 30, videoKbps: 2000 });
    await until('a megabyte', () => one.bytes > 1_000_000);
    const { video, audio } = probe(one.data, place.path('out.ts'));
    expect(video).toMatchObject({ codec_name: 'h264', width: 1280, height: 720, avg_frame_rate: '30/1' });
    expect(audio).toMatchObject({ codec_name: 'aac', sample_rate: '48000' });
    expect(one.status()).toMatchObject({ state: 'running', reason: 'started', restarts: 0 });
    expect(one.changes()).toEqual(['starting starting', 'running started']);
  });

  it('follows the bitrate while it runs, in the same worker', async () => {
    const one = start({ id: 'test', kind: 'test', pattern: 'snow' }, { ...small, videoKbps: 2000 });
    await until('data', () => one.bytes > 100_000);
    const pid = one.input.workerPid;
    // What is late of one span comes in the next.
    const measure = async () => {
      one.forget();
      const sinceMs = monoMs();
      await seconds(4);
      return (one.bytes * 8) / (monoMs() - sinceMs);
    };
    const reaches = async (what: string, enough: (kbps: number) => boolean) => {
      const seen: number[] = [];
      while (!enough(seen.at(-1) ?? Number.NaN)) {
        expect(seen.length, `${what}: ${seen.join(', ')} kbit/s`).toBeLessThan(6);
        seen.push(Math.round(await measure()));
      }
    };
    await reaches('at 2000 kbit/s', (kbps) => kbps > 1500);
    one.input.setVideoKbps(500);
    await seconds(1);
    await reaches('at 500 kbit/s', (kbps) => kbps < 1200);
    expect(one.input.workerPid).toBe(pid);
    expect(one.status()).toMatchObject({ targetKbps: 500, restarts: 0 });
  });

  it('shows what it sees as a JPEG, and hears its tone', async () => {
    const one = start({ id: 'test', kind: 'test' }, small);
    await until('data', () => one.bytes > 0);
    const jpeg = await one.input.snapshot(10_000);
    expect([...jpeg.subarray(0, 3)]).toEqual([0xff, 0xd8, 0xff]);
    // A sine at volume 0.2: an RMS of 20·log10(0.2/√2) = −17 dBFS.
    await until('a level', () => one.status().audioDb !== null);
    expect(one.status().audioDb).toBeGreaterThan(-21);
    expect(one.status().audioDb).toBeLessThan(0);
  });
});

describe('a worker', () => {
  it('that is killed is replaced, and the input tells it in two changes', async () => {
    const one = start({ id: 'test', kind: 'test' }, small);
    await until('data', () => one.bytes > 0);
    const killed = one.input.workerPid as number;
    process.kill(killed, 'SIGKILL');
    await until('the verdict', () => one.status().state === 'waiting');
    expect(one.status()).toMatchObject({ reason: 'worker-exited', restarts: 1 });
    await until('the recovery', () => one.status().state === 'running');
    expect(one.changes().slice(2)).toEqual(['waiting worker-exited', 'running recovered']);
    expect(one.input.workerPid).not.toBe(killed);
  });

  it('that hangs is found by its missing proof of life, and replaced', async () => {
    const one = start({ id: 'test', kind: 'test' }, small);
    await until('data', () => one.bytes > 0);
    const hung = one.input.workerPid as number;
    process.kill(hung, 'SIGSTOP');
    await until('the verdict', () => one.status().state === 'waiting');
    expect(one.status().reason).toBe('worker-hung');
    await until('the recovery', () => one.status().state === 'running');
    expect(() => process.kill(hung, 0)).toThrow(/ESRCH/);
  });

  it('goes with its input', async () => {
    const one = start({ id: 'test', kind: 'test' }, small);
    await until('data', () => one.bytes > 0);
    const pid = one.input.workerPid as number;
    await one.input.stop();
    expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
    expect(one.status()).toMatchObject({ state: 'off', workerPid: null });
  });
});

it('a camera that is not there is told once, and tried again with back-off', async () => {
  const one = start({ id: 'cam', kind: 'v4l2', device: '/dev/video97' }, small);
  await until('the third try', () => one.status().restarts >= 3);
  expect(one.changes()).toEqual(['starting starting', 'waiting source-missing']);
  expect(one.status()).toMatchObject({ state: 'waiting', reason: 'source-missing' });
});
