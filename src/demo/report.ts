/** The report of an unattended run: what the viewer at the far end saw, what it cost, and how each fault ended. */

import type { Disturbance, ViewerFigures } from '../lab/viewer/figures.ts';
import type { TandemEvent } from '../model/event.ts';
import type { PathTotal } from './path-totals.ts';

export interface FaultReport {
  /** Seconds after the measurement began. */
  at: number;
  what: string;
  /** From the fault to the last disturbance that the viewer saw before the next fault; 0: it saw none; null: not over at the end. */
  recoveredMs: number | null;
}

export interface Report {
  seconds: number;
  seed: number;
  viewer: ViewerFigures;
  paths: PathTotal[];
  faults: FaultReport[];
  events: TandemEvent[];
  cpuSeconds: Record<'media' | 'workers' | 'control' | 'gateway', number>;
  rssMb: Record<'media' | 'workers' | 'control' | 'gateway', number>;
}

/** A viewer that saw something wrong this shortly before the end has not recovered. */
const settledMs = 1000;

/** Assigns each disturbance to the last fault before it. All times on one monotonic clock; `faults` in order. */
export function faultReports(
  faults: readonly { atMs: number; what: string }[],
  disturbances: readonly Pick<Disturbance, 'atMs'>[],
  startMs: number,
  endMs: number,
): FaultReport[] {
  return faults.map(({ atMs, what }, index) => {
    const untilMs = faults[index + 1]?.atMs ?? Number.POSITIVE_INFINITY;
    const last = disturbances.filter((one) => one.atMs >= atMs && one.atMs < untilMs).at(-1);
    const open = last !== undefined && index === faults.length - 1 && endMs - last.atMs < settledMs;
    return { at: Math.round((atMs - startMs) / 100) / 10, what, recoveredMs: open ? null : last === undefined ? 0 : Math.round(last.atMs - atMs) };
  });
}

/** The report as a person reads it. */
export function summary(report: Report): string {
  const { viewer } = report;
  const lost =
    viewer.picturesLost === 0 && viewer.continuityErrors === 0
      ? 'nothing lost'
      : `${viewer.picturesLost} pictures lost, ${viewer.continuityErrors} continuity errors`;
  const lines = [
    `${report.seconds} s, seed ${report.seed}: ${lost}; longest gap ${Math.round(viewer.longestGapMs)} ms, delay ${viewer.transportDelayMs.p50 ?? '–'} ms, ${viewer.kbps} kbit/s`,
    ...report.paths.map(
      (path) =>
        `  path ${path.id}: ${path.packets} packets, ${(path.bytes / 1e6).toFixed(1)} MB, ${path.retransmitted} retransmitted, round trip ${path.rttMs === null ? '–' : Math.round(path.rttMs)} ms`,
    ),
    ...report.faults.map(
      (fault) =>
        `  ${fault.at} s ${fault.what}: ${fault.recoveredMs === null ? 'not recovered' : fault.recoveredMs === 0 ? 'the viewer saw nothing' : `disturbed for ${fault.recoveredMs} ms`}`,
    ),
    `  CPU seconds: ${Object.entries(report.cpuSeconds)
      .map(([name, seconds]) => `${name} ${seconds}`)
      .join(', ')}`,
  ];
  return lines.join('\n');
}
