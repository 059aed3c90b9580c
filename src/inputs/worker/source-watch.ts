/** Reports how the source does, from its own side of the pipeline: what comes over its network, and how many pictures were decoded. */
import type { InputConfig } from '../../config/schema.ts';
import { countArrivals } from './arrivals.ts';
import type { Pipeline } from './gstreamer.ts';
import { type FromWorker, sourceFiguresMs } from './messages.ts';
import { networkFigures } from './source-figures.ts';
import { SrtCounters } from './srt-counters.ts';

/** As often as pictures are looked at: a stall of a third of a second may be noticed no later by this. */
const arrivalMs = 100;

export class SourceWatch {
  readonly #pipeline: Pipeline;
  readonly #send: (message: FromWorker) => void;
  readonly #arrivals: ReturnType<typeof countArrivals>;
  readonly #counters = new SrtCounters();
  #receivedPackets = 0;
  #pushedBytes: number | null = null;

  constructor(pipeline: Pipeline, { kind }: InputConfig, send: (message: FromWorker) => void) {
    this.#pipeline = pipeline;
    this.#send = send;
    this.#arrivals = countArrivals(pipeline);
    setInterval(() => send({ type: 'source', figures: this.#figures() }), sourceFiguresMs);
    if (kind === 'srt') setInterval(() => this.#lookForArrivals(), arrivalMs);
  }

  /** Of a source that does not come through an element. */
  addBytes(count: number): void {
    this.#pushedBytes = (this.#pushedBytes ?? 0) + count;
  }

  /** srtsrc hands a packet on only when its latency is over; libsrt counts it when it comes. */
  #lookForArrivals(): void {
    const { receivedPackets } = networkFigures(this.#pipeline.findChild('net')?.stats);
    if (receivedPackets === undefined) return;
    if (receivedPackets !== this.#receivedPackets) this.#send({ type: 'arrival' });
    this.#receivedPackets = receivedPackets;
  }

  #figures(): Record<string, number> {
    const figures = networkFigures(this.#pipeline.findChild('net')?.stats);
    // Versions of GStreamer that tell it themselves need no help.
    if (figures.receivedPackets !== undefined && figures.retransmittedPackets === undefined) Object.assign(figures, this.#counters.figures);
    // A 64-bit number, which comes as text.
    const decoded = Number(this.#pipeline.findChild('cadence')?.in);
    if (Number.isFinite(decoded)) figures.decodedPictures = decoded;
    const bytes = this.#arrivals?.bytes ?? this.#pushedBytes;
    if (bytes !== null) figures.receivedBytes = bytes;
    if (this.#arrivals !== null) figures.continuityErrors = this.#arrivals.continuityErrors;
    return figures;
  }
}
