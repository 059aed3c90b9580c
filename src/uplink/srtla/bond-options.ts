/** What the bond is given: how to send, and what it may do. */

/** What the bond sends by. False: the system takes no more now. */
export interface Outlet {
  put(link: number, bytes: Buffer, offset: number, length: number): boolean;
}

export interface BondOptions {
  /** How long after it was given by the caller a packet is still of use. */
  latencyMs: number;
  /** Every packet over every link. */
  redundant: boolean;
  /** Second copies that may be sent, as a share of the first ones. */
  duplicateShare: number;
  /** Packets remembered: as many as are given in the latency, and some. */
  packets: number;
}
