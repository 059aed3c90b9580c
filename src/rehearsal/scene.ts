/** What a rehearsal sees of the box, and what of it is broken that it has not broken itself. Pure. */
import { type Reason, reasonTexts } from '../model/reasons.ts';

export interface SeenInput {
  id: string;
  /** It delivers, and no watch complains. */
  well: boolean;
  /** Not started, since it is not needed; it is when another dies. */
  spare: boolean;
  reason: Reason;
}

export interface SeenPath {
  id: string;
  up: boolean;
  /** The program goes over it now. */
  carries: boolean;
  reason: Reason;
}

export interface Scene {
  /** The program is delivered. */
  onAir: boolean;
  /** The input whose pictures go out; null: none, or the slate. */
  input: string | null;
  /** Whether any pictures go out, if only the slate's. */
  shows: string | null;
  pinned: string | null;
  /** In order of preference. */
  inputs: readonly SeenInput[];
  /** Of the destination on air, the most preferred first. */
  paths: readonly SeenPath[];
  /** The control daemon is there. */
  management: boolean;
}

/** What a fault is about. */
export interface Target {
  kind: 'path' | 'input' | 'management';
  id: string;
}

export interface Trouble {
  reason: Reason;
  text: string;
  /** It may be over in a moment by itself: a handover of a mobile network, a stutter. */
  passing?: boolean;
}

/** What is not as it should be, before anything is broken on purpose; null: all is well. */
export function troubleBefore({ onAir, input, inputs, paths }: Scene): Trouble | null {
  if (!onAir) return { reason: 'no-uplink', text: 'the program is not on air' };
  if (input === null) return { reason: 'no-input', text: 'no input is on air' };
  const path = paths.find(({ up }) => !up);
  if (path !== undefined) return { reason: path.reason, text: `the path ${path.id} does not work: ${reasonTexts[path.reason]}` };
  const bad = inputs.find(({ well, spare }) => !well && !spare);
  if (bad !== undefined) return { reason: bad.reason, text: `the input ${bad.id} does not work: ${reasonTexts[bad.reason]}` };
  return null;
}

/** What broke by itself since `before`; `target`: broken on purpose, or on its way back; `returns`: the preferred input is on air, not the best. */
export function troubleSince(before: Scene, now: Scene, target: Target | null, returns = true): Trouble | null {
  if (before.onAir && !now.onAir) return { reason: 'no-uplink', text: 'the program left the air' };
  const isTarget = (kind: Target['kind'], id: string): boolean => target?.kind === kind && target.id === id;
  for (const { id, up } of before.paths) {
    const path = now.paths.find((one) => one.id === id);
    if (!up || path?.up || isTarget('path', id)) continue;
    const reason = path?.reason ?? 'no-path';
    return { reason, text: `the path ${id} broke: ${reasonTexts[reason]}`, passing: true };
  }
  for (const { id, well } of before.inputs) {
    const one = now.inputs.find((input) => input.id === id);
    if (!well || one?.well || isTarget('input', id)) continue;
    const reason = one?.reason ?? 'no-input';
    return { reason, text: `the input ${id} broke: ${reasonTexts[reason]}`, passing: true };
  }
  // Where one path carries and the others stand by, to have been left is a fault of its own.
  const [sole, another] = before.paths.filter(({ carries }) => carries);
  if (sole !== undefined && another === undefined && !isTarget('path', sole.id) && !now.paths.some(({ id, carries }) => id === sole.id && carries))
    return { reason: 'unsteady', text: `the program was taken from the path ${sole.id}`, passing: true };
  if (now.pinned !== before.pinned) return { reason: 'pinned', text: now.pinned === null ? 'a pin was taken back' : `${now.pinned} was pinned` };
  if (returns && target?.kind !== 'input' && now.input !== before.input) {
    // The slate's picture covers a stutter of the camera's.
    if (now.shows === before.input) return { reason: 'no-picture', text: `${before.input} has no picture`, passing: true };
    return { reason: 'unsteady', text: `${now.shows ?? 'nothing'} is on air instead of ${before.input}` };
  }
  if (before.management && !now.management) return { reason: 'unattended', text: 'the management of the box is gone' };
  return null;
}
