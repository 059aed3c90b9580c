/** The whole chain, on air, and media killed again and again: how long the viewer has no pictures. */
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { monoMs } from '../../src/clock.ts';
import { DemoRun } from '../../src/demo/run.ts';

/** Long enough for the state before to be what it is in a day. */
const betweenMs = 8000;
const backMsMax = 20_000;

export async function mediaKills(kills = 5): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-bench-'));
  const run = new DemoRun({ directory, seed: 1, latencyMs: 1000, faults: [], logFile: openSync(join(directory, 'log'), 'a'), say: () => undefined });
  try {
    await run.start();
    void run.measure(null);
    for (let n = 1; n <= kills; n++) {
      await delay(betweenMs);
      await run.seen();
      const [pid, before, sinceMs] = [run.status?.pid, run.events.length, monoMs()];
      if (pid === undefined) throw new Error('media says nothing');
      process.kill(pid, 'SIGKILL');
      const onAir = () => run.events.slice(before).find(({ what, to }) => what === 'program.state' && to === 'on-air');
      while (onAir() === undefined && monoMs() - sinceMs < backMsMax) await delay(10);
      const heard = onAir();
      await delay(4000);
      // The viewer's gap: both ends of it are late by the same latency.
      const { longestGapMs, picturesLost, continuityErrors } = await run.seen();
      console.log(
        `kill ${n}: on air again after ${heard === undefined ? 'NOT AT ALL' : `${Math.round(heard.monoMs - sinceMs)} ms`} by media's own word; ` +
          `viewer: ${Math.round(longestGapMs)} ms without a picture, ${picturesLost} lost, ${continuityErrors} continuity errors (bar: 2000 ms)`,
      );
    }
  } finally {
    await run.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}
