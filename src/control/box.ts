/** What the control daemon knows, in one place: the media daemon's last word, vitals, links, events. Parts put news in; MQTT, page and tally read it. */

import { monoMs, wallMs } from '../clock.ts';
import type { Config } from '../config/schema.ts';
import type { Logger } from '../log.ts';
import type { BoxSnapshot, JournaledEvent, LinkState } from '../model/box.ts';
import type { Notice, TandemEvent } from '../model/event.ts';
import type { Reason } from '../model/reasons.ts';
import type { Status } from '../model/status.ts';
import type { UpdateStatus } from '../model/update.ts';
import type { Modem, VitalsStatus } from '../model/vitals.ts';
import { AlarmBoard } from './alarms.ts';
import { PathHistory } from './history.ts';
import type { Journal } from './journal.ts';

export interface BoxOptions {
  config: Config;
  version: string;
  session: string;
  bootId: string;
  journal: Journal;
  /** The system slot that booted, or null. */
  slot: string | null;
  log: Logger;
}

/** The links that control itself keeps or offers. */
export type LinkName = 'media' | 'mqtt' | 'gpio';

export class Box {
  /** In force now, with its secrets. */
  config: Config;
  readonly version: string;
  readonly session: string;
  readonly bootId: string;
  readonly journal: Journal;
  readonly history = new PathHistory();
  readonly links: Record<LinkName, LinkState>;
  status: Status | null = null;
  vitals: VitalsStatus | null = null;
  modems: Modem[] = [];
  update: UpdateStatus;
  readonly #log: Logger;
  readonly #alarms = new AlarmBoard();
  readonly #listeners = new Set<() => void>();
  #seq = 0;

  constructor(options: BoxOptions) {
    this.config = options.config;
    this.version = options.version;
    this.session = options.session;
    this.bootId = options.bootId;
    this.journal = options.journal;
    this.#log = options.log;
    this.update = {
      supported: false,
      state: 'idle',
      reason: 'unsupported',
      text: 'this machine has no second slot to update (rauc is not installed)',
      progressPct: null,
      booted: options.slot,
      version: options.version,
      slots: [],
    };
    const off = (text: string): LinkState => ({ state: 'off', reason: 'unsupported', text, sinceMonoMs: monoMs() });
    this.links = {
      media: { state: 'connecting', reason: 'connecting', text: 'waiting for the media daemon', sinceMonoMs: monoMs() },
      mqtt: off('no broker is configured (control.mqtt.url)'),
      gpio: off('no lamps and no button are configured (control.gpio)'),
    };
    for (const event of this.journal.recent(Number.MAX_SAFE_INTEGER)) if (event.bootId === this.bootId) this.#alarms.see(event);
    // Of what an earlier run of control watched, this run makes up its own mind.
    this.#alarms.forgetKinds(['box', 'modem', 'gpio', 'mqtt', 'control', 'media']);
  }

  /** An event of control itself. */
  report(notice: Notice): void {
    const event: TandemEvent = { ...notice, seq: ++this.#seq, session: this.session, bootId: this.bootId, monoMs: monoMs(), wallMs: wallMs() };
    this.#log[event.severity === 'alarm' ? 'error' : event.severity === 'warning' ? 'warn' : 'info'](
      { what: event.what, subject: event.subject, from: event.from, to: event.to, reason: event.reason, measured: event.measured },
      event.text,
    );
    this.#append(event, 'control');
  }

  /** An event of the media daemon. */
  takeEvent(event: TandemEvent): void {
    this.#append(event, 'media');
  }

  takeStatus(status: Status): void {
    if (this.status !== null && this.status.session !== status.session) this.#alarms.forgetSessionsBut(status.session, this.session);
    this.status = status;
    this.history.take(status);
    this.#changed();
  }

  setLink(name: LinkName, state: LinkState['state'], reason: Reason, text: string): void {
    const old = this.links[name];
    if (old.state === state && old.reason === reason && old.text === text) return;
    this.links[name] = { state, reason, text, sinceMonoMs: old.state === state ? old.sinceMonoMs : monoMs() };
    this.#changed();
  }

  setVitals(vitals: VitalsStatus): void {
    this.vitals = vitals;
    this.#changed();
  }

  setUpdate(update: UpdateStatus): void {
    this.update = update;
    this.#changed();
  }

  setModems(modems: Modem[]): void {
    this.modems = modems;
    this.#changed();
  }

  get mediaConnected(): boolean {
    return this.links.media.state === 'connected';
  }

  get onAir(): boolean {
    return this.mediaConnected && this.status?.program.state === 'on-air';
  }

  /** Wall-clock time, or null while the clock is not set: a box without a battery clock boots in the past. */
  wall(): number | null {
    return this.vitals?.clockSynchronised === false && wallMs() < earliestWallMs ? null : wallMs();
  }

  snapshot(): BoxSnapshot {
    return {
      box: this.config.box.name,
      version: this.version,
      session: this.session,
      bootId: this.bootId,
      monoMs: monoMs(),
      wallMs: wallMs(),
      onAir: this.onAir,
      ...this.links,
      status: this.status,
      vitals: this.vitals,
      modems: this.modems,
      update: this.update,
      alarms: this.#alarms.active(),
      rssBytes: process.memoryUsage.rss(),
    };
  }

  /** Calls back when something is new, at most some times a second. Events come from the journal. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #append(event: TandemEvent, origin: JournaledEvent['origin']): void {
    const entry = this.journal.append(event, origin);
    if (entry !== null) this.#alarms.see(entry);
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** Before this release was made: a clock that shows less was never set. 2025-01-01. */
const earliestWallMs = Date.UTC(2025, 0, 1);
