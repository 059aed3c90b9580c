/** What the media daemon says of itself and of the program, put together from its parts. */
import type { EffectiveConfig } from '../config/effective.ts';
import type { Input } from '../inputs/input.ts';
import type { Status } from '../model/status.ts';
import type { RateMeter } from '../rate-meter.ts';
import type { Switcher } from '../switcher/switcher.ts';
import type { Uplink } from '../uplink/uplink.ts';
import type { Allowances } from './allowances.ts';
import type { BitrateControl } from './bitrate.ts';
import type { ProgramWatch } from './program.ts';
import type { Rehearsals } from './rehearsals.ts';
import type { Selection } from './selection.ts';

export interface StatusParts {
  /** In force. */
  config: EffectiveConfig;
  version: string;
  session: string;
  bootId: string;
  startedMs: number;
  inputs: ReadonlyMap<string, Input>;
  selection: Selection;
  switcher: Switcher;
  /** What leaves the switcher. */
  rate: RateMeter;
  bitrate: BitrateControl;
  uplink: Uplink;
  allowances: Allowances;
  program: ProgramWatch;
  rehearsals: Rehearsals;
}

export function mediaStatus(parts: StatusParts, nowMs: number): Status {
  const { selection, switcher, rate, uplink, allowances } = parts;
  const { box, origin } = parts.config;
  const { paths, destinations } = uplink.status(nowMs);
  return {
    box: box.name,
    version: parts.version,
    session: parts.session,
    bootId: parts.bootId,
    pid: process.pid,
    monoMs: nowMs,
    uptimeMs: nowMs - parts.startedMs,
    rssBytes: process.memoryUsage.rss(),
    configRev: origin?.rev ?? 0,
    rehearsal: parts.rehearsals.progress,
    program: {
      ...parts.program.status,
      input: switcher.onAir ?? selection.chosen,
      pinned: selection.pinned,
      pin: selection.pinStatus(nowMs),
      pathPin: uplink.pins.status(nowMs),
      destination: destinations.find(({ active }) => active)?.id ?? null,
      kbps: rate.kbps(nowMs),
      targetKbps: parts.bitrate.kbps,
      packets: switcher.packets,
      reference: switcher.lastPcr,
    },
    inputs: [...parts.inputs.values()].map((input) => ({ ...selection.status(input.status(nowMs)), onAir: input.id === switcher.onAir })),
    paths: paths.map((path) => ({ ...path, data: allowances.usage(path.id) })),
    destinations,
  };
}
