/**
 * What a changed configuration takes to be in force. Pure. An input's own settings cost its worker a restart, which the next input or the slate
 * bridges; what the daemon is built from costs a restart of the daemon, about two seconds.
 */
import type { Config, InputConfig } from '../config/schema.ts';

export type ReloadPlan = { kind: 'live'; inputs: InputConfig[]; videoKbps: number | null } | { kind: 'restart'; because: string };

/** Of an input, what others are built from too. */
const shared = ['id', 'kind', 'enabled', 'standby', 'watch', 'passThrough', 'programNumber', 'latencyMs'] as const;
/** Of a configuration, what the media daemon does not use. */
const unused: readonly string[] = ['control', 'gateway', 'origin', 'version'];

export function planReload(before: Config, after: Config): ReloadPlan {
  for (const section of new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof Config>) {
    if (unused.includes(section) || section === 'inputs' || section === 'program') continue;
    if (!same(before[section], after[section])) return { kind: 'restart', because: section };
  }
  if (!same({ ...before.program, videoKbps: 0 }, { ...after.program, videoKbps: 0 })) return { kind: 'restart', because: 'program' };
  if (before.control.vitals.temperatureMaxC !== after.control.vitals.temperatureMaxC) return { kind: 'restart', because: 'control.vitals' };
  if (!same(before.inputs.map(sharedPart), after.inputs.map(sharedPart))) return { kind: 'restart', because: 'inputs' };
  const inputs = after.inputs.filter((input, index) => input.enabled && !same(input, before.inputs[index]));
  return { kind: 'live', inputs, videoKbps: before.program.videoKbps === after.program.videoKbps ? null : after.program.videoKbps };
}

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);
const sharedPart = (input: InputConfig): unknown[] => shared.map((name) => (input as Record<string, unknown>)[name]);
