/**
 * Over which network the broker is called: the system's own route first, then path by path, the healthiest first. Pure, but for the one question which
 * interface the system's own route is. A route whose network the media daemon knows to be dead, while another works, comes last.
 */
import { readFileSync } from 'node:fs';
import type { PathConfig } from '../../config/schema.ts';
import type { PathState, PathStatus } from '../../model/status.ts';

export interface Way {
  /** Id of the path; null: the system's own route. */
  path: string | null;
  /** Network interface; null: the system's own route. */
  device: string | null;
  /** Its data is counted: telemetry thins out. */
  metered: boolean;
}

const health: Record<PathState, number> = { up: 0, registering: 1, silent: 3, down: 4 };
const unknownHealth = 2;

/** `status` null: the media daemon does not answer. `routeDevice`: the interface of the system's own route; null: not known. */
export function waysOf(paths: readonly PathConfig[], status: readonly PathStatus[] | null, routeDevice: string | null): Way[] {
  const known = paths
    .filter(({ enabled }) => enabled)
    .flatMap((config) => {
      const seen = status?.filter(({ id }) => id === config.id) ?? [];
      const device = config.interface ?? seen.find((one) => one.interface !== null)?.interface ?? null;
      // What is used up costs money from here on.
      if (device === null || seen.some(({ reason }) => reason === 'allowance-used')) return [];
      const rank = seen.length === 0 ? unknownHealth : Math.min(...seen.map(({ state }) => health[state]));
      return { path: config.id, device, metered: config.allowanceMb !== undefined, rank, priority: config.priority };
    })
    .toSorted((a, b) => a.rank - b.rank || a.priority - b.priority);
  // One that the system's own route takes anyhow is no other way.
  const different = known.filter(({ device }, index) => device !== routeDevice && known.findIndex((one) => one.device === device) === index);
  const routes = known.find(({ device }) => device === routeDevice);
  const route: Way = { path: null, device: null, metered: routes?.metered ?? false };
  const others = different.map(({ path, device, metered }): Way => ({ path, device, metered }));
  const routeIsDead = routes !== undefined && routes.rank > unknownHealth && known[0]?.rank === health.up;
  return routeIsDead ? [...others, route] : [route, ...others];
}

/** For people. */
export function wayText({ path, device }: Way): string {
  return path === null ? 'the system’s own route' : path === device ? path : `${path} (${device})`;
}

/** /proc/net/route (proc(5)): the default route of IPv4 with the lowest metric. Null: there is none. */
export function routeDeviceIn(text: string): string | null {
  const defaults = text
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t'))
    .filter(([, destination, , , , , , mask]) => destination === '00000000' && mask === '00000000')
    .toSorted((a, b) => Number(a[6]) - Number(b[6]));
  return defaults[0]?.[0] ?? null;
}

export function routeDevice(): string | null {
  try {
    return routeDeviceIn(readFileSync('/proc/net/route', 'utf8'));
  } catch {
    return null;
  }
}
