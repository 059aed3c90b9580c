/** Counts what arrives of an MPEG-TS before it is demultiplexed: bytes, and packets that are missing. After that nobody could tell. */
import type { AppSink, Pipeline } from './gstreamer.ts';

const packetBytes = 188;
const syncByte = 0x47;
const nullPid = 0x1fff;
const unseen = 0xff;

export class ArrivalCounter {
  bytes = 0;
  continuityErrors = 0;
  readonly #counters = new Uint8Array(nullPid + 1).fill(unseen);

  /** Whole packets in step, as tsparse hands them on; what is out of step is passed over. ISO/IEC 13818-1, 2.4.3.3. */
  add(buffer: Uint8Array): void {
    this.bytes += buffer.length;
    for (let at = 0; at + packetBytes <= buffer.length; at += packetBytes) {
      if (buffer[at] !== syncByte) continue;
      const pid = (((buffer[at + 1] as number) & 0x1f) << 8) | (buffer[at + 2] as number);
      const control = buffer[at + 3] as number;
      // Without payload the counter stands still; null packets have none worth the name.
      if (pid === nullPid || (control & 0x10) === 0) continue;
      const counter = control & 0x0f;
      const before = this.#counters[pid] as number;
      this.#counters[pid] = counter;
      // The same packet twice is permitted.
      if (before === unseen || counter === before || counter === ((before + 1) & 0x0f) || isAnnounced(buffer, at, control)) continue;
      this.continuityErrors++;
    }
  }
}

/** The discontinuity indicator of the adaptation field (2.4.3.5). */
const isAnnounced = (buffer: Uint8Array, at: number, control: number): boolean =>
  (control & 0x20) !== 0 && (buffer[at + 4] as number) > 0 && ((buffer[at + 5] as number) & 0x80) !== 0;

/** Null where the pipeline has no such branch: the source is no MPEG-TS, or it is passed through and counted where it is taken apart. */
export function countArrivals(pipeline: Pipeline): ArrivalCounter | null {
  const sink = pipeline.findChild('arrivals') as AppSink | undefined;
  if (sink === undefined) return null;
  const counter = new ArrivalCounter();
  const pull = () =>
    sink.pull((buffer) => {
      if (buffer === null) return;
      if (buffer !== undefined) counter.add(buffer);
      pull();
    });
  pull();
  return counter;
}
