import { describe, expect, it } from 'vitest';
import { initialHealth, judgeHealth, type Sample, type WatchLimits } from './health.ts';

const limits: WatchLimits = {
  stallMs: 400,
  frozenMs: 1000,
  blackMs: 1000,
  silenceMs: 1000,
  bitratePercent: 50,
  bitrateMs: 2000,
  cadencePercent: 50,
  cadenceMs: 3000,
  continuityPerSecond: 3,
  lossPercent: 10,
  retransmitPercent: 10,
  rttMs: 800,
  networkMs: 0,
};
const good: Sample = {
  delivering: true,
  reason: 'started',
  dataAgeMs: 20,
  stillMs: 0,
  noPictureMs: null,
  blackMs: 0,
  silentMs: 0,
  kbps: 4000,
  expectedKbps: 4000,
  continuityErrors: 0,
  pictures: 0,
  expectedFps: null,
  lossPercent: 0,
  retransmitPercent: 0,
  rttMs: 40,
  softwareEncoded: false,
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
    [{ noPictureMs: 1000 }, 'no-picture'],
    [{ blackMs: 1000, stillMs: 1000 }, 'black-picture'],
    [{ silentMs: 1000 }, 'silence'],
    [{ lossPercent: 10 }, 'source-lossy'],
    [{ retransmitPercent: 10 }, 'source-retransmits'],
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
      cadencePercent: 0,
      cadenceMs: 0,
      continuityPerSecond: 0,
      lossPercent: 0,
      retransmitPercent: 0,
      rttMs: 0,
      networkMs: 0,
    };
    const bad = { ...good, dataAgeMs: 9e6, stillMs: 9e6, blackMs: 9e6, silentMs: 9e6, kbps: 0, lossPercent: 99, retransmitPercent: 99, rttMs: 9e6 };
    expect(judgeHealth(initialHealth, bad, 1, off).verdict.usable).toBe(true);
    expect(
      judge({ stillMs: null, blackMs: null, silentMs: null, expectedKbps: null, kbps: 0, lossPercent: null, retransmitPercent: null, rttMs: null }).usable,
    ).toBe(true);
  });
  it('complains of a poor network only after its time, whichever way it is poor', () => {
    let state = initialHealth;
    const at = (nowMs: number, patch: Partial<Sample>) => {
      const result = judgeHealth(state, { ...good, ...patch }, nowMs, { ...limits, networkMs: 1000 });
      ({ state } = result);
      return result.verdict.reason;
    };
    expect(at(5000, { lossPercent: 20 })).toBe('started');
    expect(at(5900, { retransmitPercent: 20 })).toBe('started');
    expect(at(6000, { retransmitPercent: 20 })).toBe('source-retransmits');
    expect(at(6100, {})).toBe('started');
    expect(at(6200, { rttMs: 900 })).toBe('started');
    expect(at(7300, { rttMs: 900 })).toBe('source-slow');
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
  it('counts whole pictures, and complains of too few only after their time', () => {
    let state = initialHealth;
    let pictures = 0;
    const second = (nowMs: number, fps: number) => {
      pictures += fps;
      const result = judgeHealth(state, { ...good, pictures, expectedFps: 30 }, nowMs, limits);
      ({ state } = result);
      return result.verdict;
    };
    expect([1000, 2000].map((nowMs) => second(nowMs, 30).usable)).toEqual([true, true]);
    expect(state.fps).toBe(30);
    expect(second(3000, 16).score).toBeLessThan(80);
    expect([4000, 5000, 6000].map((nowMs) => second(nowMs, 14).usable)).toEqual([true, true, false]);
    expect(second(6500, 7)).toMatchObject({ usable: false, reason: 'cadence-low' });
    expect(second(7500, 30).usable).toBe(true);
  });
  it('holds no fewer pictures against one that has just begun again', () => {
    let state = initialHealth;
    const at = (nowMs: number, patch: Partial<Sample>) => {
      const result = judgeHealth(state, { ...good, expectedFps: 30, ...patch }, nowMs, { ...limits, cadenceMs: 1000 });
      ({ state } = result);
      return result.verdict;
    };
    at(1000, { pictures: 900 });
    at(2000, { pictures: 930 });
    at(9000, { pictures: 930, delivering: false, reason: 'worker-exited' });
    expect(at(9500, { pictures: 931 }).usable).toBe(true);
    expect(at(10_100, { pictures: 960 }).usable).toBe(true);
  });
  it('trusts a source less that a strained processor encodes', () => {
    const score = (softwareEncoded: boolean, strained: boolean) =>
      judgeHealth(initialHealth, { ...good, softwareEncoded }, 5000, limits, strained).verdict.score;
    expect([score(true, true), score(true, false), score(false, true)]).toEqual([79, 99, 99]);
  });
  it('scores a thin or lossy source below a full one', () => {
    expect(judge({ kbps: 2500 }).score).toBeLessThan(judge({}).score);
    expect(judge({ lossPercent: 5 }).score).toBeLessThan(judge({}).score);
  });
});
