/** The system's slots, read from RAUC now and then, and the installation of a bundle into the one that does not run. */
import { execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { CommandReply } from '../../model/command.ts';
import { notice } from '../../model/event.ts';
import type { Reason } from '../../model/reasons.ts';
import type { Slot, UpdateStatus } from '../../model/update.ts';
import type { Box } from '../box.ts';
import { refuse } from '../commands.ts';
import { parseProgress, parseSlots } from './rauc.ts';

/** Slots change by an update, or by a person at the box. */
const readEveryMs = 10 * 60_000;
const readMsMax = 20_000;
/** A bundle of some hundred megabytes over LTE. */
const installMsMax = 60 * 60_000;
const run = promisify(execFile);

export class Updater {
  readonly #box: Box;
  readonly #rauc: string;
  #slots: Slot[] = [];
  #installing = false;
  #failure: string | null = null;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  /** @param rauc the program; a stand-in in tests. */
  constructor(box: Box, rauc = 'rauc') {
    this.#box = box;
    this.#rauc = rauc;
  }

  start(): void {
    void this.#turn();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** Answers at once; an event says how it ended. */
  async install(url: string, from: string): Promise<CommandReply> {
    if (this.#installing) return refuse('busy', 'an update is being installed already');
    this.#installing = true;
    if (!(await this.#read())) {
      this.#installing = false;
      return refuse('unsupported', 'this machine has no second slot to update (rauc is not installed)');
    }
    this.#failure = null;
    this.#show('installing', 'requested', `an update is being installed, asked for by ${from}`, null);
    void this.#install(url);
    return { ok: true, reason: 'requested', text: 'the update is being installed: an event says how it ended' };
  }

  async #install(url: string): Promise<void> {
    const child = spawn(this.#rauc, ['install', url], { stdio: ['ignore', 'pipe', 'pipe'], timeout: installMsMax, killSignal: 'SIGKILL' });
    let last = '';
    createInterface(child.stdout).on('line', (line) => {
      const progress = parseProgress(line);
      if (progress !== null) this.#show('installing', 'requested', `${progress.pct} %: ${progress.step}`, progress.pct);
    });
    createInterface(child.stderr).on('line', (line) => {
      if (line.trim() !== '') last = line.trim().slice(0, 300);
    });
    const code = await new Promise<number | null>((resolve) => {
      child.once('error', () => resolve(null));
      child.once('close', resolve);
    });
    this.#installing = false;
    this.#failure = code === 0 ? null : `the update was not installed: ${last || 'rauc did not say why'}`;
    await this.#read();
    if (this.#failure === null) this.#report('info', 'installed', 'recovered', 'the update is installed in the other slot: reboot to use it');
    else this.#report('warning', 'failed', 'rejected', this.#failure);
  }

  async #turn(): Promise<void> {
    const there = await this.#read();
    // Without RAUC nothing comes by itself: asked again when somebody wants an update.
    if (there && !this.#stopped) this.#timer = setTimeout(() => void this.#turn(), readEveryMs);
  }

  /** Whether RAUC is there. */
  async #read(): Promise<boolean> {
    try {
      const { stdout } = await run(this.#rauc, ['status', '--detailed', '--output-format=json'], { timeout: readMsMax, maxBuffer: 1024 * 1024 });
      this.#slots = parseSlots(stdout);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      // It is there and does not answer: what was known stands.
    }
    if (this.#stopped || this.#installing) return true;
    const waits = this.#slots.find(({ next, booted }) => next && !booted);
    if (this.#failure !== null) this.#show('failed', 'rejected', this.#failure, null);
    else if (waits === undefined) this.#show('idle', 'not-needed', 'no update waits', null);
    else this.#show('installed', 'requested', `slot ${waits.bootName} is used at the next start${waits.version === null ? '' : ` (${waits.version})`}`, null);
    return true;
  }

  #show(state: UpdateStatus['state'], reason: Reason, text: string, progressPct: number | null): void {
    this.#box.setUpdate({ ...this.#box.update, supported: true, state, reason, text, progressPct, slots: this.#slots });
  }

  #report(severity: 'info' | 'warning', to: string, reason: Reason, text: string): void {
    this.#box.report(notice({ severity, subject: { kind: 'box', id: 'update' }, what: 'box.update', from: 'installing', to, reason, text }));
  }
}
