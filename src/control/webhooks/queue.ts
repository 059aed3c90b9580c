/** What a webhook gets next: events in order, of one kind at most one a minute, the rest as a count. Pure. */
import type { JournaledEvent } from '../../model/box.ts';

export const sameKindEveryMs = 60_000;

/** Survives a restart: what was held back is in no queue any more. */
export interface Held {
  event: JournaledEvent;
  count: number;
}

interface Kind {
  sentMs: number;
  held: Held | null;
}

/** What a person would call the same thing again. An end (`clear`) is not the same as its beginning. */
export const kindOf = ({ subject, what, severity }: JournaledEvent): string => `${subject.kind}/${subject.id}/${what}/${severity}`;

export class HookQueue {
  readonly #kinds = new Map<string, Kind>();

  constructor(held: readonly Held[] = [], nowMs = 0) {
    for (const one of held) this.#kinds.set(kindOf(one.event), { sentMs: nowMs, held: one });
  }

  /** Whether it may go now. False: it is counted, and goes later as the newest of its kind. */
  offer(event: JournaledEvent, nowMs: number): boolean {
    const kind = this.#kinds.get(kindOf(event));
    if (kind === undefined || (kind.held === null && nowMs - kind.sentMs >= sameKindEveryMs)) return true;
    kind.held = { event, count: (kind.held?.count ?? 0) + 1 };
    return false;
  }

  sent(event: JournaledEvent, nowMs: number): void {
    this.#kinds.set(kindOf(event), { sentMs: nowMs, held: null });
    for (const [key, { sentMs, held }] of this.#kinds) if (held === null && nowMs - sentMs >= sameKindEveryMs) this.#kinds.delete(key);
  }

  /** What was held back and is due, the oldest first. */
  due(nowMs: number): Held | null {
    let first: Held | null = null;
    for (const { sentMs, held } of this.#kinds.values())
      if (held !== null && nowMs - sentMs >= sameKindEveryMs && (first === null || held.event.id < first.event.id)) first = held;
    return first;
  }

  /** When something that is held back is due; null: nothing is. */
  nextMs(): number | null {
    const times = [...this.#kinds.values()].filter(({ held }) => held !== null).map(({ sentMs }) => sentMs + sameKindEveryMs);
    return times.length === 0 ? null : Math.min(...times);
  }

  get held(): Held[] {
    return [...this.#kinds.values()].flatMap(({ held }) => (held === null ? [] : [held]));
  }
}
