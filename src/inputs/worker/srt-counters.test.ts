import { describe, expect, it } from 'vitest';
import { statBytes, statOffsets } from '../../uplink/srt/stats.ts';
import { droppedAt, retransmittedAt, statsBytes } from './srt-counters.ts';

describe('the counters of a worker’s SRT source', () => {
  it('stand where the C compiler puts them', () => {
    expect(droppedAt).toBe(statOffsets.pktRcvDropTotal);
    expect(retransmittedAt).toBe(statOffsets.pktRcvRetrans);
    expect(statsBytes).toBeGreaterThan(statBytes);
  });
});
