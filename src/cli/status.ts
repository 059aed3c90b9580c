/** `tandem status`: what the media daemon says of itself, once or live. */
import { MediaClient } from '../media-client/client.ts';
import { exitCode, FatalError } from '../model/exit.ts';
import type { Status } from '../model/status.ts';
import { untilSignal } from '../signals.ts';
import { statusText } from './status-text.ts';

const answerMsMax = 3000;
const watchEveryMs = 1000;

/** @throws FatalError when no media daemon answers on `socket`. */
export async function showStatus(socket: string, { json, watch }: { json?: boolean; watch?: boolean }): Promise<number> {
  // From the first line on: Ctrl-C is an end like any other, however early it comes.
  const ended = watch ? untilSignal() : null;
  const first = Promise.withResolvers<Status>();
  const show = (status: Status) => {
    if (json) process.stdout.write(`${JSON.stringify(status)}\n`);
    else process.stdout.write(`${watch && process.stdout.isTTY ? '\x1b[2J\x1b[H' : ''}${statusText(status)}\n`);
  };
  let shown = false;
  const client = new MediaClient({
    path: socket,
    statusEveryMs: watchEveryMs,
    onStatus: (status) => {
      if (watch || !shown) show(status);
      shown = true;
      first.resolve(status);
    },
    onEvent: () => undefined,
    onState: () => undefined,
  });
  client.start();
  const silent = setTimeout(
    () =>
      first.reject(
        new FatalError(
          exitCode.unavailable,
          `no media daemon answers on ${socket}: is it running (systemctl status tandem-media), and may this user use its socket?`,
        ),
      ),
    answerMsMax,
  );
  try {
    await Promise.race([first.promise, ...(ended === null ? [] : [ended])]);
    await ended;
    return exitCode.ok;
  } finally {
    clearTimeout(silent);
    client.stop();
  }
}
