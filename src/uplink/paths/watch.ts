/** The paths as they are now: which interface each one has, whether it can carry anything, and why not. Told at once when it changes. */
import type { PathConfig } from '../../config/schema.ts';
import { type Notice, notice } from '../../model/event.ts';
import { type Reason, reasonTexts } from '../../model/reasons.ts';
import { KernelInterfaces } from './kernel.ts';
import { findMatch, readInterfaces } from './match.ts';
import type { InterfaceState } from './table.ts';

export interface LivePath {
  readonly id: string;
  readonly config: PathConfig;
  /** null: the routing table chooses, or the interface that is meant is not there. */
  interface: string | null;
  usable: boolean;
  /** Why not; `connected` while usable. */
  reason: Reason;
  addresses: readonly string[];
}

export interface PathWatchOptions {
  paths: readonly PathConfig[];
  /** Another interface, carrier, or address: sockets must be made anew. */
  onChange(path: LivePath): void;
  onNotice(one: Notice): void;
}

/** A system that forbids netlink is looked at this often. */
const lookEveryMs = 2000;

export class PathWatch {
  readonly live: LivePath[];
  readonly #options: PathWatchOptions;
  readonly #kernel: KernelInterfaces | null;
  /** The interface that was last told of, by path. */
  readonly #told = new Map<string, string | null>();
  /** Why they may not be used, whatever the kernel says: the last reason counts. */
  readonly #holds = new Map<string, readonly Reason[]>();
  #lookAtMs = 0;

  constructor(options: PathWatchOptions) {
    this.#options = options;
    this.live = options.paths.map((config) => ({
      id: config.id,
      config,
      interface: config.interface ?? null,
      usable: true,
      reason: 'connected',
      addresses: [],
    }));
    // The routing table needs no watching.
    const watched = options.paths.some(({ interface: name, match }) => name !== undefined || match !== undefined);
    this.#kernel = watched ? new KernelInterfaces() : null;
    this.#resolveNames();
  }

  turn(nowMs: number): void {
    const kernel = this.#kernel;
    if (kernel === null) return;
    if (kernel.works) {
      if (!kernel.turn(nowMs) || !kernel.listed) return;
    } else {
      if (nowMs < this.#lookAtMs) return;
      this.#lookAtMs = nowMs + lookEveryMs;
    }
    this.#resolveNames();
    for (const path of this.live) this.#judge(path, kernel);
  }

  /** Stops a path for a reason of its own, or takes that back; whoever does it tells of it. */
  hold(id: string, reason: Reason, on: boolean): void {
    const path = this.live.find((one) => one.id === id);
    const holds = this.#holds.get(id) ?? [];
    if (path === undefined || on === holds.includes(reason)) return;
    this.#holds.set(id, on ? [...holds, reason] : holds.filter((one) => one !== reason));
    const wasUsable = path.usable;
    path.reason = this.#holds.get(id)?.at(-1) ?? this.#reasonNow(path);
    path.usable = path.reason === 'connected';
    if (path.usable !== wasUsable) this.#options.onChange(path);
  }

  close(): void {
    this.#kernel?.close();
  }

  #resolveNames(): void {
    if (!this.live.some(({ config }) => config.match !== undefined)) return;
    const interfaces = readInterfaces();
    for (const path of this.live) if (path.config.match !== undefined) path.interface = findMatch(path.config.match, interfaces);
  }

  #judge(path: LivePath, kernel: KernelInterfaces): void {
    if (path.config.interface === undefined && path.config.match === undefined) return;
    const before = { ...path };
    const state = path.interface === null ? null : kernel.table.find(path.interface);
    path.addresses = [...(state?.addresses ?? [])].sort();
    path.reason = this.#holds.get(path.id)?.at(-1) ?? this.#reasonOf(path, state, kernel.works);
    path.usable = path.reason === 'connected';
    const known = this.#told.has(path.id);
    const renamed = known && path.interface !== this.#told.get(path.id);
    const moved = known && path.usable && (renamed || path.addresses.join() !== before.addresses.join());
    this.#told.set(path.id, path.interface);
    if (path.reason !== before.reason) this.#tell(path, before.reason);
    else if (moved) this.#tellMoved(path, renamed);
    if (path.usable !== before.usable || moved) this.#options.onChange(path);
  }

  #reasonNow(path: LivePath): Reason {
    const kernel = this.#kernel;
    if (kernel === null || (path.config.interface === undefined && path.config.match === undefined)) return 'connected';
    return this.#reasonOf(path, path.interface === null ? null : kernel.table.find(path.interface), kernel.works);
  }

  /** Without netlink all that is known is whether it is there: what it cannot do is then found out by sending. */
  #reasonOf(path: LivePath, state: InterfaceState | null, kernelSpeaks: boolean): Reason {
    if (path.interface === null) return 'interface-missing';
    if (!kernelSpeaks) return 'connected';
    if (state === null) return 'interface-missing';
    if (!state.carrier) return 'carrier-lost';
    return path.addresses.length === 0 ? 'no-address' : 'connected';
  }

  #tell(path: LivePath, from: Reason): void {
    const name = path.interface ?? 'its interface';
    this.#options.onNotice(
      notice({
        severity: path.usable ? 'clear' : 'warning',
        subject: { kind: 'path', id: path.id },
        what: 'path.interface',
        from,
        to: path.reason,
        reason: path.usable ? 'recovered' : path.reason,
        text: path.usable ? `path ${path.id}: ${name} can be used` : `path ${path.id}: ${name}: ${reasonTexts[path.reason]}`,
      }),
    );
  }

  #tellMoved(path: LivePath, renamed: boolean): void {
    this.#options.onNotice(
      notice({
        severity: 'info',
        subject: { kind: 'path', id: path.id },
        what: 'path.interface',
        to: 'connected',
        reason: 'address-changed',
        text: renamed ? `path ${path.id} is the network interface ${path.interface} now` : `path ${path.id}: ${path.interface} has another address`,
      }),
    );
  }
}
