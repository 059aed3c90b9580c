/** The pin on a path: handed to the destinations, judged with the engine, told of. */
import type { Pin } from '../engine/choice.ts';
import { decidePathPin, noPathPin, type PathPinSeen, type PathPinState, pathPinStatus } from '../engine/path-pin.ts';
import type { Notice } from '../model/event.ts';
import type { PathPinStatus } from '../model/status.ts';
import type { Destination } from './destination.ts';

export interface PathPinsOptions {
  destinations: readonly Destination[];
  deadPinMs: number;
  onNotice(one: Notice): void;
}

export class PathPins {
  readonly #options: PathPinsOptions;
  #state: PathPinState = noPathPin;

  constructor(options: PathPinsOptions) {
    this.#options = options;
  }

  /** @param forMs how long; null: until it is taken back. Returns how the pin does. One that no mode can follow is not taken. */
  pin(id: string | null, forMs: number | null, nowMs: number): PathPinStatus | null {
    const pin: Pin | null = id === null ? null : { id, sinceMs: nowMs, untilMs: forMs === null ? null : nowMs + forMs };
    const before = this.#state;
    this.#set({ pin, record: { ...before.record, deadSinceMs: null } }, nowMs);
    const status = pathPinStatus(this.#state, this.#seen(nowMs), nowMs);
    if (status?.reason === 'unsupported') this.#set(before, nowMs);
    else this.turn(nowMs);
    return status;
  }

  turn(nowMs: number): void {
    if (this.#state === noPathPin) return;
    const { state, notices } = decidePathPin(this.#state, this.#seen(nowMs), nowMs, this.#options.deadPinMs);
    if (state.pin === null && this.#state.pin !== null) this.#set(state, nowMs);
    this.#state = state;
    for (const one of notices) this.#options.onNotice(one);
  }

  status(nowMs: number): PathPinStatus | null {
    return this.#state.pin === null ? null : pathPinStatus(this.#state, this.#seen(nowMs), nowMs);
  }

  #set(state: PathPinState, nowMs: number): void {
    this.#state = state;
    for (const destination of this.#options.destinations) destination.pin(state.pin, nowMs);
  }

  #seen(nowMs: number): PathPinSeen[] {
    return this.#options.destinations.filter(({ active }) => active).map((destination) => destination.pinSeen(nowMs));
  }
}
