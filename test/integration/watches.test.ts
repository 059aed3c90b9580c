/** Each watch on a real source through a real worker: what breaks is called by its own reason, and what does not is left alone. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { monoMs } from '../../src/clock.ts';
import type { inputSchema } from '../../src/config/schema.ts';
import { initialHealth, judgeHealth, type Verdict } from '../../src/engine/health.ts';
import { CameraProcess } from '../../src/lab/camera/process.ts';
import { makeClip } from '../../src/lab/clip.ts';
import { EmulatorProcess } from '../../src/lab/emulator/process.ts';
import { profiles } from '../../src/lab/emulator/profiles.ts';
import { Feed } from '../../src/switcher/feed.ts';
import { InputRig } from './input-rig.ts';
import { freePort, Place, type Running, until } from './processes.ts';

const small = { width: 320, height: 180, fps: 25, videoKbps: 500 };

let place: Place;
let rig: InputRig | null = null;
let judging: NodeJS.Timeout | undefined;
const camera = new CameraProcess();
const emulator = new EmulatorProcess();

beforeEach(() => {
  place = new Place();
});
afterEach(async () => {
  clearInterval(judging);
  await rig?.input.stop();
  rig = null;
  await Promise.all([camera.stop(), emulator.stop(), place.end()]);
});

type Config = z.input<typeof inputSchema>;
type Watch = NonNullable<Config['watch']>;

/** The input, judged each 50 ms as the media daemon does it. `reasons` are those that were given, each once. */
function start(config: Config): { one: InputRig; verdict(): Verdict; reasons: Set<string> } {
  const one = new InputRig(config, small);
  rig = one;
  const feed = new Feed({ onUnit: () => undefined });
  let fed = 0;
  let state = initialHealth;
  let verdict: Verdict = { usable: false, reason: 'starting', score: 0 };
  const reasons = new Set<string>();
  judging = setInterval(() => {
    const { data } = one;
    if (data.length > fed) feed.push(data.subarray(fed));
    fed = data.length;
    const nowMs = monoMs();
    const judged = judgeHealth(state, one.input.sample(nowMs, feed.figures), nowMs, one.input.config.watch);
    state = judged.state;
    verdict = judged.verdict;
    if (!verdict.usable && one.input.delivering) reasons.add(verdict.reason);
  }, 50);
  return { one, verdict: () => verdict, reasons };
}

const seconds = (count: number) => new Promise((resolve) => setTimeout(resolve, count * 1000));

describe('the content watches', () => {
  const off: Watch = { stallMs: 0, frozenMs: 0, blackMs: 0, silenceMs: 0, continuityPerSecond: 0, cadencePercent: 0 };

  it.each([
    ['frozen-picture', { frozenMs: 1000 }, () => camera.show('frozen'), () => camera.show('moving')],
    ['black-picture', { blackMs: 1000 }, () => camera.show('black'), () => camera.show('moving')],
    ['silence', { silenceMs: 1000 }, () => camera.sound(false), () => camera.sound(true)],
    ['no-data', { stallMs: 300 }, async () => camera.signal('SIGSTOP'), async () => camera.signal('SIGCONT')],
  ] as const)('find %s, and its end', async (reason, watch, fail, heal) => {
    const port = await freePort();
    await camera.start({ host: '127.0.0.1', port });
    const { verdict, reasons } = start({ id: 'main', kind: 'udp', host: '127.0.0.1', port, timeoutMs: 20_000, watch: { ...off, ...watch } });
    await until('the camera', () => verdict().usable);
    await seconds(2);
    await fail();
    await until(reason, () => verdict().reason === reason);
    await heal();
    await until('its end', () => verdict().usable);
    expect([...reasons]).toEqual([reason]);
  });
});

describe('a source', () => {
  const clip = { kbps: 1500, width: 320, height: 180, fps: 25, seconds: 20 };
  const none: Watch = { stallMs: 0, frozenMs: 0, blackMs: 0, silenceMs: 0, continuityPerSecond: 0, cadencePercent: 0 };
  /** Well for some seconds, and not only at one moment. A machine that stops for a second loses packets, which is told for three. */
  async function staysWell(verdict: () => Verdict): Promise<void> {
    await seconds(3);
    await until('the source to be well', () => verdict().usable);
  }

  function play(file: string, url: string): Running {
    return place.run('ffmpeg', ['-v', 'error', '-re', '-stream_loop', '-1', '-i', file, '-c', 'copy', '-muxrate', '1600k', '-f', 'mpegts', url]);
  }

  it.each([true, false])('whose network loses packets has continuity errors (passed through: %s)', async (passThrough) => {
    const port = await freePort();
    const ports = await emulator.start([{ id: 'lan', to: { address: '127.0.0.1', port }, profile: profiles.perfect, seed: 1 }]);
    const { verdict, one } = start({ id: 'main', kind: 'udp', host: '127.0.0.1', port, passThrough, watch: { ...none, continuityPerSecond: 5 } });
    await until('the listener', () => one.changes().includes('waiting source-waiting'));
    play(await makeClip(clip), `udp://127.0.0.1:${ports.lan}?pkt_size=1316`);
    await until('the source', () => verdict().usable);
    await staysWell(verdict);
    await emulator.change('lan', { lossPercent: 20 });
    await until('continuity errors', () => verdict().reason === 'continuity-errors');
    await emulator.change('lan', { lossPercent: 0 });
    await until('their end', () => verdict().usable);
  });

  it('that sends far less than is expected of it has a low bitrate', async () => {
    const port = await freePort();
    const watch = { ...none, expectedKbps: 1600, bitratePercent: 50, bitrateMs: 1000 };
    const { verdict, one } = start({ id: 'main', kind: 'udp', host: '127.0.0.1', port, timeoutMs: 20_000, watch });
    await until('the listener', () => one.changes().includes('waiting source-waiting'));
    const rich = play(await makeClip(clip), `udp://127.0.0.1:${port}?pkt_size=1316`);
    await until('the source', () => verdict().usable && (one.status().source.arrivingKbps ?? 0) > 1200);
    await staysWell(verdict);
    rich.child.kill('SIGKILL');
    place.run('ffmpeg', [
      ...['-v', 'error', '-re', '-stream_loop', '-1', '-i', await makeClip({ ...clip, kbps: 400 }), '-c', 'copy', '-muxrate', '450k'],
      ...['-f', 'mpegts', `udp://127.0.0.1:${port}?pkt_size=1316`],
    ]);
    await until('the verdict', () => verdict().reason === 'low-bitrate');
  });

  it('that gives few pictures is counted by those that it gives, not by those that the program shows', async () => {
    const port = await freePort();
    const { one } = start({ id: 'main', kind: 'udp', host: '127.0.0.1', port, watch: none });
    await until('the listener', () => one.changes().includes('waiting source-waiting'));
    play(await makeClip({ ...clip, fps: 10 }), `udp://127.0.0.1:${port}?pkt_size=1316`);
    await until('the source', () => one.input.delivering);
    await seconds(3);
    // The program shows 25. A second in which the machine stops has fewer, and the next one more.
    await until('ten a second', () => Math.abs((one.status().source.pictureFps ?? 0) - 10) < 2);
  });

  it('that gives less than half of the program’s pictures has a low cadence, until it gives enough', async () => {
    const port = await freePort();
    const { verdict, one, reasons } = start({
      id: 'main',
      kind: 'udp',
      host: '127.0.0.1',
      port,
      timeoutMs: 20_000,
      watch: { ...none, cadencePercent: 50, cadenceMs: 2000 },
    });
    await until('the listener', () => one.changes().includes('waiting source-waiting'));
    const slow = play(await makeClip({ ...clip, fps: 10 }), `udp://127.0.0.1:${port}?pkt_size=1316`);
    await until('the verdict', () => verdict().reason === 'cadence-low');
    slow.child.kill('SIGKILL');
    await slow.ended;
    play(await makeClip(clip), `udp://127.0.0.1:${port}?pkt_size=1316`);
    await until('its end', () => verdict().usable);
    expect([...reasons]).toEqual(['cadence-low']);
  });

  it.each([
    ['source-lossy', { lossPercent: 4 }, { lossPercent: 15 }],
    ['source-retransmits', { retransmitPercent: 4 }, { lossPercent: 15 }],
    ['source-slow', { rttMs: 150 }, { delayMs: 200 }],
  ] as const)('over SRT whose network is bad is %s', async (reason, watch, change) => {
    const port = await freePort();
    // A machine that stops for two seconds makes nothing too late.
    const latencyMs = 3000;
    const link = { ...profiles.perfect, delayMs: 10 };
    const ports = await emulator.start([{ id: 'cell', to: { address: '127.0.0.1', port }, profile: link, seed: 2 }]);
    const { verdict, one } = start({ id: 'main', kind: 'srt', host: '127.0.0.1', port, latencyMs, watch: { ...none, ...watch } });
    await until('the listener', () => one.changes().includes('waiting source-waiting'));
    play(await makeClip(clip), `srt://127.0.0.1:${ports.cell}?mode=caller&latency=${latencyMs * 1000}`);
    await until('the source', () => verdict().usable);
    await staysWell(verdict);
    await emulator.change('cell', change);
    await until(reason, () => verdict().reason === reason);
    if ('lossPercent' in change) {
      const { lostPackets = 0, retransmittedPackets = 0, droppedPackets } = one.status().source;
      // What was missing was sent again at least once, and came in time.
      expect(retransmittedPackets).toBeGreaterThan(lostPackets / 2);
      expect(droppedPackets).toBe(0);
    }
    await emulator.change('cell', link);
    await until('its end', () => verdict().usable);
  });
});
