import { describe, expect, it } from 'vitest';
import { faultReports } from './report.ts';

describe('the recovery from each fault', () => {
  const faults = [
    { atMs: 1000, what: 'path eth down' },
    { atMs: 5000, what: 'path eth up' },
  ];
  it('is the last disturbance before the next fault', () => {
    const seen = [500, 1200, 1900].map((atMs) => ({ atMs }));
    expect(faultReports(faults, seen, 0, 10_000)).toEqual([
      { at: 1, what: 'path eth down', recoveredMs: 900 },
      { at: 5, what: 'path eth up', recoveredMs: 0 },
    ]);
  });
  it('is open when the viewer is still disturbed at the end', () => {
    expect(faultReports(faults, [{ atMs: 9500 }], 0, 10_000)[1]?.recoveredMs).toBeNull();
  });
});
