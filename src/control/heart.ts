/** Tells the service manager that control works: after a turn in which the box was looked at and the page answered, over its own port. */
import type { Logger } from '../log.ts';
import { status, watchdog, watchdogMs } from '../systemd-notify.ts';
import type { Box } from './box.ts';

/** Without a watchdog the turn still runs, so that development sees what systemd would. */
const restEveryMs = 10_000;

/** @param pageAnswers true also where there is no page. Returns the function that stops it. */
export function startHeart(box: Box, pageAnswers: () => Promise<boolean>, log: Logger): () => void {
  const everyMs = Math.min(restEveryMs, (watchdogMs() ?? Number.POSITIVE_INFINITY) / 3);
  let missed = 0;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const turn = async (): Promise<void> => {
    const { onAir, media, mqtt } = box.snapshot();
    const answers = await pageAnswers();
    if (answers) {
      missed = 0;
      watchdog();
      status(`${media.state !== 'connected' ? 'media does not answer' : onAir ? 'on air' : 'not on air'}, broker ${mqtt.state}`);
    } else if (++missed === 2) log.error('the page does not answer its own daemon');
    if (!stopped) timer = setTimeout(() => void turn(), everyMs);
  };
  void turn();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
