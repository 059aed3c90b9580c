import { expect, test } from 'vitest';
import { Multiplex } from '../switcher/multiplex.ts';
import { ProgramMeter } from './meter.ts';

/** A program of 30 pictures a second with one missing where `hole` says, as the switcher writes it. */
function play(meter: ProgramMeter, fromMs: number, pictures: number, hole: (n: number) => boolean, multiplex = makeMultiplex(meter)): number {
  for (let n = 0; n < pictures; n++) {
    const nowMs = fromMs + (n * 1000) / 30;
    const at = (fromMs * 90 + n * 3000) | 0;
    if (hole(n)) continue;
    const bytes = Buffer.alloc(400);
    multiplex.now = nowMs;
    multiplex.writer.write(
      { kind: 'video', entry: n % 30 === 0 ? 'clean' : 'none', bytes, from: 200, end: 400, pts: at, dts: at, timeless: false } as never,
      at,
      at,
      nowMs,
    );
    multiplex.writer.flush();
  }
  return fromMs + (pictures * 1000) / 30;
}

function makeMultiplex(meter: ProgramMeter) {
  const one = { now: 0, writer: new Multiplex((buffer, offset, length) => meter.push(buffer, offset, length, one.now)) };
  one.writer.describe({ pid: 0, type: 27, kind: 'h264', descriptors: new Uint8Array() }, null);
  return one;
}

test('what is missing, stands still, is late or is the slate counts for the step in which it was', () => {
  const meter = new ProgramMeter();
  const multiplex = makeMultiplex(meter);
  let nowMs = play(meter, 1000, 120, () => false, multiplex);
  meter.lateness({ dropped: 7, unproved: 3 });
  expect(meter.take(nowMs)).toMatchObject({ picturesLost: 0, continuityErrors: 0, latePackets: 0, slateMs: 0 });
  nowMs = play(meter, nowMs, 120, (n) => n >= 30 && n < 40, multiplex);
  meter.lateness({ dropped: 9, unproved: 3 });
  expect(meter.hurts).toBe(true);
  // Another session counts from 0.
  meter.lateness({ dropped: 0, unproved: 4 });
  meter.look(false, nowMs);
  meter.look(true, nowMs + 400);
  const measured = meter.take(nowMs);
  expect(measured).toMatchObject({ picturesLost: 10, continuityErrors: 0, ptsJumps: 0, latePackets: 3, slateMs: 400 });
  expect(measured.stillMs).toBeGreaterThanOrEqual(366);
  expect(measured.stillMs).toBeLessThan(370);
  nowMs = play(meter, nowMs, 60, () => false, multiplex);
  expect(meter.take(nowMs)).toMatchObject({ picturesLost: 0, latePackets: 0, slateMs: 0 });
  expect(meter.hurts).toBe(false);
});
