import { describe, expect, it } from 'vitest';
import { AllowanceMeter, monthOf } from './allowance.ts';

const allowance = { bytes: 1000, warnPct: 80 };

describe('a data allowance', () => {
  it('warns, stops, and is free again with the next month', () => {
    const meter = new AllowanceMeter(allowance);
    expect(meter.count(700, '2026-11')).toBeNull();
    expect(meter.count(800, '2026-11')).toBe('ok');
    expect(meter.state).toBe('low');
    expect(meter.count(1000, '2026-11')).toBe('low');
    expect(meter.state).toBe('used');
    expect(meter.count(1000, '2026-12')).toBe('used');
    expect(meter.state).toBe('ok');
  });
  it('that is raised frees what was stopped, and what was used stays used', () => {
    const meter = new AllowanceMeter(allowance);
    meter.count(1200, '2026-11');
    expect(meter.allow({ bytes: 5000, warnPct: 80 })).toBe('used');
    expect(meter).toMatchObject({ state: 'ok', usage: { bytes: 1200 } });
    expect(meter.allow({ bytes: 1000, warnPct: 80 })).toBe('ok');
    expect(meter.state).toBe('used');
  });
  it('that is given under way counts from there on', () => {
    const meter = new AllowanceMeter(allowance, undefined, 50_000);
    meter.count(50_100, '2026-11');
    expect(meter.usage.bytes).toBe(100);
  });
  it('goes on after a restart, and when the path’s own counter starts anew', () => {
    const meter = new AllowanceMeter(allowance, { month: '2026-11', bytes: 500 });
    meter.count(200, '2026-11');
    meter.count(100, '2026-11');
    expect(meter.usage).toEqual({ month: '2026-11', bytes: 800 });
  });
  it('gives nothing free while the clock is not set, or is set back', () => {
    const meter = new AllowanceMeter(allowance, { month: '2026-11', bytes: 1000 });
    meter.count(0, null);
    meter.count(0, '2026-01');
    expect(meter.state).toBe('used');
  });
  it('takes its month from the wall clock', () => {
    expect(monthOf(Date.UTC(2026, 10, 30))).toBe('2026-11');
    expect(monthOf(null)).toBeNull();
  });
});
