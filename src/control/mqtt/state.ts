/** What `state/…` and `telemetry` say, and when a state is worth publishing. Pure. */
import type { BoxSnapshot, PathSample } from '../../model/box.ts';
import type { StatePart, StatePayload } from '../../model/mqtt.ts';
import { stateParts } from '../../model/mqtt.ts';
import type { Telemetry } from '../../model/telemetry.ts';

/** Without news a state is refreshed at most this often (DESIGN.md section 13). */
export const quietEveryMs = 10_000;
/** News that come in a storm are not worth more than this. */
export const newsEveryMs = 200;

export function statePayload<P extends StatePart>(part: P, box: BoxSnapshot, wallMs: number | null): StatePayload<P> {
  const connected = box.media.state === 'connected';
  const common = { available: connected, reason: connected ? ('connected' as const) : ('media-lost' as const), wallMs, monoMs: box.monoMs };
  const payloads: { [K in StatePart]: () => StatePayload<K> } = {
    program: () => ({ ...common, program: box.status?.program ?? null }),
    inputs: () => ({ ...common, inputs: box.status?.inputs ?? [] }),
    paths: () => ({ ...common, paths: box.status?.paths ?? [] }),
    destinations: () => ({ ...common, destinations: box.status?.destinations ?? [] }),
    // The box's own state does not come from the media daemon.
    vitals: () => ({ ...common, available: true, reason: 'connected', vitals: box.vitals, modems: box.modems }),
    update: () => ({ ...common, available: true, reason: 'connected', update: box.update }),
  };
  return payloads[part]() as StatePayload<P>;
}

/** What a person would call news in a state: when this text changes, it is published at once. */
export function newsKey(part: StatePart, box: BoxSnapshot): string {
  const connected = box.media.state === 'connected';
  const { status } = box;
  switch (part) {
    case 'program': {
      const { program } = status ?? {};
      const pins = [program?.pinned, program?.pin?.reason, program?.pathPin?.path, program?.pathPin?.reason];
      return JSON.stringify([connected, program && [program.state, program.reason, program.input, ...pins, program.destination]]);
    }
    case 'inputs':
      return JSON.stringify([connected, status?.inputs.map((input) => [input.id, input.state, input.reason, input.onAir, input.restarts, input.encoder])]);
    case 'paths':
      return JSON.stringify([connected, status?.paths.map((path) => [path.id, path.destination, path.state, path.reason, path.interface, path.data?.state])]);
    case 'destinations':
      return JSON.stringify([connected, status?.destinations.map((one) => [one.id, one.mode, one.state, one.reason, one.active])]);
    case 'update': {
      // A tenth is news; more often it would only be noise.
      const { state, text, progressPct, booted, slots } = box.update;
      return JSON.stringify([state, progressPct === null ? text : Math.floor(progressPct / 10), booted, slots]);
    }
    case 'vitals':
      return JSON.stringify([
        box.vitals && [box.vitals.underVoltage, box.vitals.throttled, box.vitals.clockSynchronised, box.vitals.diskWritable, box.vitals.flash],
        box.modems.map((modem) => [modem.id, modem.state, modem.operator, modem.technology, modem.roaming]),
      ]);
  }
}

export interface PublishedState {
  key: string;
  atMs: number;
}

/** Which states are due. `published` holds what was sent over this connection, so that all are due after a connect. */
export function dueStates(
  box: BoxSnapshot,
  published: ReadonlyMap<StatePart, PublishedState>,
  nowMs: number,
  everyMs = quietEveryMs,
): { part: StatePart; key: string }[] {
  const due: { part: StatePart; key: string }[] = [];
  for (const part of stateParts) {
    const last = published.get(part);
    const key = newsKey(part, box);
    const restMs = last?.key === key ? everyMs : newsEveryMs;
    if (last === undefined || nowMs - last.atMs >= restMs) due.push({ part, key });
  }
  return due;
}

export function telemetry(box: BoxSnapshot, sample: PathSample | null, wallMs: number | null): Telemetry {
  const live = box.media.state === 'connected' ? box.status : null;
  const paths: Telemetry['paths'] = {};
  for (const path of live?.paths ?? []) {
    const figures = sample?.paths[path.id];
    paths[path.id] = { up: path.state === 'up', kbps: Math.round(path.sentKbps), rtt: round(path.rttMs), loss: round(figures?.lossPct ?? null) };
  }
  return {
    t: wallMs,
    mono: Math.round(box.monoMs),
    air: box.onAir,
    in: live?.program.input ?? null,
    kbps: live === null ? null : Math.round(live.program.kbps),
    target: live?.program.targetKbps ?? null,
    paths,
    cpu: round(box.vitals?.cpuPct ?? null),
    temp: round(box.vitals?.temperatureC ?? null),
  };
}

const round = (value: number | null): number | null => (value === null ? null : Math.round(value * 10) / 10);
