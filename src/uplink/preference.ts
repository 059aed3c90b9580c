/** The engine's choice, put to paths and destinations: the same rules as for inputs. The one place of the uplink that knows how the engine is asked. */
import { type Change, type ChoiceState, chooseInput, initialChoice } from '../engine/choice.ts';
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
  reason: Reason;
  score: number;
}

export class Preference {
  readonly #config: PreferenceConfig;
  #state: ChoiceState = initialChoice;

  constructor(config: PreferenceConfig) {
    this.#config = config;
  }

  get chosen(): string | null {
    return this.#state.onAir;
  }

  /** `options` in order of preference. What changes, or null. */
  decide(options: readonly Option[], nowMs: number): Change | null {
    const { state, change } = chooseInput(this.#state, options, nowMs, { ...this.#config, deadPin: 'override' });
    this.#state = state;
    return change;
  }
}
