/** One run of one row: sender, emulated links, receiver and viewer as processes of their own. */
import { monoMs } from '../../src/clock.ts';
import { makeClip } from '../../src/lab/clip.ts';
import { EmulatorProcess } from '../../src/lab/emulator/process.ts';
import { ReceiverProcess } from '../../src/lab/receiver/process.ts';
import { SenderProcess, type SenderStatus } from '../../src/lab/sender/process.ts';
import { ViewerProcess } from '../../src/lab/viewer/process.ts';
import type { Row } from './rows.ts';

export interface Run {
  picturesLost: number;
  pictures: number;
  continuityErrors: number;
  kbps: number;
  /** From the last delivery of the first link that went down to the verdict. */
  outOfUseMs: number | null;
  /** Adaptive: from the session to the most that is allowed; and the least that was made after that. */
  atMostMs: number | null;
  kbpsLowest: number;
  cpuSecondsAMinute: number;
  /** Longest pauses of the sender's and the emulator's loops. */
  hiccups: number[];
}

const upMsMax = 15_000;
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export async function measure(row: Row, seed: number): Promise<Run> {
  const clip = await makeClip({ kbps: row.adaptive?.maxKbps ?? row.kbps, width: 1280, height: 720, fps: 30, seconds: row.seconds + 5 });
  const [emulator, receiver, viewer, sender] = [new EmulatorProcess(), new ReceiverProcess(), new ViewerProcess(), new SenderProcess()];
  try {
    const port = await receiver.start(await viewer.start());
    const ids = row.links.map((_, index) => `link${index}`);
    const ports = await emulator.start(
      row.links.map(({ profile }, index) => ({ id: ids[index] as string, to: { address: '127.0.0.1', port }, profile, seed: seed * 16 + index })),
    );
    const paths = ids.map((id, index) => ({ id, via: { host: '127.0.0.1', port: ports[id] as number }, priority: row.links[index]?.priority ?? 10 }));
    await sender.start({ clip, kbps: row.kbps, port, latencyMs: row.latencyMs, paths, ...(row.adaptive === undefined ? {} : { adaptive: row.adaptive }) });
    await untilUp(sender);
    await wait(row.latencyMs + 500);
    await viewer.startMeasuring();
    return await observe(row, { emulator, viewer, sender, ids });
  } finally {
    await Promise.all([sender.stop(), emulator.stop(), receiver.stop(), viewer.stop()]);
  }
}

async function untilUp(sender: SenderProcess): Promise<void> {
  const untilMs = monoMs() + upMsMax;
  while (monoMs() < untilMs) {
    const { connected, paths } = await sender.status();
    if (connected && paths.every(({ state }) => state === 'up')) return;
    await wait(50);
  }
  throw new Error(`the links are not up after ${upMsMax / 1000} s`);
}

interface World {
  emulator: EmulatorProcess;
  viewer: ViewerProcess;
  sender: SenderProcess;
  ids: string[];
}

async function observe(row: Row, { emulator, viewer, sender, ids }: World): Promise<Run> {
  const before = await sender.status();
  const startMs = monoMs();
  let outOfUseMs: number | null = null;
  for (const { atMs, link, patch } of [...(row.changes ?? [])].sort((a, b) => a.atMs - b.atMs)) {
    await wait(Math.max(0, startMs + atMs - monoMs()));
    const changedMs = monoMs();
    await emulator.change(ids[link] as string, patch);
    if (patch.down !== true || outOfUseMs !== null) continue;
    const sinceMs = await suspected(sender, link, changedMs);
    // What was on its way when the link went down arrives still.
    if (sinceMs !== null) outOfUseMs = sinceMs - changedMs - (row.links[link]?.profile.delayMs ?? 0);
  }
  let kbpsLowest = Number.POSITIVE_INFINITY;
  do {
    const { playedKbps, atMostMs } = await sender.status();
    if (atMostMs !== null) kbpsLowest = Math.min(kbpsLowest, playedKbps);
    await wait(200);
  } while (monoMs() < startMs + row.seconds * 1000);
  const after = await sender.status();
  const seen = await viewer.report([]);
  const { hiccupMsMax } = await emulator.pause();
  return {
    picturesLost: seen.picturesLost,
    pictures: seen.pictures,
    continuityErrors: seen.continuityErrors,
    kbps: seen.kbps,
    outOfUseMs,
    atMostMs: after.atMostMs,
    kbpsLowest,
    cpuSecondsAMinute: ((after.cpuSeconds - before.cpuSeconds) * 60_000) / (monoMs() - startMs),
    hiccups: [after.hiccupMsMax, hiccupMsMax],
  };
}

/** A suspicion from before the fault, by a pause of this machine, is no verdict on it. */
async function suspected(sender: SenderProcess, link: number, afterMs: number): Promise<number | null> {
  for (let tries = 0; tries < 8; tries++) {
    await wait(20);
    const status: SenderStatus = await sender.status();
    const sinceMs = status.suspectSinceMs[link];
    if (sinceMs !== null && sinceMs !== undefined) return sinceMs >= afterMs ? sinceMs : null;
  }
  return null;
}
