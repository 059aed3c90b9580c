import { describe, expect, it } from 'vitest';
import { SourceMeter } from './source-rates.ts';

/** Reports every half a second, each made from its number. */
function metered(count: number, make: (index: number) => Record<string, number>): SourceMeter {
  const meter = new SourceMeter();
  for (let index = 0; index < count; index++) meter.add(make(index), 10_000 + index * 500);
  return meter;
}

describe('the rates of a source', () => {
  it('are those of the last two seconds', () => {
    const meter = metered(21, (index) => ({
      // 25 a second for eight seconds, then 5.
      decodedPictures: Math.min(index, 16) * 12.5 + Math.max(0, index - 16) * 2.5,
      receivedBytes: index * 125_000,
    }));
    expect(meter.rates).toMatchObject({ pictureFps: 5, kbps: 2000 });
  });

  it('are unknown where nothing is counted, and before a second has passed', () => {
    expect(new SourceMeter().rates).toMatchObject({ pictureFps: null, kbps: null, lossPercent: null, rttMs: null });
    expect(metered(2, (index) => ({ decodedPictures: index * 12, rttMs: 40 })).rates).toMatchObject({ pictureFps: null, rttMs: 40 });
  });

  it('tell the loss on the way as a share of what came', () => {
    expect(metered(9, (index) => ({ receivedPackets: index * 100, lostPackets: index * 5 })).rates.lossPercent).toBe(5);
    expect(metered(9, (index) => ({ receivedPackets: index * 100, lostPackets: 7 })).rates.lossPercent).toBe(0);
    expect(metered(9, (index) => ({ receivedPackets: 0, lostPackets: index })).rates.lossPercent).toBe(100);
  });

  it('tell how much of what came was sent again, where that is counted', () => {
    expect(metered(9, (index) => ({ receivedPackets: index * 100, retransmittedPackets: index * 4 })).rates.retransmitPercent).toBe(4);
    expect(metered(9, (index) => ({ receivedPackets: index * 100 })).rates.retransmitPercent).toBeNull();
  });

  it('tell pictures between two reports as if they came one by one, and none after the last', () => {
    const meter = metered(9, (index) => ({ decodedPictures: index * 10 }));
    expect(meter.pictures(14_000)).toBe(80);
    expect(meter.pictures(14_250)).toBe(85);
    expect(meter.pictures(19_000)).toBe(90);
    expect(new SourceMeter().pictures(1000)).toBeNull();
  });

  it('begin anew with another sender', () => {
    const meter = metered(5, (index) => ({ receivedPackets: index * 100, lostPackets: index * 50 }));
    meter.add({ receivedPackets: 10, lostPackets: 0 }, 12_500);
    expect(meter.rates.lossPercent).toBeNull();
    meter.add({ receivedPackets: 210, lostPackets: 0 }, 13_500);
    expect(meter.rates.lossPercent).toBe(0);
  });
});
