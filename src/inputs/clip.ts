/** Records some seconds of an input, encoded as the program is: what the slate is made of. */
import type { InputSettings, ProgramConfig } from '../config/schema.ts';
import type { Logger } from '../log.ts';
import type { Reason } from '../model/reasons.ts';
import { detectPlatform } from './platform.ts';
import { WorkerProcess } from './worker-process.ts';

/** Node, GStreamer and an encoder on a slow board, and then the clip itself in real time. */
const startMsMax = 60_000;
/** A few seconds at the highest bitrate: what is more is no clip. */
const bytesMax = 64 * 1024 * 1024;

export type Recorded = { ok: true; bytes: Buffer } | { ok: false; reason: Reason; text: string };

/** Records `ms`, or up to the source's end where that comes first. Never rejects. `signal` ends it early. */
export function recordClip(input: InputSettings, program: ProgramConfig, ms: number, log: Logger, signal: AbortSignal): Promise<Recorded> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let ended = false;
    let timer = setTimeout(() => finish({ ok: false, reason: 'no-data', text: `${input.id}: nothing came within ${startMsMax / 1000} s` }), startMsMax);
    const finish = (result: Recorded): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      void worker.kill();
      resolve(result);
    };
    const abort = (): void => finish({ ok: false, reason: 'stopped', text: `${input.id}: stopped` });
    const worker = new WorkerProcess({
      input,
      program,
      platform: detectPlatform(),
      log,
      onData: (chunk) => {
        if (bytes === 0) {
          clearTimeout(timer);
          timer = setTimeout(() => finish({ ok: true, bytes: Buffer.concat(chunks) }), ms);
        }
        bytes += chunk.length;
        if (bytes <= bytesMax) chunks.push(chunk);
      },
      onMessage: (message) => {
        if (message.type !== 'failed') return;
        ended = message.reason === 'end-of-stream';
        if (!ended) finish({ ok: false, reason: message.reason, text: message.text });
      },
      onEnd: () =>
        finish(
          ended && bytes > 0
            ? { ok: true, bytes: Buffer.concat(chunks) }
            : { ok: false, reason: 'worker-exited', text: `${input.id}: the encoder process ended` },
        ),
    });
    signal.addEventListener('abort', abort);
  });
}
