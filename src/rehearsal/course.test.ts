import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RehearsalFault } from '../model/rehearsal.ts';
import { advance, begin, type Course, type CourseAction, stop } from './course.ts';
import { bondedRules, seenInput, seenPath, wellScene } from './made-scene.ts';
import type { Scene } from './scene.ts';
import { makePlan, type Plan } from './script.ts';

const turnMs = 10;
const planOf = (...faults: RehearsalFault[]): Plan => makePlan({ faults }, wellScene, bondedRules) as Plan;

/** Turns until the end, at most five minutes. `see` says what the box looks like, `since` the last action began. */
function run(plan: Plan, see: (broken: RehearsalFault | null, sinceMs: number) => Scene, answers = { thawed: true, hurts: false }, before = wellScene) {
  const log: { atMs: number; action: CourseAction }[] = [];
  let course: Course = begin(plan, before, 0);
  let broken: RehearsalFault | null = null;
  let sinceMs = 0;
  for (let nowMs = 0; nowMs < 300_000; nowMs += turnMs) {
    const turn = advance(course, see(broken, nowMs - sinceMs), answers, nowMs);
    course = turn.course;
    for (const action of turn.actions) {
      log.push({ atMs: nowMs, action });
      if (action.kind === 'break') broken = action.step.fault;
      if (action.kind === 'put-back') broken = null;
      if (action.kind === 'break' || action.kind === 'put-back') sinceMs = nowMs;
      if (action.kind === 'end') return { log, kinds: log.map((one) => one.action.kind) };
    }
  }
  throw new Error('it does not end');
}

const judged = (log: { action: CourseAction }[]) =>
  log.flatMap(({ action }) => (action.kind === 'judge' ? [{ what: action.step.what, end: action.end, ...action.observed }] : []));
const ended = (log: { action: CourseAction }[]) => log.flatMap(({ action }) => (action.kind === 'end' ? [action.reason] : []));

const withoutEth: Scene = { ...wellScene, paths: [seenPath('eth', { up: false, carries: false, reason: 'rehearsed' }), seenPath('lte')] };
const onSpare: Scene = { ...wellScene, input: 'spare', shows: 'spare', inputs: [seenInput('cam', { well: false, reason: 'rehearsed' }), seenInput('spare')] };

it('a path that is pulled is measured, broken, put back, waited for, and judged after a rest', () => {
  let was = false;
  const { log, kinds } = run(planOf({ kind: 'pull-path', path: 'eth' }), (broken, sinceMs) => {
    was ||= broken !== null;
    const isAway = broken !== null ? sinceMs >= 80 : was && sinceMs < 400;
    return isAway ? withoutEth : wellScene;
  });
  expect(kinds).toEqual(['break', 'put-back', 'judge', 'end']);
  const [one] = judged(log);
  expect(one).toMatchObject({ end: 'done', chosen: 'lte' });
  expect((one?.noticedAtMs ?? 0) - (one?.brokenAtMs ?? 0)).toBe(80);
  expect((one?.putBackAtMs ?? 0) - (one?.brokenAtMs ?? 0)).toBe(5000);
  expect((one?.backAtMs ?? 0) - (one?.putBackAtMs ?? 0)).toBe(400);
  expect(ended(log)).toEqual(['requested']);
});

it('a path is noticed when it carries no more, and done without once another carries', () => {
  const { log } = run(planOf({ kind: 'pull-path', path: 'eth' }), (broken, sinceMs) => {
    if (broken === null || sinceMs < 80) return wellScene;
    return sinceMs < 350 ? { ...withoutEth, paths: withoutEth.paths.map((path) => ({ ...path, carries: false })) } : withoutEth;
  });
  const [one] = judged(log);
  expect(one).toMatchObject({ end: 'done', chosen: 'lte' });
  expect([one?.noticedAtMs, one?.switchedAtMs].map((atMs) => (atMs ?? 0) - (one?.brokenAtMs ?? 0))).toEqual([80, 350]);
});

it('a path that carried nothing in the moment when it was begun is seen to be left all the same', () => {
  const none = { ...wellScene, paths: wellScene.paths.map((path) => ({ ...path, carries: false })) };
  const see = (broken: RehearsalFault | null) => (broken === null ? wellScene : withoutEth);
  const { log } = run(planOf({ kind: 'pull-path', path: 'eth' }), see, undefined, none);
  expect(judged(log)).toMatchObject([{ end: 'done', chosen: 'lte' }]);
});

describe('an input that is lost', () => {
  const see = (returnMs: number) => {
    let was = false;
    return (broken: RehearsalFault | null, sinceMs: number): Scene => {
      was ||= broken !== null;
      if (broken !== null) return sinceMs < 30 ? { ...wellScene, inputs: onSpare.inputs } : onSpare;
      return was && sinceMs < returnMs ? onSpare : wellScene;
    };
  };

  it('is back when it is on air again', () => {
    const { log } = run(planOf({ kind: 'lose-input' }), see(3700));
    const [one] = judged(log);
    expect(one).toMatchObject({ end: 'done', chosen: 'spare' });
    expect((one?.switchedAtMs ?? 0) - (one?.brokenAtMs ?? 0)).toBe(30);
    expect((one?.backAtMs ?? 0) - (one?.putBackAtMs ?? 0)).toBe(3700);
  });

  it('has failed when it is not back in time, and nothing more is broken', () => {
    const { log, kinds } = run(planOf({ kind: 'lose-input' }, { kind: 'pull-path' }), see(1_000_000));
    expect(kinds).toEqual(['break', 'put-back', 'judge', 'end']);
    expect(judged(log)).toMatchObject([{ what: 'cam lost', end: 'failed', backAtMs: null }]);
    expect(ended(log)).toEqual(['unsteady']);
  });

  it('need only work again where the best one is on air', () => {
    const plan = { ...planOf({ kind: 'lose-input' }), returns: false };
    let was = false;
    const { log } = run(plan, (broken) => {
      was ||= broken !== null;
      if (broken !== null) return onSpare;
      return was ? { ...onSpare, inputs: wellScene.inputs } : wellScene;
    });
    expect(judged(log)).toMatchObject([{ end: 'done', chosen: 'spare' }]);
    expect(ended(log)).toEqual(['requested']);
  });
});

describe('it is over at once', () => {
  const plan = planOf({ kind: 'pull-path', path: 'eth' }, { kind: 'kill-encoder' });
  const during = (seen: Scene) => run(plan, (broken, sinceMs) => (broken === null ? wellScene : sinceMs < 500 ? withoutEth : seen));

  it.each<[string, Scene, string, string]>([
    [
      'another path breaks',
      { ...withoutEth, paths: withoutEth.paths.map((one) => ({ ...one, up: false, carries: false, reason: 'carrier-lost' as const })) },
      'carrier-lost',
      'stopped',
    ],
    ['an input breaks', { ...withoutEth, inputs: [seenInput('cam'), seenInput('spare', { well: false, reason: 'no-data' })] }, 'no-data', 'stopped'],
    ['the program leaves the air', { ...withoutEth, onAir: false }, 'no-uplink', 'failed'],
    ['another input is on air', { ...withoutEth, input: 'spare', shows: 'spare' }, 'unsteady', 'stopped'],
    ['a person pins one', { ...withoutEth, pinned: 'spare' }, 'pinned', 'stopped'],
    ['the management dies', { ...withoutEth, management: false }, 'unattended', 'stopped'],
  ])('when %s', (_, seen, reason, end) => {
    const { log, kinds } = during(seen);
    expect(kinds).toEqual(['break', 'put-back', 'judge', 'end']);
    expect(log[1]?.atMs).toBe((log[0]?.atMs ?? 0) + 500);
    expect(judged(log)).toMatchObject([{ end }]);
    expect(ended(log)).toEqual([reason]);
  });

  it('but for what passes while nothing is broken: that is waited for', () => {
    const hiccup = { ...wellScene, paths: [seenPath('eth'), seenPath('lte', { up: false, reason: 'path-silent' })] };
    let turns = 0;
    const passes = (forMs: number) =>
      run(planOf({ kind: 'pull-path', path: 'eth' }), (broken) =>
        broken === null && ++turns * turnMs < forMs ? hiccup : broken === null ? wellScene : withoutEth,
      );
    const { log } = passes(2000);
    expect(log[0]?.atMs).toBeGreaterThan(4900);
    expect(ended(log)).toEqual(['requested']);
    turns = 0;
    expect(passes(4000).kinds).toEqual(['end']);
  });

  it('but for the only path that carries, which may be left for a moment', () => {
    const standby = { ...wellScene, paths: [seenPath('eth'), seenPath('lte', { carries: false })] };
    const left = { ...standby, paths: [seenPath('eth', { carries: false }), seenPath('lte')] };
    let course = begin(planOf({ kind: 'freeze-management' }), standby, 0);
    course = advance(course, left, { thawed: false, hurts: false }, 1000).course;
    expect(course.troubledSinceMs).toBe(1000);
    course = advance(course, standby, { thawed: false, hurts: false }, 2000).course;
    expect(course.troubledSinceMs).toBeNull();
    course = advance(course, left, { thawed: false, hurts: false }, 2010).course;
    expect(advance(course, left, { thawed: false, hurts: false }, 5010).actions).toMatchObject([{ kind: 'end', reason: 'unsteady' }]);
  });

  it('when somebody says so, before anything is broken too', () => {
    const course = begin(plan, wellScene, 0);
    expect(stop(course, { reason: 'stopped', text: 'page' }, 5).actions).toEqual([{ kind: 'end', reason: 'stopped', text: 'page' }]);
  });

  it('with a fault that hurts, and the next one goes on', () => {
    const { log, kinds } = run(plan, (broken) => (broken?.kind === 'pull-path' ? withoutEth : wellScene), { thawed: true, hurts: true });
    expect(kinds).toEqual(['break', 'put-back', 'judge', 'break', 'put-back', 'judge', 'end']);
    expect(log[1]?.atMs).toBe((log[0]?.atMs ?? 0) + turnMs);
  });
});

it('whatever is seen: what is broken is put back before anything else is, each step is judged once, and it ends', () => {
  const scene = fc.record({
    onAir: fc.boolean(),
    input: fc.constantFrom('cam', 'spare', null),
    shows: fc.constantFrom('cam', 'spare', 'slate', null),
    pinned: fc.constantFrom<string | null>(null, null, null, 'cam'),
    inputs: fc.tuple(fc.boolean(), fc.boolean()).map(([a, b]) => [seenInput('cam', { well: a }), seenInput('spare', { well: b })]),
    paths: fc.tuple(fc.boolean(), fc.boolean()).map(([a, b]) => [seenPath('eth', { up: a, carries: a }), seenPath('lte', { up: b, carries: b })]),
    management: fc.boolean(),
  });
  const mostlyWell = fc.oneof({ weight: 40, arbitrary: fc.constant(wellScene) }, { weight: 1, arbitrary: scene });
  fc.assert(
    fc.property(fc.array(mostlyWell, { minLength: 1, maxLength: 40 }), fc.boolean(), (scenes, hurts) => {
      let turn = 0;
      const { log } = run(planOf({ kind: 'pull-path' }, { kind: 'lose-input' }, { kind: 'freeze-management' }), () => scenes[turn++ % scenes.length] as Scene, {
        thawed: true,
        hurts,
      });
      let broken = 0;
      for (const { action } of log) {
        if (action.kind === 'break') expect(++broken).toBe(1);
        if (action.kind === 'put-back') expect(--broken).toBe(0);
        if (action.kind === 'judge' || action.kind === 'end') expect(broken).toBe(0);
      }
      const count = (kind: CourseAction['kind']) => log.filter(({ action }) => action.kind === kind).length;
      expect(count('judge')).toBe(count('break'));
      expect(count('end')).toBe(1);
    }),
  );
});
