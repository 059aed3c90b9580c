import { describe, expect, it } from 'vitest';
import { Analyser } from './analyser.ts';
import { PictureOrder, type PictureVerdict } from './pictures.ts';

const wrap = 2 ** 33;

/** Adds up the verdicts on a series of presentation times in decode order. */
function judge(times: number[]) {
  const order = new PictureOrder();
  const verdicts = times.map((pts) => order.add(((pts % wrap) + wrap) % wrap)).filter((one): one is PictureVerdict => one !== null);
  return {
    missing: verdicts.reduce((sum, one) => sum + one.missing, 0),
    repeated: verdicts.filter((one) => one.repeated).length,
    jumps: verdicts.filter((one) => one.jump).length,
  };
}

const run = (count: number, start = 0, period = 3000) => Array.from({ length: count }, (_, index) => start + index * period);

describe('the order of pictures', () => {
  it('is clean for a steady series, over the wrap too', () => {
    expect(judge(run(200, wrap - 300_000))).toEqual({ missing: 0, repeated: 0, jumps: 0 });
  });
  it('is clean for 29.97 pictures a second and for rounded times', () => {
    expect(judge(run(200, 0, 3003))).toEqual({ missing: 0, repeated: 0, jumps: 0 });
    expect(judge(run(200, 0, 3000).map((pts, index) => pts + (index % 2)))).toEqual({ missing: 0, repeated: 0, jumps: 0 });
  });
  it('sorts B-frames before it judges', () => {
    const decodeOrder = run(200).flatMap((_, index, all) =>
      index % 3 === 2 ? [all[index] as number, all[index - 2] as number, all[index - 1] as number] : [],
    );
    expect(judge(decodeOrder)).toEqual({ missing: 0, repeated: 0, jumps: 0 });
  });
  it('counts each missing picture, and one that came twice', () => {
    const times = run(200).filter((_, index) => index < 100 || index >= 107);
    times.splice(150, 0, times[149] as number);
    expect(judge(times)).toEqual({ missing: 7, repeated: 1, jumps: 0 });
  });
  it('takes a long outage for missing pictures and one jump, and another time base for a jump alone', () => {
    expect(judge([...run(100), ...run(100, 100 * 3000 + 900_000)])).toEqual({ missing: 300, repeated: 0, jumps: 1 });
    expect(judge([...run(100, 2 ** 32), ...run(100)])).toEqual({ missing: 0, repeated: 0, jumps: 1 });
    expect(judge([...run(200), ...run(100, 30_000)])).toEqual({ missing: 0, repeated: 0, jumps: 1 });
  });
});

describe('the analyser', () => {
  it('counts what is missing per PID, allows one duplicate, and survives any bytes', () => {
    const analyser = new Analyser();
    const packet = (counter: number) => Buffer.from([0x47, 0x01, 0x00, 0x10 | counter, ...Array<number>(184).fill(0xff)]);
    for (const counter of [0, 1, 1, 2, 4, 5, 5, 5]) analyser.push(packet(counter), 0, 188, counter);
    expect(analyser.figures.continuityErrors).toBe(2);
    analyser.push(Buffer.alloc(188 * 7, 0x47), 0, 188 * 7, 10);
    expect(analyser.figures.picturesLost).toBe(0);
  });
  it('measures the longest pause in arrival, the one at the end included', () => {
    const analyser = new Analyser();
    for (const atMs of [0, 10, 400, 410]) analyser.push(Buffer.alloc(0), 0, 0, atMs);
    expect(analyser.figures.longestGapMs).toBe(390);
    expect(analyser.longestGapMs(1000)).toBe(590);
    expect(analyser.figures.disturbances).toEqual([{ atMs: 400, kind: 'gap' }]);
  });
});
