/** Gives notices their envelope (number, session, boot, times) and keeps the last ones for clients that come back. */
import type { Notice, TandemEvent } from '../model/event.ts';

/** Enough to bridge a restart of the control daemon in the worst of storms; about half a megabyte. */
const keptEvents = 2000;

export class EventLog {
  readonly #session: string;
  readonly #bootId: string;
  readonly #kept: TandemEvent[] = [];
  readonly #listeners = new Set<(event: TandemEvent) => void>();
  #seq = 0;

  constructor(session: string, bootId: string) {
    this.#session = session;
    this.#bootId = bootId;
  }

  publish(notice: Notice, monoMs: number, wallMs: number): TandemEvent {
    const event: TandemEvent = { ...notice, seq: ++this.#seq, session: this.#session, bootId: this.#bootId, monoMs, wallMs };
    this.#kept.push(event);
    if (this.#kept.length > keptEvents) this.#kept.shift();
    for (const listener of this.#listeners) listener(event);
    return event;
  }

  /** The kept events after `seq` of `session`; all of them where the client knows another session. */
  after(session: string, seq: number): TandemEvent[] {
    return session === this.#session ? this.#kept.filter((event) => event.seq > seq) : [...this.#kept];
  }

  /** Returns the function that ends the subscription. */
  subscribe(listener: (event: TandemEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
