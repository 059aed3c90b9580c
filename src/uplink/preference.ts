/** The engine's choice, put to paths and destinations: the same rules as for inputs. The one place of the uplink that knows how the engine is asked. */
import { type Change, type ChoiceState, choose, initialChoice } from '../engine/choice.ts';
import { BrokenInvariant } from '../engine/invariants.ts';
import { type Notice, notice } from '../model/event.ts';
import type { Reason } from '../model/reasons.ts';

export interface PreferenceConfig {
  /** standby: the first that works in order of preference. active: the one with the best score. */
  mode: 'standby' | 'active';
  holdDownMs: number;
  holdDownMsMax: number;
  marginPoints: number;
}

export interface Option {
  id: string;
  /** Carries the program, or would. */
  usable: boolean;
  /** Carries something, or may: better than nothing. */
  delivers: boolean;
  /** Is not called, or only just: that it is not usable says nothing against it. */
  idle: boolean;
  reason: Reason;
  score: number;
}

export class Preference {
  readonly #config: PreferenceConfig;
  readonly #onNotice: (one: Notice) => void;
  #state: ChoiceState = initialChoice;

  constructor(config: PreferenceConfig, onNotice: (one: Notice) => void) {
    this.#config = config;
    this.#onNotice = onNotice;
  }

  get chosen(): string | null {
    return this.#state.chosen;
  }

  /** `options` in order of preference. What changes, or null. A mistake in the engine leaves the program where it is sent (docs/adr/0022). */
  decide(options: readonly Option[], nowMs: number): Change | null {
    const { mode, holdDownMs, holdDownMsMax, marginPoints } = this.#config;
    try {
      const { state, change } = choose(this.#state, options, nowMs, { mode, holdDownMs, holdDownMsMax, marginPoints, deadPin: 'override' });
      this.#state = state;
      return change;
    } catch (error) {
      if (!(error instanceof BrokenInvariant)) throw error;
      this.#state = { ...initialChoice, chosen: this.#state.chosen };
      this.#onNotice(
        notice({ severity: 'alarm', subject: { kind: 'media', id: 'engine' }, what: 'engine.state', to: 'broken', reason: 'internal', text: error.message }),
      );
      return null;
    }
  }
}
