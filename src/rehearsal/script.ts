/** What a rehearsal is going to do: the faults, one after another, each only where something else carries the program. Pure. */

import type { Reason } from '../model/reasons.ts';
import type { RehearsalFault, RehearsalReport } from '../model/rehearsal.ts';
import { sayFault } from './phrases.ts';
import { type Scene, type Target, troubleBefore } from './scene.ts';

export interface RehearsalRequest {
  script?: 'short' | 'all' | undefined;
  faults?: readonly RehearsalFault[] | undefined;
  force?: boolean | undefined;
}

/** What the box allows, and how long it takes to come back. */
export interface ScriptRules {
  /** A path can be taken from under the program here. */
  pullsPaths: boolean;
  /** Its packets can be held back too. */
  holdsPackets: boolean;
  /** The preferred input goes back on air when it works; otherwise the best one is. */
  returns: boolean;
  /** Of inputs, and of the paths where one is chosen among them. */
  inputHoldDownMs: number;
  inputHoldDownMsMax: number;
  pathHoldDownMs: number;
  pathHoldDownMsMax: number;
  /** What leaves the switcher now. */
  programKbps: number;
  latencyMs: number;
}

export interface Step {
  /** With its name and times. */
  fault: RehearsalFault;
  target: Target;
  what: string;
  /** How long it stays broken. */
  holdMs: number;
  /** What is not back by then has failed. */
  backMsMax: number;
}

export interface Plan {
  steps: Step[];
  restMs: number;
  returns: boolean;
  leftOut: RehearsalReport['leftOut'];
}

export interface Refusal {
  reason: Reason;
  text: string;
}

/** Long enough to see that the box goes on without it, short of what a gateway forgets a link after (10 s). */
const holdMsUsual = 5000;
/** A killed process is dead; what comes of it shows at once. */
const killedMs = 1500;
/** A process, its pipeline and a key frame on a busy small board; a registration. */
const inputStartMs = 20_000;
const pathStartMs = 15_000;
/** What was in the air at the fault is known to be late only when its latency is over. */
const settleMs = 1000;
const restMsMin = 2000;
const limitKbpsMin = 300;

/** A refusal says why nothing is done at all. */
export function makePlan(request: RehearsalRequest, scene: Scene, rules: ScriptRules): Plan | Refusal {
  if (!scene.onAir) return { reason: 'no-uplink', text: 'there is nothing to rehearse: the program is not on air' };
  const wanted = request.faults ?? scriptOf(request.script ?? 'short', scene, rules);
  const unknown = (request.faults ?? []).map((fault) => stepOf(fault, scene, rules)).find((step) => 'reason' in step);
  if (unknown !== undefined) return unknown;
  const trouble = troubleBefore(scene) ?? (rules.returns ? unsettled(scene) : null);
  if (trouble !== null && !request.force) return { reason: trouble.reason, text: `something is broken already: ${trouble.text}` };
  const steps: Step[] = [];
  const leftOut: Plan['leftOut'] = [];
  for (const fault of wanted) {
    const step = stepOf(fault, scene, rules);
    const refusal = 'reason' in step ? step : request.force ? null : objection(step, scene);
    if (refusal === null) steps.push(step as Step);
    // What a person names is done as it was asked for, or not at all.
    else if (request.faults !== undefined) return refusal;
    else leftOut.push({ what: sayFault(fault), ...refusal });
  }
  if (steps.length === 0) return leftOut[0] ?? { reason: 'no-spare', text: 'there is nothing here that can be rehearsed' };
  return { steps, restMs: Math.max(restMsMin, rules.latencyMs + settleMs), returns: rules.returns, leftOut };
}

/** The preferred input or path works, and has to do so for a while before it is gone back to. */
function unsettled({ inputs, input, pinned, paths }: Scene): Refusal | null {
  const [sole, another] = paths.filter(({ carries }) => carries);
  const first = paths.find(({ up }) => up);
  if (sole !== undefined && another === undefined && first !== undefined && first !== sole)
    return { reason: 'unsteady', text: `the program goes over ${sole.id} instead of ${first.id}: wait until that is settled` };
  const preferred = pinned ?? inputs.find(({ well }) => well)?.id ?? null;
  return preferred === input ? null : { reason: 'unsteady', text: `${input} is on air instead of ${preferred}: wait until that is settled` };
}

/** Between the first fault and the end, as far as it can be told before. */
export function expectedMs({ steps, restMs }: Plan, rules: ScriptRules): number {
  return steps.reduce((sum, { holdMs, target }) => sum + holdMs + restMs + (target.kind === 'input' ? rules.inputHoldDownMs + 1000 : 500), 0);
}

/** A source that hangs is not in it: a picture stands still until its watch calls it, which is for viewers to see. Ask for it by its name. */
function scriptOf(script: 'short' | 'all', scene: Scene, { holdsPackets }: ScriptRules): RehearsalFault[] {
  const ends: RehearsalFault[] = [{ kind: 'kill-encoder' }, { kind: 'lose-input' }, { kind: 'freeze-management' }];
  if (script === 'short') return [{ kind: 'pull-path' }, ...ends];
  const pulled = scene.paths.map(({ id }): RehearsalFault => ({ kind: 'pull-path', path: id }));
  const silent = holdsPackets ? scene.paths.map(({ id }): RehearsalFault => ({ kind: 'silence-path', path: id })) : [];
  return [...pulled, ...silent, ...(holdsPackets ? [{ kind: 'limit-path' } as const] : []), ...ends];
}

function stepOf(fault: RehearsalFault, scene: Scene, rules: ScriptRules): Step | Refusal {
  switch (fault.kind) {
    case 'pull-path':
    case 'silence-path':
    case 'limit-path':
      return pathStep(fault, scene, rules);
    case 'kill-encoder':
    case 'lose-input':
    case 'freeze-input':
      return inputStep(fault, scene, rules);
    case 'freeze-management': {
      if (!scene.management) return { reason: 'unsupported', text: 'the management does not run: there is nothing to freeze' };
      const holdMs = fault.forMs ?? holdMsUsual;
      return { fault: { ...fault, forMs: holdMs }, target: { kind: 'management', id: 'control' }, what: sayFault(fault), holdMs, backMsMax: 5000 };
    }
  }
}

/** What failed some times before the rehearsal has to keep a longer hold-down. */
const patience = (holdDownMs: number, most: number): number => Math.min(most, 8 * holdDownMs);

type PathFault = Extract<RehearsalFault, { path?: string | undefined }>;
type InputFault = Extract<RehearsalFault, { input?: string | undefined }>;

function pathStep(fault: PathFault, { paths }: Scene, rules: ScriptRules): Step | Refusal {
  const names = paths.map(({ id }) => id).join(', ') || 'none';
  const path = paths.find(({ id, carries }) => (fault.path === undefined ? carries : id === fault.path)) ?? (fault.path === undefined ? paths[0] : undefined);
  if (path === undefined) return { reason: 'invalid', text: `there is no path ${fault.path ?? ''} in use; there are: ${names}` };
  if (!rules.pullsPaths) return { reason: 'unsupported', text: `in this mode the paths are libsrt’s own: pull the cable of ${path.id} by hand` };
  if (fault.kind !== 'pull-path' && !rules.holdsPackets)
    return {
      reason: 'unsupported',
      text: `in this mode libsrt has the packets of ${path.id}: it can be pulled, not ${fault.kind === 'limit-path' ? 'limited' : 'silenced'}`,
    };
  const holdMs = fault.forMs ?? holdMsUsual;
  const half = Math.max(limitKbpsMin, Math.round(rules.programKbps / 200) * 100);
  const whole: PathFault = { ...fault, path: path.id, forMs: holdMs, ...(fault.kind === 'limit-path' && { kbps: fault.kbps ?? half }) };
  return {
    fault: whole,
    target: { kind: 'path', id: path.id },
    what: sayFault(whole),
    holdMs,
    backMsMax: patience(rules.pathHoldDownMs, rules.pathHoldDownMsMax) + pathStartMs,
  };
}

function inputStep(fault: InputFault, { inputs, input }: Scene, rules: ScriptRules): Step | Refusal {
  const id = fault.input ?? input;
  const seen = inputs.find((one) => one.id === id);
  if (seen === undefined) return { reason: 'invalid', text: `there is no input ${id}; there are: ${inputs.map((one) => one.id).join(', ') || 'none'}` };
  if (seen.spare) return { reason: 'stopped', text: `${seen.id} does not run: there is nothing to break` };
  const holdMs = fault.kind === 'kill-encoder' ? killedMs : (fault.forMs ?? holdMsUsual);
  const whole: InputFault = fault.kind === 'kill-encoder' ? { ...fault, input: seen.id } : { ...fault, input: seen.id, forMs: holdMs };
  return {
    fault: whole,
    target: { kind: 'input', id: seen.id },
    what: sayFault(whole),
    holdMs,
    backMsMax: patience(rules.inputHoldDownMs, rules.inputHoldDownMsMax) + inputStartMs,
  };
}

/** Why viewers would notice it by all that is known; null: they ought not to. */
function objection({ target, what }: Step, { inputs, paths, input, pinned }: Scene): Refusal | null {
  if (target.kind === 'path' && !paths.some(({ id, up }) => up && id !== target.id))
    return { reason: 'no-spare', text: `${what}: no other path would carry the program` };
  if (target.kind !== 'input') return null;
  if (pinned !== null) return { reason: 'pinned', text: `${what}: ${pinned} is pinned; take the pin back first` };
  if (target.id === input && !inputs.some(({ id, well, spare }) => id !== target.id && (well || spare)))
    return { reason: 'no-spare', text: `${what}: no other input works, viewers would see the slate` };
  return null;
}
