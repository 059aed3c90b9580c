import { expect, test } from 'vitest';
import type { RehearsalFault } from '../model/rehearsal.ts';
import type { Observed, StepEnd } from './course.ts';
import { bondedRules, wellScene } from './made-scene.ts';
import { makePlan, type Plan, type Step } from './script.ts';
import { judgeStep, judgeWhole, type Measured, sayReport } from './verdict.ts';

const clean: Measured = {
  pictures: 300,
  picturesLost: 0,
  picturesRepeated: 0,
  continuityErrors: 0,
  ptsJumps: 0,
  pcrJumps: 0,
  longestGapMs: 41.6,
  stillMs: 76,
  slateMs: 0,
  latePackets: 0,
};
const pulled: Observed = { brokenAtMs: 1000, noticedAtMs: 1080, switchedAtMs: null, putBackAtMs: 6000, backAtMs: 18_000, chosen: 'lte' };
const lost: Observed = { brokenAtMs: 1000, noticedAtMs: 1010, switchedAtMs: 1041, putBackAtMs: 6000, backAtMs: 9700, chosen: 'spare' };
const stepOf = (fault: RehearsalFault): Step => (makePlan({ faults: [fault] }, wellScene, bondedRules) as Plan).steps[0] as Step;
const judge = (fault: RehearsalFault, observed: Observed, measured: Partial<Measured> = {}, end: StepEnd = 'done') =>
  judgeStep(stepOf(fault), observed, { ...clean, ...measured }, end, 20_000);

test.each<[string, ReturnType<typeof judge>, string, string]>([
  [
    'a path left in time',
    judge({ kind: 'pull-path' }, pulled),
    'passed',
    'eth pulled: on lte after 80 ms, nothing lost; back on eth 12 s after it was put back',
  ],
  [
    'an input left in time',
    judge({ kind: 'lose-input' }, lost),
    'passed',
    'cam lost: on spare after 41 ms, nothing lost; back on cam 3.7 s after it was put back',
  ],
  [
    'a management that nobody missed',
    judge({ kind: 'freeze-management' }, { ...pulled, noticedAtMs: null, chosen: null }),
    'passed',
    'management frozen: the program did without it for 5.0 s, nothing lost; it answers again',
  ],
  [
    'a limit',
    judge({ kind: 'limit-path' }, { ...pulled, noticedAtMs: null, chosen: null }),
    'passed',
    'eth limited to 2000 kbit/s: nothing lost; eth is whole again',
  ],
  [
    'packets that came too late',
    judge({ kind: 'pull-path' }, pulled, { latePackets: 12 }),
    'noticed',
    'eth pulled: on lte after 80 ms, 12 packets late; back on eth 12 s after it was put back',
  ],
  [
    'a picture that stood still',
    judge({ kind: 'freeze-input' }, { ...lost, switchedAtMs: 1350 }, { picturesLost: 10, stillMs: 350, slateMs: 1200 }),
    'noticed',
    'cam hangs: on spare after 350 ms, 10 pictures missing, a picture that stood still for 350 ms, the slate for 1.2 s; back on cam 3.7 s after it was put back',
  ],
  [
    'the slate',
    judge({ kind: 'lose-input' }, { ...lost, chosen: 'slate' }),
    'noticed',
    'cam lost: on the slate after 41 ms, nothing lost; back on cam 3.7 s after it was put back',
  ],
  [
    'a pause',
    judge({ kind: 'pull-path' }, pulled, { longestGapMs: 700 }),
    'noticed',
    'eth pulled: on lte after 80 ms, a pause of 700 ms; back on eth 12 s after it was put back',
  ],
  [
    'a broken stream',
    judge({ kind: 'lose-input' }, lost, { continuityErrors: 2, pcrJumps: 1 }),
    'failed',
    'cam lost: on spare after 41 ms, 2 continuity errors, 1 jumps of the clock; back on cam 3.7 s after it was put back',
  ],
  [
    'no return',
    judge({ kind: 'pull-path' }, { ...pulled, backAtMs: null }, {}, 'failed'),
    'failed',
    'eth pulled: on lte after 80 ms, nothing lost; not back in time',
  ],
  [
    'an end before its time',
    judge({ kind: 'pull-path' }, { ...pulled, backAtMs: null, putBackAtMs: 2000 }, {}, 'stopped'),
    'stopped',
    'eth pulled: on lte after 80 ms, nothing lost; stopped before it was back',
  ],
])('%s', (_, step, verdict, text) => {
  expect(step.verdict).toBe(verdict);
  expect(step.text).toBe(text);
});

test('the figures say when, from the fault and from when it was put back', () => {
  expect(judge({ kind: 'lose-input' }, lost).figures).toEqual({
    ...clean,
    longestGapMs: 42,
    brokenMs: 5000,
    noticedMs: 10,
    switchedMs: 41,
    backMs: 3700,
    chosen: 'spare',
  });
});

test('the whole is as good as its worst step', () => {
  const passed = judge({ kind: 'pull-path' }, pulled);
  const noticed = judge({ kind: 'pull-path' }, pulled, { latePackets: 1 });
  const failed = judge({ kind: 'pull-path' }, pulled, { ptsJumps: 1 });
  expect(judgeWhole([passed, passed], 2, 'requested', '')).toEqual({ verdict: 'passed', reason: 'requested', text: 'no viewer noticed: 2 of 2 faults passed' });
  expect(judgeWhole([passed, noticed], 2, 'requested', '').verdict).toBe('noticed');
  expect(judgeWhole([passed, noticed, failed], 3, 'requested', '').verdict).toBe('failed');
  expect(judgeWhole([passed], 3, 'carrier-lost', 'the path lte broke')).toEqual({
    verdict: 'stopped',
    reason: 'carrier-lost',
    text: 'not brought to its end: 1 of 3 faults passed; stopped: the path lte broke',
  });
  expect(judgeWhole([failed], 3, 'unsteady', 'eth did not come back').verdict).toBe('failed');
});

test('a person reads a line each, and what was left out', () => {
  const steps = [judge({ kind: 'pull-path' }, pulled)];
  const whole = judgeWhole(steps, 1, 'requested', '');
  const about = { id: '1a', box: 'box7', by: 'page', forced: false, monoMs: 0, wallMs: null, tookMs: 23_456 };
  const leftOut = [{ what: 'encoder of cam killed', reason: 'no-spare' as const, text: 'encoder of cam killed: no other input works' }];
  expect(sayReport({ ...about, ...whole, steps, leftOut }).split('\n')).toEqual([
    'PASSED  no viewer noticed: 1 of 1 faults passed  (23 s)',
    '  passed   eth pulled: on lte after 80 ms, nothing lost; back on eth 12 s after it was put back',
    '  left out encoder of cam killed: no other input works',
  ]);
});
