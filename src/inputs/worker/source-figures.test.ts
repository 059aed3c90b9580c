import { describe, expect, it } from 'vitest';
import { networkFigures } from './source-figures.ts';

describe('the figures of an SRT source', () => {
  it('of a listener stand in its list of callers, as text within text', () => {
    // As GStreamer 1.22 writes it.
    const stats = String.raw`application/x-srt-statistics, callers=(GValueArray)< "application/x-srt-statistics\,\ packets-sent\=\(gint64\)0\,\ packets-sent-lost\=\(int\)0\,\ negotiated-latency-ms\=\(int\)125\,\ packets-received\=\(gint64\)63\,\ packets-received-lost\=\(int\)2\,\ packet-ack-sent\=\(int\)27\,\ bytes-received\=\(guint64\)65188\,\ receive-rate-mbps\=\(double\)0.21616145789940755\,\ bandwidth-mbps\=\(double\)12\,\ rtt-ms\=\(double\)0.034000000000000002\,\ caller-address\=\(GSocketAddress\)NULL\;" >, bytes-received-total=(guint64)59220;`;
    expect(networkFigures(stats)).toEqual({ rttMs: 0.034, receivedPackets: 63, lostPackets: 2, receiveMbps: 0.2162, latencyMs: 125 });
  });

  it('of a caller stand bare', () => {
    const stats =
      'application/x-srt-statistics, packets-received=(gint64)9, packets-received-lost=(int)0, receive-rate-mbps=(double)1e-05, rtt-ms=(double)12.5;';
    expect(networkFigures(stats)).toEqual({ rttMs: 12.5, receivedPackets: 9, lostPackets: 0, receiveMbps: 0 });
  });

  it.each([undefined, null, 3, '', 'application/x-srt-statistics, bytes-received-total=(guint64)0;'])('are none in %j', (stats) => {
    expect(networkFigures(stats)).toEqual({});
  });
});
