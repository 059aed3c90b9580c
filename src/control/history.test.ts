import { expect, test } from 'vitest';
import type { Status } from '../model/status.ts';
import { PathHistory, sampleOf } from './history.ts';

const status = (monoMs: number, sentPackets: number, nakedPackets: number, session = 's'): Status =>
  ({
    monoMs,
    session,
    program: { kbps: 1, destination: 'cloud' },
    paths: [{ id: 'eth', destination: 'cloud', sentKbps: 1, rttMs: 20, sentPackets, nakedPackets }],
  }) as unknown as Status;
const loss = (now: Status, before: Status | null) => sampleOf(now, before).paths.eth?.lossPct;

test('loss is what was reported missing of what was sent in the same second', () => {
  expect(loss(status(1000, 300, 3), status(0, 100, 1))).toBe(1);
  expect(loss(status(1000, 100, 1), status(0, 100, 1))).toBeNull();
  expect(loss(status(1000, 110, 90), status(0, 100, 1))).toBe(100);
  expect(loss(status(1000, 100, 1), null)).toBeNull();
});

test('a sample a second is kept, two minutes of them', () => {
  const history = new PathHistory();
  for (let ms = 0; ms < 300_000; ms += 250) history.take(status(ms, ms, 0));
  expect(history.samples()).toHaveLength(120);
  expect(history.latest()?.monoMs).toBe(299_000);
});

test('counters that begin anew with another daemon make no loss of minus a million', () => {
  const history = new PathHistory();
  history.take(status(0, 1_000_000, 5));
  history.take(status(10, 5, 0, 'other'));
  expect(history.latest()?.paths.eth?.lossPct).toBeNull();
});
