/** What no event tells: a worker or its source has gone quiet, or has sound and no picture. Pure. */
import type { InputConfig } from '../config/schema.ts';
import type { Reason } from '../model/reasons.ts';
import { heartbeatMsMax, startMsMax, waitsForSender } from './patience.ts';
import type { Seen } from './seen.ts';

/** A decoder waits for a key picture, of which some sources have one in several seconds; the muxer waits for the decoder. */
const soundOnlyAfterMs = 5000;

/** Of the worker that runs now. */
export interface WorkerLife {
  startedMs: number;
  /** It last said anything. */
  heartbeatMs: number;
  /** It has built its pipeline: before that it has no heartbeat. */
  playing: boolean;
  /** Its source has sound only: it does not wait for a picture. */
  soundOnly: boolean;
}

export interface Quiet {
  /** `no-picture`: another worker is to do without one. Otherwise this one is lost. */
  reason: Reason;
  text: string;
}

/** Null: it works, or may still begin to. */
export function goneQuiet(
  config: InputConfig,
  worker: WorkerLife,
  seen: Pick<Seen, 'dataMs' | 'pictureMs' | 'soundMs' | 'encoder' | 'silenceMs'>,
  nowMs: number,
): Quiet | null {
  const { id, timeoutMs } = config;
  const { dataMs, pictureMs, soundMs, encoder } = seen;
  // Nobody is blamed for the time in which this process itself stood still.
  const silenceMs = (sinceMs: number) => seen.silenceMs(sinceMs, nowMs);
  const starts = !worker.playing && dataMs === 0;
  if (silenceMs(worker.heartbeatMs) > (starts ? startMsMax(config) : heartbeatMsMax(config)))
    return { reason: 'worker-hung', text: `${id}: the encoder process stopped answering and is replaced` };
  const reason = waitsForSender(config) ? 'source-closed' : 'no-data';
  if (dataMs > 0 && silenceMs(dataMs) > timeoutMs) return { reason, text: `${id}: no data for ${timeoutMs} ms` };
  // The silence that is mixed in goes on when the source does not: the picture tells.
  if (pictureMs > 0 && silenceMs(pictureMs) > timeoutMs) return { reason, text: `${id}: no picture for ${timeoutMs} ms` };
  if (!worker.soundOnly && encoder !== null && pictureMs === 0 && soundMs > 0 && nowMs - soundMs > soundOnlyAfterMs)
    return { reason: 'no-picture', text: `${id} has sound but no picture: the slate is shown to it` };
  if (dataMs === 0 && !waitsForSender(config) && nowMs - worker.startedMs > startMsMax(config))
    return { reason: 'no-data', text: `${id}: the source delivers nothing` };
  return null;
}
