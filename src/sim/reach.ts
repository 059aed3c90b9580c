/**
 * The choice of destination and path under seeded faults, in simulated time: gateways that come and go, calls that take their time. The real
 * engine (engine/destination.ts, engine/path.ts); judged by which gateway or path could really be reached.
 */
import { type DestinationSeen, decideDestination, initialDestination } from '../engine/destination.ts';
import { decidePath, initialPath, type PathSeen } from '../engine/path.ts';
import { seededRandom } from '../lab/random.ts';

export interface ReachOutcome {
  violations: string[];
  simulatedMs: number;
  switches: number;
  outages: number;
}

interface Reachable {
  id: string;
  called: boolean;
  connected: boolean;
  /** It answers now; since when without a break. */
  upSinceMs: number | null;
  downUntilMs: number;
  connectAtMs: number;
}

const stepMs = 50;
const connectMsMax = 600;
/** The longest hold-down, and a first one. */
const settleMs = 300_000 + 70_000;

type Decide = typeof decideDestination;

/** Faults for `seconds`, then none until it has to be at rest. */
export function simulateDestinations(seed: number, seconds: number, decide: Decide = decideDestination): ReachOutcome {
  const random = seededRandom(seed);
  const count = 2 + Math.floor(random() * 3);
  const everyS = 5 + random() * 100;
  const how = random() < 0.5 ? 'broken' : 'silent';
  const list = Array.from({ length: count }, (_, index) => reachable(`d${index}`));
  const outcome: ReachOutcome = { violations: [], simulatedMs: 0, switches: 0, outages: 0 };
  let state = initialDestination;
  let darkSinceMs: number | null = null;
  let returnMs = Number.NEGATIVE_INFINITY;
  const healMs = seconds * 1000;
  for (let nowMs = 0; nowMs < healMs + settleMs && outcome.violations.length === 0; nowMs += stepMs) {
    for (const one of list) {
      if (nowMs < healMs && nowMs >= one.downUntilMs && random() < stepMs / 1000 / everyS) {
        one.downUntilMs = Math.min(healMs, nowMs + 300 + 90_000 * random() ** 4);
        outcome.outages++;
      }
      step(one, nowMs, random);
    }
    const before = state.used;
    const seen = list.map(({ id, connected }): DestinationSeen => ({ id, state: connected ? 'works' : how, reason: 'unreachable', score: 100 }));
    const decision = decide(state, seen, nowMs);
    ({ state } = decision);
    for (const command of decision.commands) {
      const one = list.find(({ id }) => id === command.id) as Reachable;
      if (command.kind === 'call') Object.assign(one, { called: true, connectAtMs: nowMs + random() * connectMsMax });
      if (command.kind === 'hang-up') Object.assign(one, { called: false, connected: false });
      if (command.kind === 'hang-up' && one.id === state.used) outcome.violations.push(`${nowMs}: hangs up what it uses`);
      if (command.kind === 'use' && command.from !== null) outcome.switches++;
    }
    const used = list.find(({ id }) => id === state.used);
    const left = list.find(({ id }) => id === before);
    if (before !== state.used && left?.connected === true) {
      if (nowMs - returnMs < 10_000) outcome.violations.push(`${nowMs}: two returns within ${nowMs - returnMs} ms`);
      returnMs = nowMs;
    }
    darkSinceMs = used?.connected === true ? null : (darkSinceMs ?? nowMs);
    // Each call before it waits its time, then it connects.
    const mostMs = 500 + 2000 * count + connectMsMax + 200;
    const other = list.find((one) => one.upSinceMs !== null && nowMs - one.upSinceMs > mostMs);
    if (darkSinceMs !== null && nowMs - darkSinceMs > mostMs && other !== undefined)
      outcome.violations.push(`${nowMs}: dark for ${nowMs - darkSinceMs} ms though ${other.id} answers`);
    outcome.simulatedMs = nowMs;
  }
  if (outcome.violations.length === 0 && (state.used !== 'd0' || list.some(({ called }, index) => called !== (index === 0))))
    outcome.violations.push(`after healing ${state.used} is used, called: ${list.filter(({ called }) => called).map(({ id }) => id)}`);
  return outcome;
}

/** One session over one of several paths; each failure is noticed when it breaks, or a call was not answered for 3 s. */
export function simulatePaths(seed: number, seconds: number): ReachOutcome {
  const random = seededRandom(seed);
  const list = Array.from({ length: 2 + Math.floor(random() * 2) }, (_, index) => reachable(`p${index}`));
  const outcome: ReachOutcome = { violations: [], simulatedMs: 0, switches: 0, outages: 0 };
  let state = initialPath;
  let path = 'p0';
  let callMs = 0;
  let stands = false;
  let darkSinceMs = 0;
  const healMs = seconds * 1000;
  for (let nowMs = 0; nowMs < healMs + 60_000 && outcome.violations.length === 0; nowMs += stepMs) {
    for (const one of list)
      if (nowMs < healMs && nowMs >= one.downUntilMs && random() < stepMs / 1000 / 40) {
        one.downUntilMs = Math.min(healMs, nowMs + 300 + 90_000 * random() ** 4);
        outcome.outages++;
      }
    const down = nowMs < (list.find(({ id }) => id === path) as Reachable).downUntilMs;
    const failed = stands ? down : down && nowMs - callMs > 3000;
    if (stands && down) darkSinceMs = nowMs;
    if (!stands && !down && nowMs - callMs > connectMsMax) stands = true;
    const rests = (id: string) => nowMs < (state.retryAtMs[id] ?? 0);
    const seen = list.map(({ id }): PathSeen => {
      const here: PathSeen['state'] = failed ? 'failed' : 'carries';
      return { id, state: id === path ? here : rests(id) ? 'failed' : 'unknown', reason: id === path && failed ? 'session-broken' : 'connected' };
    });
    const decision = decidePath(state, seen, nowMs);
    ({ state } = decision);
    if (failed) {
      stands = false;
      callMs = nowMs;
      outcome.switches++;
    } else if (decision.path !== path) outcome.violations.push(`${nowMs}: leaves ${path}, which carries, for ${decision.path}`);
    path = decision.path;
    const well = list.every((one) => nowMs - one.downUntilMs > 15_000);
    if (!stands && well && nowMs - darkSinceMs > 15_000) outcome.violations.push(`${nowMs}: dark for ${nowMs - darkSinceMs} ms though all paths work`);
    outcome.simulatedMs = nowMs;
  }
  if (!stands && outcome.violations.length === 0) outcome.violations.push('after healing no path carries');
  return outcome;
}

function reachable(id: string): Reachable {
  return { id, called: false, connected: false, upSinceMs: 0, downUntilMs: 0, connectAtMs: 0 };
}

function step(one: Reachable, nowMs: number, random: () => number): void {
  const up = nowMs >= one.downUntilMs;
  one.upSinceMs = up ? (one.upSinceMs ?? nowMs) : null;
  if (!up) {
    one.connected = false;
    // Called again and again; the next call that is answered takes its time.
    one.connectAtMs = one.downUntilMs + random() * connectMsMax;
  } else if (one.called && nowMs >= one.connectAtMs) one.connected = true;
}
