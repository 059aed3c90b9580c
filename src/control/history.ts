/** The last two minutes of the paths, a sample a second, for the page's graphs and for telemetry. */
import type { PathSample } from '../model/box.ts';
import type { PathStatus, Status } from '../model/status.ts';

const samplesMax = 120;
const sampleEveryMs = 1000;

export class PathHistory {
  readonly #samples: PathSample[] = [];
  #last: Status | null = null;

  /** Takes a status; returns the sample when a second is full. */
  take(status: Status): PathSample | null {
    const last = this.#last;
    // A little early is on time: statuses come by a timer that jitters.
    if (last !== null && last.session === status.session && status.monoMs - last.monoMs < sampleEveryMs - 50) return null;
    this.#last = status;
    const sample = sampleOf(status, last !== null && last.session === status.session ? last : null);
    this.#samples.push(sample);
    if (this.#samples.length > samplesMax) this.#samples.shift();
    return sample;
  }

  /** The oldest first. */
  samples(): PathSample[] {
    return this.#samples;
  }

  latest(): PathSample | null {
    return this.#samples.at(-1) ?? null;
  }
}

/** @param before an earlier status of the same session, or null. */
export function sampleOf(status: Status, before: Status | null): PathSample {
  const paths: PathSample['paths'] = {};
  for (const path of status.paths) {
    // A network may lead to several destinations: the one that carries the program counts.
    if (path.id in paths && path.destination !== status.program.destination) continue;
    const old = before?.paths.find(({ id, destination }) => id === path.id && destination === path.destination) ?? null;
    paths[path.id] = { kbps: path.sentKbps, rttMs: path.rttMs, lossPct: old === null ? null : lossPct(path, old) };
  }
  return { monoMs: status.monoMs, kbps: status.program.kbps, paths };
}

function lossPct(now: PathStatus, before: PathStatus): number | null {
  const sent = now.sentPackets - before.sentPackets;
  if (sent <= 0) return null;
  const lost = now.nakedPackets - before.nakedPackets;
  // Reports run behind the packets that they are about, so a second may seem to lose more than it sent.
  return Math.min(100, Math.max(0, (100 * lost) / sent));
}
