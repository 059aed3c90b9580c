/**
 * Rehearsals in the media daemon: what a fault does to inputs and networks, and that it ends. Whatever becomes of a rehearsal, of whoever asked for it or
 * of its own code, each fault is mended by its deadline here. The code that plans and judges is loaded when somebody rehearses for the first time.
 */
import { randomBytes } from 'node:crypto';
import { monoMs, wallMs } from '../clock.ts';
import type { Config } from '../config/schema.ts';
import type { Input } from '../inputs/input.ts';
import type { Logger } from '../log.ts';
import type { CommandReply } from '../model/command.ts';
import type { Notice } from '../model/event.ts';
import type { RehearsalFault, RehearsalProgress, RehearsalReport } from '../model/rehearsal.ts';
import type { Lateness } from '../rehearsal/meter.ts';
import type { Rehearsal } from '../rehearsal/rehearsal.ts';
import type { Scene, Trouble } from '../rehearsal/scene.ts';
import type { RehearsalRequest, ScriptRules } from '../rehearsal/script.ts';
import { type Switcher, slateId } from '../switcher/switcher.ts';
import type { Uplink } from '../uplink/uplink.ts';
import { Broken } from './broken.ts';
import type { ProgramWatch } from './program.ts';
import type { Selection } from './selection.ts';

export interface RehearsalsOptions {
  config(): Config;
  inputs: ReadonlyMap<string, Input>;
  uplink: Uplink;
  switcher: Switcher;
  selection: Selection;
  program: ProgramWatch;
  /** What leaves the switcher. */
  kbps(nowMs: number): number;
  /** A clock that was never set says nothing. */
  clockSetMs: number;
  /** The control daemon is connected. */
  hasManagement(): boolean;
  /** Lets it stand still. */
  freeze(id: string, forMs: number): void;
  onNotice(one: Notice): void;
  onReport(report: RehearsalReport): void;
  log: Logger;
}

/** Who asked: `gone` is aborted when its connection ends. */
export interface Asker {
  from: string;
  gone: AbortSignal;
}

/** Modes in which libsrt has the paths themselves: one under way cannot be taken from it. */
const libsrtsOwn: readonly string[] = ['broadcast', 'backup'];

export class Rehearsals {
  /** The one that runs; null: none does. */
  current: Rehearsal | null = null;
  /** The last one's, in this run of the daemon. */
  lastReport: RehearsalReport | null = null;
  readonly #options: RehearsalsOptions;
  #loading = false;
  /** Ends the watch over whoever asked. */
  #over = new AbortController();

  constructor(options: RehearsalsOptions) {
    this.#options = options;
  }

  /** A null progress: none runs. */
  get progress(): RehearsalProgress | null {
    return this.current?.progress() ?? null;
  }

  async start(request: RehearsalRequest, asker: Asker): Promise<CommandReply> {
    if (this.current !== null || this.#loading) return { ok: false, reason: 'busy', text: 'a rehearsal runs already: wait, or stop it' };
    this.#loading = true;
    try {
      const [{ Rehearsal }, { expectedMs, makePlan }] = await Promise.all([import('../rehearsal/rehearsal.ts'), import('../rehearsal/script.ts')]);
      const nowMs = monoMs();
      if (asker.gone.aborted) return { ok: false, reason: 'unattended', text: 'who asked for it is gone' };
      const rules = this.#rules(nowMs);
      const plan = makePlan(request, this.#scene(nowMs), rules);
      if ('reason' in plan) return { ok: false, ...plan };
      const id = randomBytes(4).toString('hex');
      const wall = wallMs();
      const { box } = this.#options.config();
      const about = { id, box: box.name, by: asker.from, forced: request.force ?? false, wallMs: wall < this.#options.clockSetMs ? null : wall };
      this.current = new Rehearsal({ ...about, plan, host: this.#host }, nowMs);
      const why: Trouble = { reason: 'unattended', text: `${asker.from}, who asked for it, is gone` };
      this.#over = new AbortController();
      asker.gone.addEventListener('abort', () => this.stop(why), { signal: this.#over.signal });
      const out = plan.leftOut.length === 0 ? '' : `; left out: ${plan.leftOut.map(({ text }) => text).join('; ')}`;
      const seconds = Math.round(expectedMs(plan, rules) / 1000) + 3;
      return { ok: true, reason: 'requested', text: `rehearsal ${id}: ${plan.steps.length} faults, about ${seconds} s${out}`, rehearsal: id };
    } finally {
      this.#loading = false;
    }
  }

  /** False: none runs. */
  stop(why: Trouble): boolean {
    const { current } = this;
    if (current === null) return false;
    this.#guarded(() => current.stop(why, monoMs()));
    return true;
  }

  /** The management answers again after it stood still. */
  thawed(id: string): void {
    if (this.current?.id === id) this.current.thawed();
  }

  /** To be called every few milliseconds. */
  turn(nowMs: number): void {
    const { current } = this;
    if (current === null) return;
    this.#guarded(() => {
      this.#broken.turn(nowMs);
      current.turn(nowMs);
    });
  }

  /** A mistake in a rehearsal ends the rehearsal, and nothing else. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.log.error({ error: (error as Error).stack }, 'an error in a rehearsal: it is over, and all is put back');
      return this.#end(null);
    }
    const report = this.current?.report ?? null;
    if (report !== null) this.#end(report);
  }

  #end(report: RehearsalReport | null): void {
    this.current = null;
    this.#over.abort();
    this.#broken.mendAll();
    if (report === null) return;
    this.lastReport = report;
    this.#options.onReport(report);
  }

  readonly #host = {
    scene: (nowMs: number) => this.#scene(nowMs),
    lateness: (nowMs: number) => this.#lateness(nowMs),
    break: (fault: RehearsalFault, byMs: number) => this.#broken.break(fault, byMs),
    mend: (fault: RehearsalFault) => this.#broken.mend(fault),
    remember: () => {
      const [inputs, networks] = [this.#options.selection.remember(), this.#options.uplink.remember()];
      return (only: string | null) => {
        inputs(only);
        networks(only);
      };
    },
    tell: (one: Notice) => this.#options.onNotice(one),
  };

  readonly #broken = new Broken({
    'pull-path': ({ path = '' }, on) => this.#options.uplink.pull(path, on),
    'silence-path': ({ path = '' }, on) => this.#options.uplink.spoil(path, on ? 'silent' : null),
    'limit-path': ({ path = '', kbps = 0 }, on) => this.#options.uplink.spoil(path, on ? { kbps } : null),
    'kill-encoder': ({ input = '' }, on) => this.#options.inputs.get(input)?.spoil(on ? 'killed' : null),
    'lose-input': ({ input = '' }, on) => this.#options.inputs.get(input)?.spoil(on ? 'lost' : null),
    'freeze-input': ({ input = '' }, on) => this.#options.inputs.get(input)?.spoil(on ? 'frozen' : null),
    // It thaws by itself.
    'freeze-management': ({ forMs = 0 }, on) => (on ? this.#options.freeze(this.current?.id ?? '', forMs) : undefined),
  });

  #scene(nowMs: number): Scene {
    const { config, inputs, uplink, switcher, selection, program, hasManagement } = this.#options;
    const { paths, destinations } = uplink.status(nowMs);
    const destination = destinations.find(({ active }) => active)?.id ?? null;
    const carrying = uplink.carrying(nowMs);
    const { onAir } = switcher;
    const priorities = new Map(config().paths.map(({ id, priority }) => [id, priority]));
    const isCold = uplink.mode === 'standby' && config().destinations.find(({ id }) => id === destination)?.spare === 'cold';
    return {
      onAir: program.status.state === 'on-air',
      input: onAir === slateId || switcher.covered ? null : onAir,
      shows: onAir,
      pinned: selection.pinned,
      inputs: [...inputs.values()].map((input) => {
        const { state, reason } = selection.status(input.status(nowMs));
        return { id: input.id, well: state === 'running', spare: state === 'off' && input.config.standby === 'cold', reason };
      }),
      paths: paths
        .filter((path) => path.destination === destination)
        .sort((a, b) => (priorities.get(a.id) ?? 0) - (priorities.get(b.id) ?? 0))
        // A spare connection that is made only when it is needed is no fault.
        .map(({ id, state, reason }) => ({
          id,
          up: state === 'up' || (isCold && (reason === 'stopped' || reason === 'connecting')),
          carries: carrying.includes(id),
          reason,
        })),
      management: hasManagement(),
    };
  }

  #rules(nowMs: number): ScriptRules {
    const { config, uplink, kbps } = this.#options;
    const { switching, failover, destinations } = config();
    const mode = uplink.mode ?? '';
    return {
      holdsPackets: mode === 'bonded' || mode === 'redundant',
      pullsPaths: !libsrtsOwn.includes(mode),
      returns: switching.mode === 'standby',
      inputHoldDownMs: switching.holdDownMs,
      inputHoldDownMsMax: switching.holdDownMsMax,
      pathHoldDownMs: mode === 'standby' ? failover.holdDownMs : 0,
      pathHoldDownMsMax: failover.holdDownMsMax,
      programKbps: kbps(nowMs),
      latencyMs: Math.max(0, ...destinations.map(({ latencyMs }) => latencyMs)),
    };
  }

  #lateness(nowMs: number): Lateness {
    const { uplink } = this.#options;
    const srt = uplink.status(nowMs).destinations.find(({ active }) => active)?.srt ?? null;
    return { dropped: srt?.droppedPackets ?? 0, unproved: uplink.bond?.rescues.unprovedPackets ?? 0 };
  }
}
