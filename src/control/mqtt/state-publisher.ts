/** Publishes the states over one connection, each when it is due. */
import { monoMs } from '../../clock.ts';
import type { StatePart } from '../../model/mqtt.ts';
import type { Box } from '../box.ts';
import { dueStates, type PublishedState, statePayload } from './state.ts';

export interface StatePublisherOptions {
  box: Box;
  /** Resolves with the acknowledgement. */
  publish(part: StatePart, payload: unknown): Promise<void>;
  /** How often a state is told again without news. */
  quietEveryMs: number;
  /** Whether there is room for a state that says nothing new. */
  hasRoom(nowMs: number): boolean;
  onRefused(error: unknown): void;
}

export class StatePublisher {
  readonly #options: StatePublisherOptions;
  readonly #published = new Map<StatePart, PublishedState>();
  readonly #underWay = new Set<StatePart>();

  constructor(options: StatePublisherOptions) {
    this.#options = options;
  }

  turn(): void {
    const { box, publish, hasRoom, onRefused } = this.#options;
    const nowMs = monoMs();
    const snapshot = box.snapshot();
    for (const { part, key } of dueStates(snapshot, this.#published, nowMs, this.#options.quietEveryMs)) {
      // One of each kind under way: on a thin link the next one carries the newest.
      if (this.#underWay.has(part)) continue;
      if (this.#published.get(part)?.key === key && !hasRoom(nowMs)) continue;
      this.#underWay.add(part);
      this.#published.set(part, { key, atMs: nowMs });
      publish(part, statePayload(part, snapshot, box.wall())).then(
        () => {
          this.#underWay.delete(part);
        },
        (error) => {
          this.#underWay.delete(part);
          onRefused(error);
        },
      );
    }
  }
}
