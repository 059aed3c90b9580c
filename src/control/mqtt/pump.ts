/** Sends the journal's events to the broker in order, and moves the cursor as they are acknowledged. The queue is the journal; here are only those in flight. */
import type { JournaledEvent } from '../../model/box.ts';
import type { Journal } from '../journal.ts';

/** Enough to fill a path of 200 ms round-trip time with some hundred events a second. */
const inFlightMax = 32;

export interface PumpOptions {
  journal: Journal;
  consumer: string;
  /** Resolves with the acknowledgement, rejects when the connection is gone or the broker refuses. */
  send(event: JournaledEvent): Promise<void>;
  onRefused(error: unknown): void;
}

export class EventPump {
  readonly #options: PumpOptions;
  readonly #unsubscribe: () => void;
  readonly #acknowledged = new Set<number>();
  #sentId: number;
  #inFlight = 0;
  #stopped = false;

  /** Starts at the consumer's cursor: what was sent and not acknowledged goes again. */
  constructor(options: PumpOptions) {
    this.#options = options;
    this.#sentId = options.journal.cursor(options.consumer);
    this.#unsubscribe = options.journal.subscribe((event) => {
      if (event === null) this.#turn();
    });
    this.#turn();
  }

  stop(): void {
    this.#stopped = true;
    this.#unsubscribe();
  }

  #turn(): void {
    const { journal } = this.#options;
    while (!this.#stopped && this.#inFlight < inFlightMax && this.#sentId < journal.readyId) {
      const event = journal.after(this.#sentId, 1)[0];
      if (event === undefined || event.id > journal.readyId) return;
      this.#send(event);
    }
  }

  #send(event: JournaledEvent): void {
    // A gap is what the ring has lost: it will not come any more.
    if (event.id > this.#sentId + 1 && this.#inFlight === 0) this.#options.journal.advance(this.#options.consumer, event.id - 1);
    this.#sentId = event.id;
    this.#inFlight++;
    this.#options.send(event).then(
      () => this.#took(event.id),
      (error) => {
        if (!this.#stopped) this.#options.onRefused(error);
      },
    );
  }

  #took(id: number): void {
    if (this.#stopped) return;
    const { journal, consumer } = this.#options;
    this.#inFlight--;
    this.#acknowledged.add(id);
    let cursor = journal.cursor(consumer);
    while (this.#acknowledged.delete(cursor + 1)) cursor++;
    journal.advance(consumer, cursor);
    this.#turn();
  }
}
