/** Publishes `config/reported` over one connection, one at a time: each says all that there is to say. */
import type { Reported } from '../../model/settings.ts';
import type { SettingsKeeper } from '../settings/keeper.ts';

export class ReportedPublisher {
  readonly #settings: SettingsKeeper;
  readonly #publish: (reported: Reported) => Promise<void>;
  #underWay = false;
  #again = false;

  /** @param publish resolves with the acknowledgement. */
  constructor(settings: SettingsKeeper, publish: (reported: Reported) => Promise<void>) {
    this.#settings = settings;
    this.#publish = publish;
  }

  /** The acknowledgement is the proof that the broker is reached with the settings that are in force. */
  turn(): void {
    this.#again = this.#underWay;
    if (this.#underWay) return;
    this.#underWay = true;
    const settings = this.#settings;
    const { rev } = settings;
    this.#publish(settings.reported())
      .then(() => settings.brokerReached(rev))
      .catch(() => undefined)
      .finally(() => {
        this.#underWay = false;
        if (this.#again) this.turn();
      });
  }
}
