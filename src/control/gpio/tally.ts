/** Which lamp lights. Pure. */
import type { BoxSnapshot } from '../../model/box.ts';

export type Lamp = 'onAir' | 'degraded' | 'offAir';

/**
 * onAir: a good picture of the preferred input, over all paths. degraded: on air, but on a backup or the slate, with a picture or sound
 * that is not well, or with a path lost.
 * offAir: not on air, or nobody knows.
 */
export function tally(box: BoxSnapshot): Lamp {
  const { status } = box;
  if (!box.onAir || status === null) return 'offAir';
  const wanted = status.inputs.filter(({ state }) => state !== 'off');
  // Inputs stand in order of preference; a pin is what a person prefers.
  const preferred = status.program.pinned ?? wanted[0]?.id ?? null;
  if (status.program.input !== preferred) return 'degraded';
  if (status.inputs.some(({ id, state }) => id === preferred && state === 'degraded')) return 'degraded';
  const carrying = status.paths.filter(({ destination }) => destination === status.program.destination);
  return carrying.some(({ state }) => state !== 'up') ? 'degraded' : 'onAir';
}
