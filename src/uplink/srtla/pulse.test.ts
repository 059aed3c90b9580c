import { describe, expect, it } from 'vitest';
import { Pulse } from './pulse.ts';

/** Runs a busy link of 20 ms round trip in turns of 2 ms; `answers` says whether the far end is there. Returns the pulse at each verdict. */
function run(pulse: Pulse, fromMs: number, toMs: number, answers: (ms: number) => boolean): { suspectAtMs: number | null } {
  const open: number[] = [];
  let suspectAtMs: number | null = null;
  for (let nowMs = fromMs; nowMs < toMs; nowMs += 2) {
    while ((open[0] ?? nowMs) <= nowMs - 20) {
      const askedMs = open.shift() as number;
      if (answers(askedMs + 10) && answers(nowMs)) pulse.answered(askedMs, nowMs);
    }
    pulse.sent(nowMs);
    if (pulse.askDue(nowMs)) {
      pulse.asked(nowMs);
      open.push(nowMs);
    }
    if (pulse.judge(20, 1, nowMs)) suspectAtMs ??= nowMs;
  }
  return { suspectAtMs };
}

describe('the pulse of a link', () => {
  it('never suspects one that answers', () => {
    const pulse = new Pulse();
    pulse.start(0);
    expect(run(pulse, 0, 10_000, () => true).suspectAtMs).toBeNull();
  });
  it('suspects a dead one within 100 ms of its last delivery, at 20 ms round trip', () => {
    const pulse = new Pulse();
    pulse.start(0);
    const { suspectAtMs } = run(pulse, 0, 2000, (ms) => ms < 1000);
    expect(suspectAtMs).not.toBeNull();
    expect((suspectAtMs ?? 0) - 1000).toBeLessThanOrEqual(100);
  });
  it('takes it back when it answers again, and more slowly when it flaps', () => {
    const pulse = new Pulse();
    pulse.start(0);
    const backMs: number[] = [];
    for (let round = 0; round < 4; round++) {
      const fromMs = round * 2000;
      run(pulse, fromMs, fromMs + 1000, (ms) => ms < fromMs + 500);
      expect(pulse.suspect).toBe(true);
      run(pulse, fromMs + 1000, fromMs + 2000, () => true);
      expect(pulse.suspect).toBe(false);
      backMs.push(pulse.recoveredMs - fromMs - 1000);
    }
    expect(backMs[3]).toBeGreaterThan(backMs[0] ?? 0);
  });
  it('is not deceived by what comes back over a link whose way there is blocked', () => {
    const pulse = new Pulse();
    pulse.start(0);
    let suspected = false;
    for (let nowMs = 0; nowMs < 1000; nowMs += 2) {
      pulse.heard(nowMs);
      pulse.sent(nowMs);
      if (pulse.askDue(nowMs)) pulse.asked(nowMs);
      suspected ||= pulse.judge(20, 1, nowMs);
    }
    expect(suspected).toBe(true);
  });
  it('is not taken back for answers that come seconds late, but answers, should there be no other', () => {
    const pulse = new Pulse();
    pulse.start(0);
    run(pulse, 0, 1000, (ms) => ms < 500);
    expect(pulse.suspect).toBe(true);
    for (let nowMs = 1000; nowMs < 3000; nowMs += 2) {
      pulse.judge(20, 1, nowMs);
      if (nowMs % 20 === 0 && nowMs > 2500) pulse.answered(nowMs - 1500, nowMs);
    }
    expect(pulse.suspect).toBe(true);
    expect(pulse.answering).toBe(true);
  });
});
