import { describe, expect, it } from 'vitest';
import { Carrier } from './carrier.ts';
import { Failover } from './failover.ts';
import { Losses } from './losses.ts';
import { Packets } from './packets.ts';
import { Rescues } from './rescues.ts';

const terms = { priority: 10, capKbps: 0, metered: false };

function twoLinks() {
  const carriers = [0, 1].map(() => new Carrier(terms, () => 1000));
  for (const carrier of carriers) carrier.accepted(0);
  const packets = new Packets(256);
  const losses = new Losses(packets, carriers);
  return { carriers, failover: new Failover(packets, carriers, losses, new Rescues(packets, carriers, losses)) };
}

/** It was asked a second ago, and has not answered. */
function fallsQuiet(carrier: Carrier | undefined, nowMs: number): void {
  carrier?.pulse.asked(nowMs - 1000);
  carrier?.judge(nowMs);
}
const good = (carriers: readonly Carrier[]) => carriers.map((carrier) => carrier.good);

describe('failover between the links of a bond', () => {
  it('keeps the others ready while a pinned link works, and opens them when it is suspect', () => {
    const { carriers, failover } = twoLinks();
    failover.only = 0;
    failover.gate();
    expect(good(carriers)).toEqual([true, false]);
    fallsQuiet(carriers[0], 2000);
    failover.fell(0, 2000);
    expect(good(carriers)).toEqual([false, true]);
  });
  it('leaves a link that answers again alone while another one works', () => {
    const { carriers, failover } = twoLinks();
    fallsQuiet(carriers[0], 2000);
    carriers[0]?.pulse.answered(2001, 2010);
    failover.pardon(2010);
    expect(good(carriers)).toEqual([false, true]);
  });
  it('takes it back before its time when there is no other', () => {
    const { carriers, failover } = twoLinks();
    for (const carrier of carriers) fallsQuiet(carrier, 2000);
    failover.pardon(2005);
    expect(good(carriers)).toEqual([false, false]);
    carriers[0]?.pulse.answered(2001, 2010);
    failover.pardon(2010);
    expect(good(carriers)).toEqual([true, false]);
  });
});
