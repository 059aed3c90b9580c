/**
 * What a changed configuration takes to be in force. Pure. An input's own settings cost its worker a restart, which the next input or the slate
 * bridges; a path or the settings of a destination are put in force beside what runs; what the daemon is built from costs a restart of the daemon, about two seconds.
 */
import { enabled } from '../config/enabled.ts';
import type { Config, InputConfig } from '../config/schema.ts';

export interface LivePlan {
  kind: 'live';
  inputs: InputConfig[];
  videoKbps: number | null;
  /** Paths and destinations that change, in words. */
  uplink: string[];
}
export type ReloadPlan = LivePlan | { kind: 'restart'; because: string };

/** Of an input, what others are built from too. */
const shared = ['id', 'kind', 'enabled', 'standby', 'watch', 'passThrough', 'programNumber', 'latencyMs'] as const;
/** Of a configuration, what the media daemon does not use. */
const unused: readonly string[] = ['control', 'gateway', 'origin', 'version'];
/** What is looked at in parts. */
const inParts: readonly string[] = ['inputs', 'program', 'paths', 'destinations'];

export function planReload(before: Config, after: Config): ReloadPlan {
  for (const section of new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof Config>) {
    if (unused.includes(section) || inParts.includes(section)) continue;
    if (!same(before[section], after[section])) return { kind: 'restart', because: section };
  }
  if (!same({ ...before.program, videoKbps: 0 }, { ...after.program, videoKbps: 0 })) return { kind: 'restart', because: 'program' };
  if (before.control.vitals.temperatureMaxC !== after.control.vitals.temperatureMaxC) return { kind: 'restart', because: 'control.vitals' };
  if (!same(before.inputs.map(sharedPart), after.inputs.map(sharedPart))) return { kind: 'restart', because: 'inputs' };
  // Who has the program is decided among a fixed list.
  if (!same(idsOf(before.destinations), idsOf(after.destinations))) return { kind: 'restart', because: 'destinations' };
  const inputs = after.inputs.filter((input, index) => input.enabled && !same(input, before.inputs[index]));
  const videoKbps = before.program.videoKbps === after.program.videoKbps ? null : after.program.videoKbps;
  const uplink = [...changed('path', before.paths, after.paths), ...changed('destination', before.destinations, after.destinations)];
  return { kind: 'live', inputs, videoKbps, uplink };
}

interface Named {
  id: string;
  enabled: boolean;
}

const idsOf = (list: readonly Named[]): string[] => enabled(list).map(({ id }) => id);

/** Those that are new, gone, or not as they were. */
function changed(kind: string, before: readonly Named[], after: readonly Named[]): string[] {
  const ids = new Set([...before, ...after].map(({ id }) => id));
  const one = (list: readonly Named[], id: string): unknown => list.find((candidate) => candidate.id === id) ?? null;
  return [...ids].filter((id) => !same(one(before, id), one(after, id))).map((id) => `${kind} ${id}`);
}

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);
const sharedPart = (input: InputConfig): unknown[] => shared.map((name) => (input as Record<string, unknown>)[name]);
