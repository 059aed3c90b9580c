/**
 * The receiving end in simulated time: an SRTLA receiver with a libsrt listener behind it, as far as a sender can tell. ACKs each 10 ms over all
 * links, loss reports over the link last heard from, SRTLA ACKs a link; a packet counts when it is there before its time is over.
 */
import * as wire from '../uplink/srtla/wire.ts';

export interface ReceiverOptions {
  links: number;
  latencyMs: number;
  /** stock: libsrt's defaults, asks at once and again and again. patient: as our gateway's listener, after 40 later packets, once. */
  kind: 'stock' | 'patient';
  /** When the packet was given to the sender. */
  bornMs(sequence: number): number;
  /** It was not there in time: missing still, or `late`: it came after that, in its place, and libsrt would hand it on then and there. */
  lost(sequence: number, late: boolean): void;
  /** One way, of the link that the handshake came over: libsrt's clock of the session begins with it. */
  firstDelayMs: number;
  send(link: number, bytes: Buffer): void;
}

const ackEveryMs = 10;
/** libsrt: (round trip + 4 variances) / 2, and no less than 20 ms. */
const reportEveryMs = 40;
const patience = 40;

export class SimulatedReceiver {
  readonly #options: ReceiverOptions;
  readonly #told: number[][];
  readonly #have = new Set<number>();
  readonly #missing = new Map<number, { passed: number; told: boolean }>();
  #next = 0;
  #highest = -1;
  #ackedUpTo = -1;
  #lastLink = 0;
  deliveredBytes = 0;
  duplicates = 0;
  /** When each link last delivered a packet. */
  readonly deliveredMs: number[];

  constructor(options: ReceiverOptions) {
    this.#options = options;
    this.#told = Array.from({ length: options.links }, () => []);
    this.deliveredMs = Array.from({ length: options.links }, () => 0);
  }

  data(link: number, sequence: number, bytes: number, nowMs: number): void {
    this.#lastLink = link;
    this.deliveredMs[link] = nowMs;
    const told = this.#told[link] as number[];
    told.push(sequence);
    if (told.length === wire.ackSequences) {
      const ack = Buffer.alloc(wire.ackBytes);
      wire.writeAck(ack, told);
      told.length = 0;
      this.#options.send(link, ack);
    }
    if (sequence < this.#next || this.#have.has(sequence)) {
      this.duplicates++;
      return;
    }
    this.#have.add(sequence);
    if (this.#isOver(sequence, nowMs)) this.#options.lost(sequence, true);
    else this.deliveredBytes += bytes;
    this.#missing.delete(sequence);
    if (sequence > this.#highest) this.#gap(sequence);
    while (this.#have.delete(this.#next)) this.#next++;
    for (const one of this.#missing.values()) one.passed++;
    if (this.#options.kind === 'patient') this.#report(({ passed, told }) => passed >= patience && !told);
  }

  #gap(sequence: number): void {
    const fresh: number[] = [];
    for (let one = this.#highest + 1; one < sequence; one++) {
      this.#missing.set(one, { passed: 0, told: false });
      fresh.push(one);
    }
    this.#highest = sequence;
    if (this.#options.kind === 'stock' && fresh.length > 0) this.#sendReport(fresh);
  }

  #report(wanted: (one: { passed: number; told: boolean }) => boolean): void {
    const due = [...this.#missing].filter(([, one]) => wanted(one));
    for (const [, one] of due) one.told = true;
    if (due.length > 0) this.#sendReport(due.map(([sequence]) => sequence));
  }

  #sendReport(sequences: number[]): void {
    for (let from = 0; from < sequences.length; from += 300) {
      const part = sequences.slice(from, from + 300);
      const nak = Buffer.alloc(wire.srtHeaderBytes + 4 * part.length);
      nak.writeUInt16BE(wire.srtType.nak, 0);
      for (const [at, sequence] of part.entries()) nak.writeUInt32BE(sequence, wire.srtHeaderBytes + 4 * at);
      this.#options.send(this.#lastLink, nak);
    }
  }

  #isOver(sequence: number, nowMs: number): boolean {
    const { latencyMs, firstDelayMs, bornMs } = this.#options;
    return nowMs > bornMs(sequence) + latencyMs + firstDelayMs;
  }

  turn(nowMs: number): void {
    const { lost, kind, links } = this.#options;
    // What is too late is given up, as libsrt does (too-late packet drop).
    while (this.#next <= this.#highest && this.#isOver(this.#next, nowMs)) {
      if (!this.#have.delete(this.#next)) lost(this.#next, false);
      this.#missing.delete(this.#next);
      this.#next++;
    }
    if (kind === 'stock' && nowMs % reportEveryMs === 0) this.#report(() => true);
    if (nowMs % ackEveryMs !== 0 || this.#next === this.#ackedUpTo || this.#highest < 0) return;
    this.#ackedUpTo = this.#next;
    const ack = Buffer.alloc(wire.srtHeaderBytes + 28);
    ack.writeUInt16BE(wire.srtType.ack, 0);
    ack.writeUInt32BE(this.#next, wire.srtHeaderBytes);
    for (let link = 0; link < links; link++) this.#options.send(link, ack);
  }
}
