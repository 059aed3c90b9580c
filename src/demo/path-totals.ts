/** What each path carried in a whole run: the media daemon counts from its own start, and may be killed in between. */
import type { Status } from '../model/status.ts';

export interface PathTotal {
  id: string;
  bytes: number;
  packets: number;
  /** Data packets proved to have arrived over this path. */
  acked: number;
  retransmitted: number;
  rttMs: number | null;
}

export class PathTotals {
  #session = '';
  readonly #before = new Map<string, PathTotal>();
  readonly #now = new Map<string, PathTotal>();

  observe({ session, paths }: Pick<Status, 'session' | 'paths'>): void {
    if (session !== this.#session) {
      this.#session = session;
      for (const total of this.totals()) this.#before.set(total.id, total);
      this.#now.clear();
    }
    for (const { id, sentBytes, sentPackets, ackedPackets, retransmittedPackets, rttMs } of paths)
      this.#now.set(id, { id, bytes: sentBytes, packets: sentPackets, acked: ackedPackets, retransmitted: retransmittedPackets, rttMs });
  }

  totals(): PathTotal[] {
    const ids = new Set([...this.#before.keys(), ...this.#now.keys()]);
    return [...ids].map((id) => {
      const before = this.#before.get(id);
      const now = this.#now.get(id);
      const sum = (name: 'bytes' | 'packets' | 'acked' | 'retransmitted') => (before?.[name] ?? 0) + (now?.[name] ?? 0);
      return {
        id,
        bytes: sum('bytes'),
        packets: sum('packets'),
        acked: sum('acked'),
        retransmitted: sum('retransmitted'),
        rttMs: now?.rttMs ?? before?.rttMs ?? null,
      };
    });
  }
}
