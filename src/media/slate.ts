/** Makes the slate at the start: a still picture through the program's own encoder, once; then the clip, where one is set. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Config, InputSettings } from '../config/schema.ts';
import { type BackoffState, nextTry, noFailures } from '../engine/backoff.ts';
import { recordClip } from '../inputs/clip.ts';
import type { Logger } from '../log.ts';
import { type Notice, notice } from '../model/event.ts';
import type { Reason } from '../model/reasons.ts';
import { type Clip, readClip } from '../switcher/slate.ts';
import { slateId } from '../switcher/switcher.ts';

const backoff = { firstMs: 2000, maxMs: 60_000, stableMs: 60_000 };
/** One group of pictures and the sound to it; more would only be the same again. */
const stillMs = 2500;
/** At 4 Mbit/s a minute takes 30 MB of memory. */
const clipMsMax = 60_000;

export interface SlateMakerOptions {
  config: Config;
  /** A later one takes the place of an earlier one. */
  onClip(clip: Clip): void;
  onNotice(one: Notice): void;
  log: Logger;
}

/** Tries until it has a slate, telling once why it has none. Returns the function that stops it. */
export function startSlate(options: SlateMakerOptions): () => void {
  const aborter = new AbortController();
  const { signal } = aborter;
  void makeStill(options, signal).then(() => (signal.aborted ? undefined : makeClip(options, signal)));
  return () => aborter.abort();
}

type Made = { clip: Clip } | { reason: Reason; text: string };

async function make(input: InputSettings, ms: number, { config: { program }, log }: SlateMakerOptions, signal: AbortSignal): Promise<Made> {
  const recorded = await recordClip(input, program, ms, log, signal);
  if (!recorded.ok) return recorded;
  const clip = readClip(recorded.bytes, 90_000 / program.fps, { sounds: input.kind === 'file' });
  return clip === null ? { reason: 'encoder-failed', text: 'no key frame in it' } : { clip };
}

async function makeStill(options: SlateMakerOptions, signal: AbortSignal): Promise<void> {
  const { slate, box } = options.config;
  let state: BackoffState = noFailures;
  let path = slate.path;
  let told = '';
  while (!signal.aborted) {
    const input: InputSettings = { id: slateId, kind: 'picture', text: slate.text ?? box.name, ...(path === undefined ? {} : { path }) };
    const made = await make(input, stillMs, options, signal);
    if (signal.aborted) return;
    if ('clip' in made) return options.onClip(made.clip);
    if (told !== made.reason) {
      told = made.reason;
      const instead = path === undefined ? 'without it the program stands still while no input works' : 'a made one is used instead';
      options.onNotice(missing(made.reason, `the slate cannot be made: ${made.text}; ${instead}`));
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

/** Encoding takes as long as the clip lasts, and the still picture stands in meanwhile, and for a clip that cannot be used. */
async function makeClip(options: SlateMakerOptions, signal: AbortSignal): Promise<void> {
  const { clip: path } = options.config.slate;
  if (path === undefined) return;
  const made = await make({ id: slateId, kind: 'file', path, loop: false }, clipMsMax, options, signal);
  if (signal.aborted) return;
  if ('clip' in made) options.onClip(made.clip);
  else options.onNotice(missing(made.reason, `the slate’s clip cannot be used: ${made.text}; the picture is shown instead`));
}

function missing(reason: Reason, text: string): Notice {
  return notice({ severity: 'warning', subject: { kind: 'input', id: slateId }, what: 'slate.state', to: 'missing', reason, text });
}
