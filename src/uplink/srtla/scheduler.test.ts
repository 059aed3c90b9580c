import { describe, expect, it } from 'vitest';
import { chooseLink, judgeStall, type LinkFigures, restore, shrink, stallMs, windowStart } from './scheduler.ts';

const link = (patch: Partial<LinkFigures> = {}): LinkFigures => ({
  usable: true,
  inFlight: 0,
  window: windowStart,
  rttMs: 40,
  heardMs: 0,
  steadySinceMs: 0,
  nakPenalty: 0,
  stalled: false,
  ...patch,
});

describe('the choice of a link', () => {
  it('takes the one with the most room', () => {
    expect(chooseLink([link({ inFlight: 10 }), link({ inFlight: 2 })], -1, 0)).toBe(1);
  });
  it('stays where it is when another is hardly better', () => {
    expect(chooseLink([link({ window: 20 }), link({ window: 21 })], 0, 0)).toBe(0);
    expect(chooseLink([link({ window: 20 }), link({ window: 30 })], 0, 0)).toBe(1);
  });
  it('sends a packet again over another link than the one that lost it', () => {
    expect(chooseLink([link(), link({ inFlight: 50 })], 0, 0b01)).toBe(1);
  });
  it('never takes a link that the gateway has not accepted', () => {
    expect(chooseLink([link({ usable: false }), link({ inFlight: 1000 })], 0, 0)).toBe(1);
    expect(chooseLink([link({ usable: false })], 0, 0)).toBe(-1);
  });
  it('leaves a stalled link to any other, but never gives up the last one', () => {
    expect(chooseLink([link({ stalled: true }), link({ inFlight: 1000, window: 1 })], 0, 0)).toBe(1);
    expect(chooseLink([link({ stalled: true }), link({ stalled: true, inFlight: 5 })], 1, 0)).toBe(0);
  });
});

describe('a stall', () => {
  it('is silence of several round trips with packets under way, and no less than cellular pauses make', () => {
    expect(stallMs(20)).toBe(250);
    expect(stallMs(200)).toBe(600);
    const busy = link({ inFlight: 1 });
    judgeStall(busy, 250);
    expect(busy.stalled).toBe(false);
    judgeStall(busy, 251);
    expect(busy.stalled).toBe(true);
    const idle = link();
    judgeStall(idle, 10_000);
    expect(idle.stalled).toBe(false);
  });
  it('is over only after twice its time in good order', () => {
    const one = link({ inFlight: 1 });
    judgeStall(one, 1000);
    for (let nowMs = 1100; nowMs <= 1500; nowMs += 100) {
      one.heardMs = nowMs;
      judgeStall(one, nowMs);
      expect(one.stalled).toBe(true);
    }
    one.heardMs = 1600;
    judgeStall(one, 1600);
    expect(one.stalled).toBe(false);
  });
  it('losses narrow the window, never to nothing', () => {
    const one = link();
    for (let i = 0; i < 1000; i++) shrink(one);
    expect(one.window).toBe(1);
  });
});

it('a packet that was only late costs nothing in the end', () => {
  const one = link();
  const { window, nakPenalty } = one;
  shrink(one);
  restore(one);
  expect(one.window).toBeCloseTo(window);
  expect(one.nakPenalty).toBeCloseTo(nakPenalty);
});
