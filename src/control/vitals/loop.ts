/** Reads the vitals again and again, and reports what the watches say. */
import { monoMs } from '../../clock.ts';
import type { Logger } from '../../log.ts';
import type { Box } from '../box.ts';
import { vitalsReader } from './read.ts';
import { boxWatches, WatchBoard } from './watch.ts';

const everyMs = 5000;

/** Returns the function that stops it. */
export function watchVitals(box: Box, log: Logger): () => void {
  const { vitals: config, stateDirectory } = box.config.control;
  if (!config.enabled) return () => undefined;
  const reader = vitalsReader('/', stateDirectory);
  const board = new WatchBoard();
  const watches = boxWatches(config);
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let failed = false;
  const turn = async (): Promise<void> => {
    try {
      const vitals = await reader.read();
      if (stopped) return;
      box.setVitals(vitals);
      for (const one of board.judge(watches, vitals, monoMs())) box.report(one);
      failed = false;
    } catch (error) {
      if (!failed) log.warn({ error: (error as Error).message }, 'vitals cannot be read');
      failed = true;
    }
    // After the turn, not by interval: a slow machine is not asked twice at once.
    if (!stopped) timer = setTimeout(() => void turn(), everyMs);
  };
  void turn();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
