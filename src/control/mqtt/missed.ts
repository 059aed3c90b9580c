/** Tells the broker the telemetry of the time without it: from the disk, in order, when there is room. */
import { setTimeout as delay } from 'node:timers/promises';
import type { MissedTelemetry } from '../../model/telemetry.ts';
import type { Journal } from '../journal.ts';
import type { StoredTelemetry, TelemetryStore } from '../telemetry-store.ts';

/** Events and states of a new connection come first. */
const beginAfterMs = 3000;
const batchSamples = 30;
const restMs = 500;
const consumer = 'telemetry';

export interface MissedOptions {
  /** The connection is gone: the rest comes over the next one. */
  isOver(): boolean;
  hasRoom(): boolean;
  /** Resolves with the acknowledgement. */
  send(missed: MissedTelemetry): Promise<void>;
}

/** Never rejects. */
export async function sendMissed(store: TelemetryStore, journal: Journal, options: MissedOptions): Promise<void> {
  await delay(beginAfterMs, undefined, { ref: false });
  if (options.isOver()) return;
  await store.flush();
  let batch: StoredTelemetry[] = [];
  for await (const one of store.missed(journal.cursor(consumer))) {
    batch.push(one);
    if (batch.length < batchSamples) continue;
    if (!(await sendBatch(batch, journal, options))) return;
    batch = [];
  }
  if (batch.length > 0) await sendBatch(batch, journal, options);
}

/** False: the connection is over. */
async function sendBatch(batch: readonly StoredTelemetry[], journal: Journal, { isOver, hasRoom, send }: MissedOptions): Promise<boolean> {
  while (!isOver() && !hasRoom()) await delay(restMs, undefined, { ref: false });
  const [first, last] = [batch[0], batch.at(-1)];
  if (isOver() || first === undefined || last === undefined) return false;
  try {
    await send({ from: first.n, to: last.n, samples: batch.map(({ sample }) => sample) });
  } catch {
    return false;
  }
  journal.advance(consumer, last.n);
  return true;
}
