/** A box for tests: two networks, two cameras, all well. */
import type { Scene, SeenInput, SeenPath } from './scene.ts';
import type { ScriptRules } from './script.ts';

export const seenInput = (id: string, change: Partial<SeenInput> = {}): SeenInput => ({ id, well: true, spare: false, reason: 'started', ...change });
export const seenPath = (id: string, change: Partial<SeenPath> = {}): SeenPath => ({ id, up: true, carries: true, reason: 'connected', ...change });

export const wellScene: Scene = {
  onAir: true,
  input: 'cam',
  shows: 'cam',
  pinned: null,
  inputs: [seenInput('cam'), seenInput('spare')],
  paths: [seenPath('eth'), seenPath('lte')],
  management: true,
};

export const bondedRules: ScriptRules = {
  pullsPaths: true,
  holdsPackets: true,
  returns: true,
  inputHoldDownMs: 3000,
  inputHoldDownMsMax: 60_000,
  pathHoldDownMs: 0,
  pathHoldDownMsMax: 300_000,
  programKbps: 4000,
  latencyMs: 1000,
};
