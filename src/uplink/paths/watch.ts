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
  /** As configured now. */
  live: LivePath[];
  /** Of an earlier configuration: watched for as long as a way that was made with them still carries something. */
  #left: LivePath[] = [];
  readonly #options: PathWatchOptions;
  #kernel: KernelInterfaces | null;
  /** The interface that was last told of, by path. */
  readonly #told = new Map<string, string | null>();
  /** Why they may not be used, whatever the kernel says: the last reason counts. */
  readonly #holds = new Map<string, readonly Reason[]>();
  #lookAtMs = 0;

  constructor(options: PathWatchOptions) {
    this.#options = options;
    this.live = options.paths.map((config) => this.#make(config));
    this.#kernel = options.paths.some(isWatched) ? new KernelInterfaces() : null;
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
    for (const path of [...this.live, ...this.#left]) this.#judge(path, kernel);
  }

  /** Other paths. One that is as it was stays the same object; another one is made beside what there was under its id. */
  reconfigure(configs: readonly PathConfig[]): void {
    const before = [...this.live, ...this.#left];
    const removed = this.live.filter(({ id }) => !configs.some((config) => config.id === id));
    // Settings that are taken back meet what was left for them.
    this.live = configs.map((config) => before.find((path) => sameWay(path.config, config)) ?? this.#make(config));
    this.#left = before.filter((path) => !this.live.includes(path));
    for (const path of removed) this.#tellLeft(path);
    if (configs.some(isWatched)) this.#kernel ??= new KernelInterfaces();
    this.#resolveNames();
    const kernel = this.#kernel;
    if (kernel === null || (kernel.works && !kernel.listed)) return;
    for (const path of this.live) if (!before.includes(path)) this.#judge(path, kernel);
  }

  /** Nothing is sent any more over paths of an earlier configuration. */
  forgetLeft(): void {
    this.#left = [];
  }

  /** Stops a path for a reason of its own, or takes that back; whoever does it tells of it. */
  hold(id: string, reason: Reason, on: boolean): void {
    const paths = [...this.live, ...this.#left].filter((one) => one.id === id);
    const holds = this.#holds.get(id) ?? [];
    if (paths.length === 0 || on === holds.includes(reason)) return;
    this.#holds.set(id, on ? [...holds, reason] : holds.filter((one) => one !== reason));
    for (const path of paths) {
      const wasUsable = path.usable;
      path.reason = this.#holds.get(id)?.at(-1) ?? this.#reasonNow(path);
      path.usable = path.reason === 'connected';
      if (path.usable !== wasUsable) this.#options.onChange(path);
    }
  }

  close(): void {
    this.#kernel?.close();
  }

  #resolveNames(): void {
    const paths = [...this.live, ...this.#left];
    if (!paths.some(({ config }) => config.match !== undefined)) return;
    const interfaces = readInterfaces();
    for (const path of paths) if (path.config.match !== undefined) path.interface = findMatch(path.config.match, interfaces);
  }

  #judge(path: LivePath, kernel: KernelInterfaces): void {
    if (!isWatched(path.config)) return;
    const before = { ...path };
    const state = path.interface === null ? null : kernel.table.find(path.interface);
    path.addresses = [...(state?.addresses ?? [])].sort();
    path.reason = this.#holds.get(path.id)?.at(-1) ?? this.#reasonOf(path, state, kernel.works);
    path.usable = path.reason === 'connected';
    const known = this.#told.has(path.id);
    const renamed = known && path.interface !== this.#told.get(path.id);
    const moved = known && path.usable && (renamed || path.addresses.join() !== before.addresses.join());
    this.#told.set(path.id, path.interface);
    // Of two under one id the present one speaks.
    const speaks = this.live.includes(path);
    if (speaks && path.reason !== before.reason) this.#tell(path, before.reason);
    else if (speaks && moved) this.#tellMoved(path, renamed);
    if (path.usable !== before.usable || moved) this.#options.onChange(path);
  }

  #reasonNow(path: LivePath): Reason {
    const kernel = this.#kernel;
    if (kernel === null || !isWatched(path.config)) return 'connected';
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

  #make(config: PathConfig): LivePath {
    const reason = this.#holds.get(config.id)?.at(-1) ?? 'connected';
    return {
      id: config.id,
      config,
      interface: config.interface ?? null,
      usable: reason === 'connected',
      reason,
      addresses: [],
    };
  }

  /** What was wrong with it is nobody's business any more. */
  #tellLeft({ id }: LivePath): void {
    const text = `path ${id} is not used any more`;
    for (const what of ['path.interface', 'path.state'])
      this.#options.onNotice(notice({ severity: 'clear', subject: { kind: 'path', id }, what, to: 'off', reason: 'config-changed', text }));
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

/** The routing table needs no watching. */
const isWatched = ({ interface: name, match }: PathConfig): boolean => name !== undefined || match !== undefined;

/** How much data it may use is counted elsewhere; that it is counted at all matters to who sends over it. */
function sameWay(one: PathConfig, other: PathConfig): boolean {
  const way = (path: PathConfig): string => JSON.stringify({ ...path, allowanceMb: path.allowanceMb !== undefined, allowanceWarnPct: 0 });
  return way(one) === way(other);
}
