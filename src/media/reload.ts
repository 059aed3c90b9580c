/** Reads the configuration again and puts it in force, as far as that goes without leaving the air (`reload-plan.ts`). What it came to is an event. */
import { monoMs } from '../clock.ts';
import type { EffectiveConfig } from '../config/effective.ts';
import { enabled } from '../config/enabled.ts';
import type { Input } from '../inputs/input.ts';
import type { CommandReply } from '../model/command.ts';
import { type Notice, notice } from '../model/event.ts';
import { FatalError } from '../model/exit.ts';
import type { Uplink } from '../uplink/uplink.ts';
import type { Allowances } from './allowances.ts';
import { type LivePlan, planReload } from './reload-plan.ts';

export interface ReloadOptions {
  config: EffectiveConfig;
  /** Reads the configuration that is in force now. Rejects or throws a FatalError that says every mistake. */
  reread?: (() => EffectiveConfig | Promise<EffectiveConfig>) | undefined;
  /** The process should end, and be started again. */
  onRestart?: (() => void) | undefined;
  /** The program is on air, or on its way there. */
  running(): boolean;
  setVideoKbps(kbps: number): void;
  inputs: ReadonlyMap<string, Input>;
  uplink: Uplink;
  allowances: Allowances;
  onNotice(one: Notice): void;
}

export class Reload {
  /** In force. */
  config: EffectiveConfig;
  /** A changed configuration waits for the next start: a restart would go on air by itself. */
  restartToStart = false;
  readonly #options: ReloadOptions;

  constructor(options: ReloadOptions) {
    this.#options = options;
    this.config = options.config;
  }

  /** Puts the configuration in force as it is now. Never rejects. The reply’s reason is `restarted` where this process ends for it. */
  async reload(): Promise<CommandReply> {
    const { reread } = this.#options;
    if (reread === undefined) return { ok: false, reason: 'unsupported', text: 'this media daemon has no configuration file' };
    let next: EffectiveConfig;
    try {
      next = await reread();
    } catch (error) {
      return { ok: false, reason: 'invalid', text: error instanceof FatalError ? error.message : 'the configuration cannot be read' };
    }
    const plan = planReload(this.config, next);
    return plan.kind === 'restart' ? this.#restart(next, `${plan.because} changed`) : this.#live(next, plan);
  }

  /** `text`: what changed. */
  #restart(next: EffectiveConfig, text: string): CommandReply {
    const { running, onRestart } = this.#options;
    if (!running()) {
      this.restartToStart = true;
      return { ok: true, reason: 'stopped', text: `${text}: in force when the program goes on air` };
    }
    this.#tell(next, `${text}: the media daemon starts anew, off air for a moment`);
    // The reply and the event get out first.
    setTimeout(() => onRestart?.(), 50);
    return { ok: true, reason: 'restarted', text: `${text}: the media daemon starts anew` };
  }

  #live(next: EffectiveConfig, plan: LivePlan): CommandReply {
    const { inputs, uplink, allowances, setVideoKbps } = this.#options;
    this.config = next;
    if (plan.videoKbps !== null) setVideoKbps(plan.videoKbps);
    for (const input of plan.inputs) inputs.get(input.id)?.reconfigure(input);
    if (plan.uplink.length > 0) {
      uplink.reconfigure(enabled(next.paths), enabled(next.destinations));
      allowances.reconfigure(next.paths, uplink.status(monoMs()).paths);
    }
    const bitrate = plan.videoKbps === null ? [] : [`video bitrate ${plan.videoKbps} kbit/s`];
    const what = [...bitrate, ...plan.inputs.map(({ id }) => `input ${id}`), ...plan.uplink];
    const text = `the configuration is in force without leaving the air: ${what.join(', ') || 'nothing changed for the program'}`;
    this.#tell(next, text);
    return { ok: true, reason: 'config-changed', text };
  }

  #tell(next: EffectiveConfig, text: string): void {
    this.#options.onNotice(
      notice({
        severity: 'info',
        subject: { kind: 'config', id: 'media' },
        what: 'config.media',
        to: String(next.origin?.rev ?? 0),
        reason: 'config-changed',
        text,
      }),
    );
  }
}
