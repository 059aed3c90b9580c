/** Links that the measurements of the project use, and traces to drive them. */
import { readFileSync } from 'node:fs';
import { seededRandom } from '../random.ts';
import type { LinkProfile } from './link-model.ts';

const perfect: LinkProfile = {
  delayMs: 0,
  jitterMs: 0,
  reorder: false,
  lossPercent: 0,
  burst: null,
  rateKbps: 0,
  queueBytes: 1_000_000,
  mtuBytes: 1500,
  down: false,
  traceMs: null,
};

export const profiles = {
  perfect,
  ethernet: { ...perfect, delayMs: 20, rateKbps: 10_000, queueBytes: 125_000 },
  lte: { ...perfect, delayMs: 50, jitterMs: 15, rateKbps: 6000, queueBytes: 225_000, lossPercent: 0.5 },
} satisfies Record<string, LinkProfile>;

/** A mahimahi trace: a line an opportunity, milliseconds. @throws when the file is none. */
export function readTrace(file: string): number[] {
  const times = readFileSync(file, 'utf8').trim().split('\n').map(Number);
  if (times.length === 0 || times.some((one) => !Number.isFinite(one) || one < 0))
    throw new Error(`${file} is no mahimahi trace: it must be one time in milliseconds a line`);
  return times;
}

/** A trace like those of a moving phone: the rate wanders between a tenth and twice its mean, with holes now and then. */
export function makeTrace(seed: number, seconds: number, meanKbps: number): number[] {
  const random = seededRandom(seed);
  const times: number[] = [];
  let factor = 1;
  let holeMs = 0;
  let carry = 0;
  for (let ms = 0; ms < seconds * 1000; ms++) {
    if (ms % 100 === 0) {
      factor = Math.min(2, Math.max(0.1, factor * Math.exp((random() - 0.5) * 0.5)));
      if (random() < 0.004) holeMs = 200 + random() * 1500;
    }
    if (holeMs-- > 0) continue;
    for (carry += (meanKbps * factor) / 8 / 1500; carry >= 1; carry--) times.push(ms);
  }
  return times;
}
