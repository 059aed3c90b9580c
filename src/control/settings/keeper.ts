/**
 * Settings with a safety line: checked whole, kept as a trial, put in force, and taken back unless the box reaches with them what it has to.
 * The file is written before anything changes, so that a power cut in between leaves the old or the trial, never half of one.
 */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { monoMs } from '../../clock.ts';
import type { EffectiveConfig } from '../../config/effective.ts';
import { backupPath, release } from '../../config/migrate.ts';
import type { Config } from '../../config/schema.ts';
import { withoutSecrets } from '../../config/secrets.ts';
import { bringUp, type Need, noSettings, readUsableSettings, type SettingsFile, type SettingsOutcome, settingsPath } from '../../config/settings-file.ts';
import type { CommandReply } from '../../model/command.ts';
import { notice, type Severity } from '../../model/event.ts';
import type { Reason } from '../../model/reasons.ts';
import type { Reported } from '../../model/settings.ts';
import type { Box } from '../box.ts';
import { refuse } from '../commands.ts';
import { copyOnce, replaceFile } from '../files.ts';
import { concernsMedia, confirmed, judgeTrial, needsOf, novelty, takenBack } from './decide.ts';
import { Newest } from './newest.ts';
import { askPrepare } from './prepare.ts';
import { lateText, needsText } from './texts.ts';

export interface Wanted {
  /** Null: the next free number. */
  rev: number | null;
  doc?: Record<string, unknown> | undefined;
  patch?: Record<string, unknown> | undefined;
  confirmSeconds?: number | undefined;
}

export interface KeeperOptions {
  box: Box;
  /** Restarts those parts of control that the change concerns. */
  applyHere(config: Config): Promise<void>;
  /** Lets the media daemon read its configuration again. */
  reloadMedia(): Promise<CommandReply>;
}

const confirmSecondsUsual = 120;
/** The answer to who asked gets out before the door that it came through is moved. */
const applyAfterMs = 250;
const turnEveryMs = 500;
const unappliedText = 'this box was started without a configuration file: settings cannot be kept';

export class SettingsKeeper {
  readonly #options: KeeperOptions;
  readonly #file: string | null;
  readonly #path: string;
  readonly #reached = new Set<Need>();
  readonly #listeners = new Set<() => void>();
  #settings: SettingsFile = noSettings;
  /** In force in this daemon, with its secrets. */
  #config: Config;
  #queue: Promise<unknown> = Promise.resolve();
  /** The newest that came while another was on trial. */
  #next: { wanted: Wanted; from: string } | null = null;
  readonly #numbered = new Newest<{ wanted: Wanted; from: string }>(
    (work) => void this.#enqueue(work),
    ({ wanted, from }) => this.#take(wanted, from),
  );
  #timer: NodeJS.Timeout | undefined;
  #applying = false;
  /** Version of settings of a newer release that lie there and are not used; null: there are none. */
  #newer: number | null = null;

  constructor(config: EffectiveConfig, options: KeeperOptions) {
    this.#options = options;
    this.#config = config;
    this.#file = config.origin?.file ?? null;
    this.#path = settingsPath(this.#file ?? '');
    try {
      if (this.#file !== null) ({ settings: this.#settings, newer: this.#newer } = readUsableSettings(this.#path));
    } catch {
      // Said below, from the configuration's own words.
    }
    const problem = config.origin?.problem ?? null;
    if (problem !== null) this.#say('warning', 'passed-over', 'invalid', problem);
    const { rev = 0, from = release.current } = config.origin ?? {};
    if (rev === 0 && from < release.current)
      this.#say(
        'info',
        'migrated',
        'config-changed',
        `the configuration file is of version ${from}: it is read as one of version ${release.current}; ./tandem config migrate writes it anew`,
      );
  }

  /** A trial of an earlier run goes on, or ends if its time is over. */
  start(): void {
    this.#enqueue(() => this.#keepUp());
    this.#timer = setInterval(() => this.#enqueue(() => this.#turn()), turnEveryMs);
    this.#enqueue(() => this.#turn());
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The broker acknowledged a message that was sent with the settings of this number in force. */
  brokerReached(rev: number): void {
    if (this.#settings.trial?.rev === rev && !this.#applying) this.#reach('broker');
  }

  /** A person was here, over the page as it is set now. */
  pageReached(): void {
    if (this.#settings.trial !== null && !this.#applying) this.#reach('page');
  }

  /** A person says that all is well. */
  confirm(): CommandReply {
    const { trial } = this.#settings;
    if (trial === null) return refuse('not-needed', 'no settings are waiting to be confirmed');
    for (const need of trial.needs) this.#reach(need);
    return { ok: true, reason: 'requested', text: `settings ${trial.rev} are confirmed` };
  }

  /** Number in force. */
  get rev(): number {
    return this.#settings.trial?.rev ?? this.#settings.applied?.rev ?? 0;
  }

  reported(): Reported {
    const { last } = this.#settings;
    // Kept, but this daemon still runs with those before: who reads `applied` or `rolled-back` may rely on `doc`.
    const isUnderWay = this.#applying && (last?.state === 'applied' || last?.state === 'rolled-back');
    return {
      rev: last?.rev ?? 0,
      state: isUnderWay ? 'pending' : (last?.state ?? 'applied'),
      reason: last?.reason ?? 'started',
      text: isUnderWay
        ? `settings ${last.rev} are being ${last.state === 'applied' ? 'put in force' : 'taken back'}`
        : (last?.text ?? 'the configuration file is in force'),
      errors: last?.errors ?? [],
      inForce: this.rev,
      needs: this.#settings.trial?.needs.filter((need) => !this.#reached.has(need)) ?? [],
      doc: withoutSecrets(this.#config) as Record<string, unknown>,
    };
  }

  /** Never rejects. One after the other; of those with a number that come meanwhile, the newest. */
  take(wanted: Wanted, from: string): Promise<CommandReply> {
    return wanted.rev === null ? this.#enqueue(() => this.#take(wanted, from)) : this.#numbered.add(wanted.rev, { wanted, from });
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  /** What another release has written is kept under its version before it is written anew: the other system slot may boot again. */
  async #keepUp(): Promise<void> {
    if (this.#newer !== null) await copyOnce(this.#path, backupPath(this.#path, this.#newer));
    const brought = bringUp(this.#settings);
    if (brought === null) return;
    const { from, what, settings } = brought;
    const backup = backupPath(this.#path, from);
    const code = (await copyOnce(this.#path, backup)) ?? (await this.#write(settings));
    const text = `settings ${this.rev} are of version ${from}, and are read as version ${release.current} (${what.join(', ')})`;
    if (code === null) this.#say('info', 'migrated', 'config-changed', `${text}; as they were they are kept in ${backup}`);
    else this.#say('warning', 'migrated', 'disk-error', `${text}; they cannot be written anew (${code}), and stay as they are`);
  }

  async #take(wanted: Wanted, from: string): Promise<CommandReply> {
    const file = this.#file;
    if (file === null) return refuse('unsupported', unappliedText);
    const { last, trial } = this.#settings;
    const rev = wanted.rev ?? (last?.rev ?? 0) + 1;
    const digest = createHash('sha256')
      .update(JSON.stringify([wanted.doc ?? null, wanted.patch ?? null]))
      .digest('hex');
    const which = novelty(last, rev, digest);
    if (which === 'same') return { ok: true, reason: 'not-needed', text: `settings ${rev} are known: ${last?.text ?? ''}` };
    if (which !== 'new') return this.#outdated(rev, last?.rev ?? 0, which, from);
    if (trial !== null) {
      this.#next = { wanted, from };
      return { ok: true, reason: 'busy', text: `settings ${rev} wait until settings ${trial.rev} are confirmed or taken back` };
    }
    const outcome: SettingsOutcome = { rev, state: 'applied', reason: 'requested', text: '', errors: [], digest, by: from };
    const prepared = await askPrepare(file, { current: this.#settings.applied?.doc ?? null, doc: wanted.doc, patch: wanted.patch });
    if (!prepared.ok) return this.#reject(outcome, prepared.mistakes);

    const needs = needsOf(prepared.changes, prepared.config, this.#reachedNow());
    const confirmSeconds = wanted.confirmSeconds ?? confirmSecondsUsual;
    const kept = { rev, doc: prepared.doc };
    const { bootId } = this.#options.box;
    const next: SettingsFile =
      needs.length === 0
        ? { format: 1, applied: kept, trial: null, last: { ...outcome, text: `settings ${rev} are in force` } }
        : {
            format: 1,
            applied: this.#settings.applied,
            trial: { ...kept, needs, confirmSeconds, bootId, deadlineMonoMs: monoMs() + confirmSeconds * 1000 },
            last: { ...outcome, state: 'pending', reason: 'connecting', text: `settings ${rev} are on trial for ${confirmSeconds} s: ${needsText(needs)}` },
          };
    const code = await this.#write(next);
    if (code !== null) return refuse('disk-error', `settings ${rev} cannot be kept (${code}): nothing was changed`);
    this.#reached.clear();
    this.#applying = true;
    const changed = prepared.changes.map(({ path }) => path);
    const list = `${changed.slice(0, 8).join(', ')}${changed.length > 8 ? ` and ${changed.length - 8} more` : ''}` || 'nothing';
    this.#say('info', next.last?.state ?? '', 'requested', `${from} set ${list}: ${next.last?.text ?? ''}`);
    setTimeout(() => void this.#enqueue(() => this.#apply(prepared.config, concernsMedia(prepared.changes))), applyAfterMs);
    return { ok: true, reason: next.trial === null ? 'requested' : 'connecting', text: next.last?.text ?? '' };
  }

  #outdated(rev: number, lastRev: number, which: 'old' | 'used', from: string): CommandReply {
    const text =
      which === 'old' ? `settings ${rev} are older than ${lastRev}, which was here already` : `number ${rev} was used for other settings: take ${rev + 1}`;
    this.#options.box.report(
      notice({ severity: 'info', subject: { kind: 'config', id: 'settings' }, what: 'config.refused', reason: 'outdated', text: `${from}: ${text}` }),
    );
    return refuse('outdated', text);
  }

  async #reject(outcome: SettingsOutcome, errors: SettingsOutcome['errors']): Promise<CommandReply> {
    const first = errors[0];
    const text = `settings ${outcome.rev} are refused, nothing was changed: ${first?.path ? `${first.path}: ` : ''}${first?.text ?? ''}${errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''}`;
    await this.#write({ ...this.#settings, last: { ...outcome, state: 'rejected', reason: 'invalid', text, errors: errors.slice(0, 20) } });
    this.#say('warning', 'rejected', 'invalid', text);
    return refuse('invalid', text);
  }

  /** Puts `config` in force, here and in media. */
  async #apply(config: Config, media: boolean): Promise<void> {
    this.#config = config;
    try {
      await this.#options.applyHere(config);
    } finally {
      this.#applying = false;
      this.#changed();
    }
    if (!media) return;
    const reply = await this.#options.reloadMedia();
    if (!reply.ok && reply.reason !== 'media-lost' && this.#settings.trial !== null) await this.#takeBack(`the media daemon refuses them: ${reply.text}`);
  }

  async #turn(): Promise<void> {
    const { trial } = this.#settings;
    const { box } = this.#options;
    if (trial === null) {
      const next = this.#next;
      this.#next = null;
      if (next !== null) await this.#take(next.wanted, next.from);
      return;
    }
    if (this.#applying) return;
    const now = this.#reachedNow();
    const mediaHas = now.media && box.status?.configRev === trial.rev;
    if (mediaHas) this.#reached.add('media');
    if (mediaHas && now.gateway) this.#reached.add('gateway');
    const verdict = judgeTrial(trial, this.#reached, box.bootId, monoMs());
    if (verdict.kind === 'confirmed') {
      // Not kept yet is not confirmed: tried again at the next turn, until the deadline.
      if ((await this.#write(confirmed(this.#settings, trial))) !== null) return;
      this.#say('info', 'applied', 'connected', `settings ${trial.rev} are confirmed: ${trial.needs.join(' and ')} reached`);
      this.#changed();
    } else if (verdict.kind === 'late') await this.#takeBack(lateText(trial, verdict.missing, box));
  }

  async #takeBack(why: string): Promise<void> {
    const { trial, applied } = this.#settings;
    const file = this.#file;
    if (trial === null || file === null) return;
    const text = `settings ${trial.rev} are taken back, ${applied === null ? 'the configuration file is' : `settings ${applied.rev} are`} in force again: ${why}`;
    const back = takenBack(this.#settings, text);
    // What cannot be written is in force nonetheless: the trial's time is over for media as well.
    if ((await this.#write(back)) !== null) this.#settings = back;
    this.#applying = true;
    this.#say('warning', 'rolled-back', 'not-confirmed', text);
    const good = await askPrepare(file, { current: applied?.doc ?? null, patch: {} });
    // The last good ones were checked when they were taken; if they are not usable now, what runs is the better choice.
    if (good.ok) await this.#apply(good.config, true);
    this.#applying = false;
    this.#changed();
  }

  #reach(need: Need): void {
    this.#reached.add(need);
    void this.#enqueue(() => this.#turn());
  }

  #reachedNow(): { media: boolean; gateway: boolean; broker: boolean; stopped: boolean } {
    const { box } = this.#options;
    const status = box.mediaConnected ? box.status : null;
    return {
      media: box.mediaConnected,
      // One that still stands with the settings before proves nothing of the new ones.
      gateway: status?.destinations.some(({ state, changing }) => state === 'connected' && changing !== true) ?? false,
      broker: box.links.mqtt.state === 'connected',
      stopped: status?.program.state === 'stopped',
    };
  }

  /** Returns an errno name, or null when it is safe. */
  async #write(settings: SettingsFile): Promise<string | null> {
    try {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o750 });
      await replaceFile(this.#path, JSON.stringify(settings), 0o640);
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? 'EIO';
    }
    this.#settings = settings;
    return null;
  }

  #say(severity: Severity, to: string, reason: Reason, text: string): void {
    this.#options.box.report(notice({ severity, subject: { kind: 'config', id: 'settings' }, what: 'config.state', to, reason, text }));
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
