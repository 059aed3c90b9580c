/** The system's slots, read from RAUC now and then, and the installation of a bundle into the one that does not run. */
import { execFile, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { CommandReply } from '../../model/command.ts';
import { notice } from '../../model/event.ts';
import type { Reason } from '../../model/reasons.ts';
import type { Slot, UpdateStatus } from '../../model/update.ts';
import type { Box } from '../box.ts';
import { refuse } from '../commands.ts';
import { parseFailure, parseProgress, parseSlots, saysBusy, saysHandler } from './rauc.ts';

/** Slots change by an update, or by a person at the box. */
const readEveryMs = 10 * 60_000;
/** While RAUC installs what somebody else asked for, or what was asked for before control was started anew: it tells nothing meanwhile. */
const readBusyEveryMs = 5000;
const readMsMax = 20_000;
/** A bundle of some hundred megabytes over LTE. */
const installMsMax = 60 * 60_000;
const elsewhere = 'an update that was asked for earlier or elsewhere is being installed';
/** Why the layer's handler (before-install) refused the last one. */
const refusedFile = process.env.TANDEM_REFUSED_FILE ?? '/run/tandem-update-refused';
const run = promisify(execFile);

/** What asking RAUC gave. `silent`: it is installed, and told why it has no slots to tell of. */
type Answer = { what: 'slots' | 'busy' | 'absent' } | { what: 'silent'; words: string };

export class Updater {
  readonly #box: Box;
  #slots: Slot[] = [];
  #installing = false;
  #failure: string | null = null;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(box: Box) {
    this.#box = box;
  }

  /** Resolves when RAUC was asked once. */
  start(): Promise<void> {
    return this.#turn();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** Answers at once; an event says how it ended. */
  async install(url: string, from: string): Promise<CommandReply> {
    if (this.#installing) return refuse('busy', 'an update is being installed already');
    this.#installing = true;
    const answer = await this.#read();
    const refusal = this.#refusal(answer);
    if (refusal !== null) {
      this.#installing = false;
      this.#tell(answer);
      return refusal;
    }
    this.#failure = null;
    this.#show('installing', 'requested', `an update is being installed, asked for by ${from}`, null);
    void this.#install(url);
    return { ok: true, reason: 'requested', text: 'the update is being installed: an event says how it ended' };
  }

  #refusal(answer: Answer): CommandReply | null {
    if (answer.what === 'absent') return refuse('unsupported', 'this machine has no second slot to update (rauc is not installed)');
    if (answer.what === 'busy') return refuse('busy', elsewhere);
    if (answer.what === 'silent' && this.#slots.length === 0) return refuse('unsupported', withoutSlots(answer.words));
    return null;
  }

  async #install(url: string): Promise<void> {
    const child = spawn('rauc', ['install', url], { stdio: ['ignore', 'pipe', 'pipe'], timeout: installMsMax, killSignal: 'SIGKILL' });
    const output: string[] = [];
    const error: string[] = [];
    createInterface(child.stdout).on('line', (line) => {
      const progress = parseProgress(line);
      if (progress === null) output.push(line);
      else this.#show('installing', 'requested', `${progress.pct} %: ${progress.step}`, progress.pct);
    });
    createInterface(child.stderr).on('line', (line) => error.push(line));
    const code = await new Promise<number | null>((resolve) => {
      child.once('error', () => resolve(null));
      child.once('close', resolve);
    });
    this.#installing = false;
    this.#failure = code === 0 ? null : `the update was not installed: ${await explain(output, error)}`;
    const ended = this.#failure;
    await this.#turn();
    if (ended === null) this.#report('info', 'installed', 'recovered', 'the update is installed in the other slot: reboot to use it');
    else this.#report('warning', 'failed', 'rejected', ended);
  }

  async #turn(): Promise<void> {
    clearTimeout(this.#timer);
    const answer = await this.#read();
    if (this.#stopped) return;
    if (!this.#installing) this.#tell(answer);
    clearTimeout(this.#timer);
    // Without RAUC nothing comes by itself: asked again when somebody wants an update.
    if (answer.what !== 'absent')
      this.#timer = setTimeout(() => void this.#turn(), answer.what === 'busy' && !this.#installing ? readBusyEveryMs : readEveryMs);
  }

  async #read(): Promise<Answer> {
    try {
      const { stdout } = await run('rauc', ['status', '--detailed', '--output-format=json'], { timeout: readMsMax, maxBuffer: 1024 * 1024 });
      this.#slots = parseSlots(stdout);
      return { what: 'slots' };
    } catch (error) {
      const { code, stderr } = error as NodeJS.ErrnoException & { stderr?: string };
      if (code === 'ENOENT') return { what: 'absent' };
      const words = parseFailure([], stderr?.split('\n') ?? []) ?? 'it does not answer';
      return saysBusy(words) ? { what: 'busy' } : { what: 'silent', words };
    }
  }

  #tell(answer: Answer): void {
    if (answer.what === 'absent') return;
    if (answer.what === 'busy') return this.#show('installing', 'requested', elsewhere, null);
    // What was known stands.
    if (answer.what === 'silent' && this.#slots.length === 0)
      return this.#box.setUpdate({ ...this.#box.update, supported: false, state: 'idle', reason: 'unsupported', text: withoutSlots(answer.words) });
    const waits = this.#slots.find(({ next, booted }) => next && !booted);
    if (this.#failure !== null) this.#show('failed', 'rejected', this.#failure, null);
    else if (waits === undefined) this.#show('idle', 'not-needed', 'no update waits', null);
    else this.#show('installed', 'requested', `slot ${waits.bootName} is used at the next start${waits.version === null ? '' : ` (${waits.version})`}`, null);
  }

  #show(state: UpdateStatus['state'], reason: Reason, text: string, progressPct: number | null): void {
    const booted = this.#slots.find((slot) => slot.booted)?.bootName ?? this.#box.update.booted;
    this.#box.setUpdate({ ...this.#box.update, supported: true, state, reason, text, progressPct, booted, slots: this.#slots });
  }

  #report(severity: 'info' | 'warning', to: string, reason: Reason, text: string): void {
    this.#box.report(notice({ severity, subject: { kind: 'box', id: 'update' }, what: 'box.update', from: 'installing', to, reason, text }));
  }
}

async function explain(output: readonly string[], error: readonly string[]): Promise<string> {
  const words = parseFailure(output, error) ?? 'rauc did not say why';
  if (!saysHandler(words)) return words;
  const why = await readFile(refusedFile, 'utf8').catch(() => '');
  return why.trim() === '' ? words : why.trim().slice(0, 300);
}

const withoutSlots = (words: string): string => `this machine has no second slot to update (rauc: ${words})`;
