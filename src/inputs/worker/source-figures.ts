/** Figures of an SRT source, out of the text form of srtsrc's `stats` structure (a boxed structure reaches us as text). */
const wanted: Readonly<Record<string, string>> = {
  'rtt-ms': 'rttMs',
  'packets-received': 'receivedPackets',
  'packets-received-lost': 'lostPackets',
  'packets-received-retransmitted': 'retransmittedPackets',
  'packets-received-dropped': 'droppedPackets',
  'receive-rate-mbps': 'receiveMbps',
};

/** An empty record when there is no sender, or no figure in the text. */
export function networkFigures(stats: unknown): Record<string, number> {
  const figures: Record<string, number> = {};
  if (typeof stats !== 'string') return figures;
  for (const [, name, value] of stats.matchAll(/([a-z-]+)=\\*\s*\([a-z0-9]+\\*\)\\*\s*(-?[\d.]+)/g)) {
    const key = wanted[name as string];
    if (key !== undefined) figures[key] = Number(value);
  }
  return figures;
}
