import { expect, test } from 'vitest';
import type { BoxSnapshot } from '../../model/box.ts';
import { Allowance, isThin, telemetryEveryMs } from './allowance.ts';

test('over a minute no more goes than is allowed, and what gives way stops first', () => {
  const allowance = new Allowance(80, 0);
  let sent = 0;
  for (let nowMs = 0; nowMs < 60_000; nowMs += 10)
    if (allowance.has(0, nowMs)) {
      allowance.spend(500, nowMs);
      sent += 500;
    }
  // 10 bytes/ms, a burst of 4 s, and one message that was begun.
  expect(sent).toBeLessThanOrEqual(64 * 10_000 + 500);
  expect(sent).toBeGreaterThan(60 * 10_000);
  expect(allowance.has(0.25, 60_000)).toBe(false);
  expect(allowance.has(0.25, 62_000)).toBe(true);
});

test('telemetry thins out while the network takes less than is given, and while the program waits for it', () => {
  const box = (sendBufferMs: number) => ({ status: { destinations: [{ active: true, srt: { sendBufferMs, latencyMs: 1000 } }] } }) as unknown as BoxSnapshot;
  expect(telemetryEveryMs(box(40), 0, false)).toBe(1000);
  expect(telemetryEveryMs(box(40), 9000, false)).toBe(10_000);
  expect(telemetryEveryMs(box(700), 0, false)).toBe(5000);
  expect([isThin(box(40), 0), isThin(box(40), 9000), isThin(box(700), 0)]).toEqual([false, true, true]);
});

test('telemetry thins out over a network whose data is counted, and no further where that is thin as well', () => {
  const box = (sendBufferMs: number) => ({ status: { destinations: [{ active: true, srt: { sendBufferMs, latencyMs: 1000 } }] } }) as unknown as BoxSnapshot;
  expect(telemetryEveryMs(box(40), 0, true)).toBe(10_000);
  expect(telemetryEveryMs(box(700), 0, true)).toBe(10_000);
});
