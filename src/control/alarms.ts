/** Which warnings and alarms stand: raised by an event, cleared by a later one about the same thing. */
import type { JournaledEvent } from '../model/box.ts';
import type { Subject } from '../model/event.ts';

/** More than a person can take in at once; a defect that raises without end must not eat the memory. */
const standingMax = 200;

export class AlarmBoard {
  readonly #standing = new Map<string, JournaledEvent>();

  see(event: JournaledEvent): void {
    const key = `${event.subject.kind}/${event.subject.id}/${event.what}`;
    this.#standing.delete(key);
    if (event.severity !== 'warning' && event.severity !== 'alarm') return;
    this.#standing.set(key, event);
    if (this.#standing.size > standingMax) this.#standing.delete(this.#standing.keys().next().value as string);
  }

  /** Another run of a daemon starts with a clean slate: what was wrong in the old one is not its business. */
  forgetSessionsBut(...sessions: string[]): void {
    for (const [key, event] of this.#standing) if (!sessions.includes(event.session)) this.#standing.delete(key);
  }

  forgetKinds(kinds: Subject['kind'][]): void {
    for (const [key, event] of this.#standing) if (kinds.includes(event.subject.kind)) this.#standing.delete(key);
  }

  /** Alarms first, then the newest first. */
  active(): JournaledEvent[] {
    return [...this.#standing.values()].sort((a, b) => Number(b.severity === 'alarm') - Number(a.severity === 'alarm') || b.id - a.id);
  }
}
