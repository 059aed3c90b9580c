/** One row of the table: the chain with a source and a spare, broken and healed several times. */
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monoMs } from '../../src/clock.ts';
import { DemoRun } from '../../src/demo/run.ts';
import type { TandemEvent } from '../../src/model/event.ts';
import type { Row } from './faults.ts';

export interface Phase {
  continuityErrors: number;
  picturesLost: number;
  picturesRepeated: number;
  ptsJumps: number;
  pcrJumps: number;
  longestGapMs: number;
}

export interface Run {
  /** From the fault to the decision to leave the input; null: no such decision. */
  decisionMs: number | null;
  /** What the decision rested on. */
  reason: string;
  to: string;
  fault: Phase;
  /** From the fault's end until the source is on air again, and a little longer. */
  back: Phase;
  /** From the fault to being on air again. */
  backMs: number | null;
}

export const program = { width: 640, height: 360, fps: 30, videoKbps: 1500 };
export const latencyMs = 1000;
/** The transport's delay, and what a late viewer needs. */
const settleMs = latencyMs + 1000;

export const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits for a switch of the program that was published after `sinceMs`. */
export async function switched(run: DemoRun, sinceMs: number, wanted: (event: TandemEvent) => boolean, msMax: number): Promise<TandemEvent | null> {
  const untilMs = monoMs() + msMax;
  while (monoMs() < untilMs) {
    const found = run.events.find((event) => event.what === 'program.switch' && event.monoMs >= sinceMs && wanted(event));
    if (found !== undefined) return found;
    await wait(20);
  }
  return null;
}

const onAir = (run: DemoRun, id: string): boolean => run.status?.inputs.find((one) => one.id === id)?.onAir === true;

async function untilOnAir(run: DemoRun, id: string, msMax: number): Promise<boolean> {
  const untilMs = monoMs() + msMax;
  while (!onAir(run, id) && monoMs() < untilMs) await wait(50);
  return onAir(run, id);
}

export async function measureRow(row: Row, runs: number, seed: number): Promise<Run[]> {
  const rig = await row.rig();
  const directory = mkdtempSync(join(tmpdir(), 'tandem-bench-'));
  const run = new DemoRun({
    directory,
    seed,
    latencyMs,
    faults: [],
    logFile: openSync(join(directory, 'log'), 'a'),
    world: {
      inputs: [rig.input, { id: 'spare', kind: 'test', pattern: 'ball', text: 'spare' }],
      program,
      // Short, so that many runs are soon done; it grows no further.
      switching: { holdDownMs: 1000, holdDownMsMax: 1500 },
    },
    say: () => undefined,
  });
  const found: Run[] = [];
  try {
    await run.start();
    for (let i = 0; i < runs; i++) {
      if (!(await untilOnAir(run, 'main', 30_000))) throw new Error(`${row.name}: the source is not on air`);
      // At another place of the group of pictures each time.
      await wait(settleMs + ((i * 370) % 1000));
      found.push(await breakOnce(run, rig));
    }
  } finally {
    await rig.stop();
    await run.stop();
    rmSync(directory, { recursive: true, force: true });
  }
  return found;
}

async function breakOnce(run: DemoRun, rig: Awaited<ReturnType<Row['rig']>>): Promise<Run> {
  await run.seen();
  const brokenMs = monoMs();
  await rig.break(run);
  const left = await switched(run, brokenMs, ({ from, to }) => from === 'main' || to !== 'main', 6000);
  await wait(settleMs);
  const fault = await run.seen();
  const healedMs = monoMs();
  await rig.heal();
  // What heals by itself may have done so already.
  const back = await switched(run, left?.monoMs ?? healedMs, ({ to }) => to === 'main', 30_000);
  await wait(settleMs);
  return {
    decisionMs: left === null ? null : left.monoMs - (left.tookMs ?? 0) - brokenMs,
    reason: left?.reason ?? 'none',
    to: left?.to ?? '–',
    fault,
    back: await run.seen(),
    backMs: back === null ? null : back.monoMs - brokenMs,
  };
}
