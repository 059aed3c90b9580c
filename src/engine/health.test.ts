import { describe, expect, it } from 'vitest';
import { initialHealth, judgeHealth, type Sample, type WatchLimits } from './health.ts';

const limits: WatchLimits = {
  stallMs: 400,
  frozenMs: 1000,
  blackMs: 1000,
  silenceMs: 1000,
  bitratePercent: 50,
  bitrateMs: 2000,
  continuityPerSecond: 3,
  lossPercent: 10,
  rttMs: 800,
};
const good: Sample = {
  delivering: true,
  reason: 'started',
  dataAgeMs: 20,
  stillMs: 0,
  blackMs: 0,
  silentMs: 0,
  kbps: 4000,
  expectedKbps: 4000,
  continuityErrors: 0,
  lossPercent: 0,
  rttMs: 40,
  pictures: null,
};
const judge = (patch: Partial<Sample>, nowMs = 5000) => judgeHealth(initialHealth, { ...good, ...patch }, nowMs, limits).verdict;

describe('the health of an input', () => {
  it('is good when nothing is wrong', () => {
    expect(judge({})).toMatchObject({ usable: true, score: 99 });
  });
  it.each<[Partial<Sample>, string]>([
    [{ delivering: false, reason: 'worker-exited' }, 'worker-exited'],
    [{ dataAgeMs: 400 }, 'no-data'],
    [{ stillMs: 1000 }, 'frozen-picture'],
    [{ blackMs: 1000, stillMs: 1000 }, 'black-picture'],
    [{ silentMs: 1000 }, 'silence'],
    [{ lossPercent: 10 }, 'source-lossy'],
    [{ rttMs: 800 }, 'source-slow'],
  ])('%o is not usable: %s', (patch, reason) => {
    expect(judge(patch)).toMatchObject({ usable: false, reason, score: 0 });
  });
  it('minds nothing that is switched off or not watched', () => {
    const off: WatchLimits = {
      stallMs: 0,
      frozenMs: 0,
      blackMs: 0,
      silenceMs: 0,
      bitratePercent: 0,
      bitrateMs: 0,
      continuityPerSecond: 0,
      lossPercent: 0,
      rttMs: 0,
    };
    const bad = { ...good, dataAgeMs: 9e6, stillMs: 9e6, blackMs: 9e6, silentMs: 9e6, kbps: 0, lossPercent: 99, rttMs: 9e6 };
    expect(judgeHealth(initialHealth, bad, 1, off).verdict.usable).toBe(true);
    expect(judge({ stillMs: null, blackMs: null, silentMs: null, expectedKbps: null, kbps: 0, lossPercent: null, rttMs: null }).usable).toBe(true);
  });
  it('complains of a low bitrate only after its time', () => {
    let state = initialHealth;
    const at = (nowMs: number, kbps: number) => {
      const result = judgeHealth(state, { ...good, kbps }, nowMs, limits);
      ({ state } = result);
      return result.verdict;
    };
    expect(at(0, 1000).usable).toBe(true);
    expect(at(1900, 1000).usable).toBe(true);
    expect(at(2000, 1000)).toMatchObject({ usable: false, reason: 'low-bitrate' });
    expect(at(2100, 3000).usable).toBe(true);
  });
  it('remembers a second with many continuity errors for some seconds', () => {
    let state = initialHealth;
    const at = (nowMs: number, continuityErrors: number) => {
      const result = judgeHealth(state, { ...good, continuityErrors }, nowMs, limits);
      ({ state } = result);
      return result.verdict.usable;
    };
    expect([at(1000, 0), at(2000, 3), at(3000, 20), at(5900, 20), at(6100, 20)]).toEqual([true, true, false, false, true]);
  });
  it('scores a thin or lossy source below a full one', () => {
    expect(judge({ kbps: 2500 }).score).toBeLessThan(judge({}).score);
    expect(judge({ lossPercent: 5 }).score).toBeLessThan(judge({}).score);
  });
});
