/** Makes the slate at the start: a still picture through the program's own encoder, once. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config/schema.ts';
import { inputSchema } from '../config/schema.ts';
import { type BackoffState, nextTry, noFailures } from '../engine/backoff.ts';
import { recordClip } from '../inputs/clip.ts';
import type { Logger } from '../log.ts';
import { type Notice, notice } from '../model/event.ts';
import { type Clip, readClip } from '../switcher/slate.ts';
import { slateId } from '../switcher/switcher.ts';

const backoff = { firstMs: 2000, maxMs: 60_000, stableMs: 60_000 };
/** One group of pictures and the sound to it; more would only be the same again. */
const clipMs = 2500;

export interface SlateMakerOptions {
  config: Config;
  onClip(clip: Clip): void;
  onNotice(one: Notice): void;
  log: Logger;
}

/** Tries until it has a slate, telling once why it has none. Returns the function that stops it. */
export function startSlate({ config, onClip, onNotice, log }: SlateMakerOptions): () => void {
  const aborter = new AbortController();
  void make(config, onClip, onNotice, log, aborter.signal);
  return () => aborter.abort();
}

async function make(
  { slate, program, box }: Config,
  onClip: (clip: Clip) => void,
  onNotice: (one: Notice) => void,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  let state: BackoffState = noFailures;
  let path = slate.path;
  let told = '';
  while (!signal.aborted) {
    const input = inputSchema.parse({ id: slateId, kind: 'picture', text: slate.text ?? box.name, ...(path === undefined ? {} : { path }) });
    const recorded = await recordClip(input, program, clipMs, log, signal);
    if (signal.aborted) return;
    const clip = recorded.ok ? readClip(recorded.bytes, 90_000 / program.fps) : null;
    if (clip !== null) return onClip(clip);
    const [reason, text] = recorded.ok ? (['encoder-failed', 'no key frame in it'] as const) : ([recorded.reason, recorded.text] as const);
    if (told !== reason) {
      told = reason;
      const instead = path === undefined ? 'without it the program stands still while no input works' : 'a made one is used instead';
      onNotice(
        notice({
          severity: 'warning',
          subject: { kind: 'input', id: slateId },
          what: 'slate.state',
          to: 'missing',
          reason,
          text: `the slate cannot be made: ${text}; ${instead}`,
        }),
      );
    }
    // Somebody's own picture that cannot be used must not leave the program without any.
    if (path !== undefined) {
      path = undefined;
      continue;
    }
    const next = nextTry(state, 0, Math.random(), backoff);
    state = next.state;
    await delay(next.delayMs, undefined, { signal }).catch(() => undefined);
  }
}
