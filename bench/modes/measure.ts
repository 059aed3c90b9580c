/** One mode, one fault, one run. */
import { monoMs } from '../../src/clock.ts';
import type { ConfigInput } from '../../src/config/schema.ts';
import type { ViewerProcess } from '../../src/lab/viewer/process.ts';
import { type Mode, modes } from '../../src/model/modes.ts';
import { srtLibrary } from '../../src/uplink/srt/library.ts';
import { ModesWorld } from './world.ts';

export type Fault = 'blackout' | 'carrier' | 'gateway' | 'change' | 'settings';

export interface Measured {
  lost: number;
  continuityErrors: number;
  /** When the viewer complained, ms after the fault: the first and the last time. */
  complainedMs: string;
  longestGapMs: number;
  /** From the fault to the event that says what is done about it. */
  verdictMs: number | null;
  /** Of a killed gateway: when the program went to the other one, and when its viewer saw the first picture, ms after the fault. */
  onAir: { switchMs: number; pictureMs: number } | null;
  /** Of the media daemon, s a minute. */
  cpu: number;
}

export interface ModeRun {
  mode: Mode;
  latencyMs: number;
  seed: number;
  fault: Fault;
  darkSeconds: number;
  /** Whether the second gateway is connected before it is needed. */
  spare: 'cold' | 'connected';
  /** Of the emulated Ethernet, one way, from before the measurement on. */
  delayMs: number | null;
}

const decisions = ['destination.path', 'destination.switch', 'path.interface', 'path.state', 'destination.state'];

export async function measureMode({ mode, latencyMs, seed, fault, darkSeconds, spare, delayMs }: ModeRun): Promise<Measured> {
  const networks = fault === 'carrier' ? 'interfaces' : 'emulated';
  const world = new ModesWorld({ mode, latencyMs, seed, networks, gateways: fault === 'gateway' ? 2 : 1, box: { failover: { spare } } });
  const wait = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  try {
    await world.start();
    if (delayMs !== null) await world.emulator.change('eth', { delayMs });
    await wait(5);
    const viewer = world.viewers[fault === 'gateway' ? 1 : 0];
    if (viewer === undefined) throw new Error('there is no viewer');
    await viewer.startMeasuring();
    const [cpuBefore, startMs] = [world.mediaCpuSeconds(), monoMs()];
    await wait(fault === 'gateway' ? 0 : 5);
    const faultMs = monoMs();
    if (fault === 'carrier') world.ip('gateway', 'link', 'set', 'gteth', 'down');
    else if (fault === 'blackout') await world.emulator.change('eth', { down: true });
    else if (fault === 'gateway') world.gateways[0]?.kill('SIGKILL');
    const pictureMs = fault === 'gateway' ? (await firstPictureMs(viewer, darkSeconds)) - faultMs : 0;
    if (fault === 'change') await changeModes(world, mode, 4000);
    else if (fault === 'settings') await changeSettings(world, 4000);
    else await wait(fault === 'gateway' ? Math.max(0, darkSeconds - pictureMs / 1000) : darkSeconds);
    if (fault === 'carrier') world.ip('gateway', 'link', 'set', 'gteth', 'up');
    else if (fault === 'blackout') await world.emulator.change('eth', { down: false });
    await wait(12 + latencyMs / 1000);
    const cpu = ((world.mediaCpuSeconds() - cpuBefore) / (monoMs() - startMs)) * 60_000;
    const seen = await viewer.report([]);
    const first = world.events.find(({ what, monoMs: atMs }) => atMs > faultMs && decisions.includes(what));
    const switched = world.events.find(({ what, monoMs: atMs }) => atMs > faultMs && what === 'destination.switch');
    const times = seen.disturbances.map(({ atMs }) => atMs);
    return {
      lost: seen.picturesLost,
      continuityErrors: seen.continuityErrors,
      complainedMs: times.length === 0 ? '-' : [times[0], times.at(-1)].map((atMs) => Math.round((atMs as number) - faultMs)).join(' to '),
      longestGapMs: seen.longestGapMs,
      verdictMs: first === undefined ? null : Math.round(first.monoMs - faultMs),
      onAir: fault === 'gateway' && switched ? { switchMs: Math.round(switched.monoMs - faultMs), pictureMs: Math.round(pictureMs) } : null,
      cpu: Math.round(cpu * 100) / 100,
    };
  } finally {
    if (process.env.TANDEM_BENCH_LOG) process.stderr.write(world.log());
    await world.stop();
  }
}

/** When it has come, or infinity after `secondsMax`. */
async function firstPictureMs(viewer: ViewerProcess, secondsMax: number): Promise<number> {
  const endMs = monoMs() + secondsMax * 1000;
  while ((await viewer.snapshot()).pictures === 0) {
    if (monoMs() > endMs) return Number.POSITIVE_INFINITY;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return monoMs();
}

/** From `mode` through all the others that this library has, and back, each for `eachMs`. */
export async function changeModes(world: ModesWorld, mode: Mode, eachMs: number): Promise<void> {
  const there = modes.filter((one) => srtLibrary().bonding || (one !== 'broadcast' && one !== 'backup'));
  for (const to of [...there.filter((one) => one !== mode), mode]) {
    await world.command({ name: 'set-mode', destination: 'gateway1', mode: to });
    await world.until(`the mode ${to}`, () => world.status?.destinations[0]?.mode === to);
    await new Promise((resolve) => setTimeout(resolve, eachMs));
  }
}

type Paths = NonNullable<ConfigInput['paths']>;
type Destination = NonNullable<ConfigInput['destinations']>[number];

/** Changes of paths and of the destination in a configuration, each put in force while the program runs, and each for `eachMs`. */
export async function changeSettings(world: ModesWorld, eachMs: number): Promise<void> {
  const { paths = [], destinations = [] } = world.box;
  const [eth, lte] = paths as [Paths[number], Paths[number]];
  const destination = destinations[0] as Destination;
  const to = (changed: Partial<Destination>): Partial<ConfigInput> => ({ destinations: [{ ...destination, ...changed }] });
  const changes: [string, Partial<ConfigInput>][] = [
    ['a longer latency', to({ latencyMs: (destination.latencyMs ?? 1000) + 300 })],
    ['a shorter latency', to({})],
    ['a stream id', to({ streamId: 'another' })],
    ['no stream id', to({})],
    ['a cap', { paths: [eth, { ...lte, maxKbps: 3000 }] }],
    ['priorities', { paths: [{ ...eth, priority: 50 }, lte] }],
    ['an allowance', { paths: [eth, { ...lte, allowanceMb: 5000 }] }],
    ['a smaller MTU', { paths: [{ ...eth, mtuBytes: 1400 }, lte] }],
    ['one path less', { paths: [eth] }],
    ['one path more', { paths: [eth, lte] }],
  ];
  for (const [what, changed] of changes) {
    const reply = await world.reconfigure(changed);
    if (reply.reason !== 'config-changed') throw new Error(`${what}: ${reply.text}`);
    await world.until(`${what} to be in force`, () => world.status?.destinations[0]?.changing !== true && pathsUp(world));
    await new Promise((resolve) => setTimeout(resolve, eachMs));
  }
}

function pathsUp({ status, box }: ModesWorld): boolean {
  const paths = status?.paths ?? [];
  return paths.length === box.paths?.length && paths.every(({ state }) => state === 'up');
}
