/** Figures of an SRT source, out of the text form of srtsrc's `stats` structure (a boxed structure reaches us as text). */
const wanted: Readonly<Record<string, string>> = {
  'rtt-ms': 'rttMs',
  'packets-received': 'receivedPackets',
  'packets-received-lost': 'lostPackets',
  'packets-received-retransmitted': 'retransmittedPackets',
  'packets-received-dropped': 'droppedPackets',
  'receive-rate-mbps': 'receiveMbps',
  'negotiated-latency-ms': 'latencyMs',
};

/**
 * An empty record when there is no sender, or no figure in the text. A listener's figures stand in a list of callers, as
 * text within the text, where a backslash stands before each sign (`rtt-ms\=\(double\)0.07`); a caller's stand bare.
 */
export function networkFigures(stats: unknown): Record<string, number> {
  const figures: Record<string, number> = {};
  if (typeof stats !== 'string') return figures;
  for (const [, name, text] of stats.matchAll(/([a-z][a-z-]*)\\*=\\*\([a-z0-9]+\\*\)\\*(-?[\d.]+(?:e[+-]?\d+)?)/g)) {
    const key = wanted[name as string];
    const value = Number(text);
    // Beyond a ten-thousandth it is noise.
    if (key !== undefined && Number.isFinite(value)) figures[key] = Math.round(value * 10_000) / 10_000;
  }
  return figures;
}
