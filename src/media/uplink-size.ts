/** How much the uplink has to remember. */
import type { Config } from '../config/schema.ts';
import { isPassThrough } from '../inputs/pass-through.ts';

/** Streams that are passed through are as large as they are. */
const passedKbpsMax = 12_000;

/** Up to this all that was sent is remembered for as long as it may be sent again. An encoder may overshoot by as much again; every kbit/s costs 400 bytes of memory. */
export function uplinkKbpsMax({ inputs, program }: Config): number {
  const encoded = 2 * Math.max(program.videoKbps, program.maxKbps ?? 0) + program.audioKbps;
  return inputs.some(isPassThrough) ? Math.max(passedKbpsMax, encoded) : encoded;
}
