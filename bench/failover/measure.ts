/** One row of the table: the chain with a source and a spare, broken and healed several times. */
import { monoMs } from '../../src/clock.ts';
import type { DemoRun } from '../../src/demo/run.ts';
import { isOnAir, settleMs, switched, untilOnAir, wait, withChain } from './chain.ts';
import type { Rig, Row } from './faults.ts';

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
  /** From the input being well again to the decision to return to it. */
  heldMs: number | null;
}

/** Short, so that many runs are soon done; it grows no further. */
export const holdDownMs = 1000;
const switching = { holdDownMs, holdDownMsMax: 1500 };
/** Only the source is measured: a spare that stutters on a busy machine is to be there nonetheless. */
const spare = { id: 'spare', kind: 'test', pattern: 'ball', text: 'spare', watch: { stallMs: 1000, cadencePercent: 0 } } as const;

export async function measureRow(row: Row, runs: number, seed: number): Promise<Run[]> {
  const rig = await row.rig();
  const found: Run[] = [];
  try {
    await withChain({ inputs: [rig.input, { ...spare, watch: { ...spare.watch } }], seed, switching }, async (run) => {
      for (let i = 0; i < runs; i++) {
        // Not only at one moment: where it stutters itself, nothing is broken by us.
        do {
          await untilOnAir(run, 'main', 60_000);
          // At another place of the group of pictures each time.
          await wait(settleMs + ((i * 370) % 1000));
        } while (!isOnAir(run, 'main'));
        found.push(await breakOnce(run, rig));
      }
    });
  } finally {
    await rig.stop();
  }
  return found;
}

async function breakOnce(run: DemoRun, rig: Rig): Promise<Run> {
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
  const well = run.events.findLast(
    ({ subject, to, monoMs: atMs }) => subject.kind === 'input' && subject.id === 'main' && (to === 'running' || to === 'good') && atMs <= (back?.monoMs ?? 0),
  );
  return {
    decisionMs: left === null ? null : left.monoMs - (left.tookMs ?? 0) - brokenMs,
    reason: left?.reason ?? 'none',
    to: left?.to ?? '–',
    fault,
    back: await run.seen(),
    backMs: back === null ? null : back.monoMs - brokenMs,
    heldMs: back === null || well === undefined ? null : back.monoMs - (back.tookMs ?? 0) - well.monoMs,
  };
}
