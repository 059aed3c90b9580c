/** Whether a mode that uses several paths at once keeps to the one that a person pinned: puts its paths to the engine (engine/path-pin.ts). */
import { type ChoiceState, initialChoice, type Pin } from '../../engine/choice.ts';
import type { HoldDown, PathSeen } from '../../engine/path.ts';
import { followPin, type PathPinSeen } from '../../engine/path-pin.ts';
import type { Notice } from '../../model/event.ts';
import { askEngine } from '../ask.ts';

/** What a mode does with the pin; the destination adds its name. */
export type PinSeen = Omit<PathPinSeen, 'destination'>;

export class PinFollower {
  /** The path that carries everything; null: all of them do. */
  only: string | null = null;
  readonly #holdDown: HoldDown;
  readonly #onNotice: (one: Notice) => void;
  #pin: Pin | null = null;
  #choice: ChoiceState = initialChoice;

  constructor(holdDown: HoldDown, onNotice: (one: Notice) => void) {
    this.#holdDown = holdDown;
    this.#onNotice = onNotice;
  }

  set(pin: Pin | null): void {
    this.#pin = pin;
  }

  /** To be called each turn; `look` is asked only while there is a pin. Returns `only`. */
  turn(look: () => readonly PathSeen[], nowMs: number): string | null {
    if (this.#pin === null) {
      this.#choice = initialChoice;
      this.only = null;
      return null;
    }
    const decision = askEngine(() => followPin(this.#choice, this.#pin, look(), nowMs, this.#holdDown), this.#onNotice);
    this.#choice = decision?.state ?? initialChoice;
    this.only = decision?.only ?? null;
    return this.only;
  }

  seen(paths: readonly PathSeen[]): PinSeen {
    return { does: this.only !== null ? 'follows' : 'others', path: paths.find(({ id }) => id === this.#pin?.id) ?? null };
  }
}
