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
  /** Whether the network has room; asked again a little later when not. */
  hasRoom(): boolean;
}

const askAgainMs = 100;

export class EventPump {
  readonly #options: PumpOptions;
  readonly #unsubscribe: () => void;
  /** Those that were sent, in order; ids have gaps where a disk has lost some. */
  readonly #inFlight: { id: number; acknowledged: boolean }[] = [];
  #sentId: number;
  #stopped = false;
  #later: NodeJS.Timeout | undefined;

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
    clearTimeout(this.#later);
    this.#unsubscribe();
  }

  #turn(): void {
    const { journal } = this.#options;
    clearTimeout(this.#later);
    while (!this.#stopped && this.#inFlight.length < inFlightMax && this.#sentId < journal.readyId) {
      const event = journal.after(this.#sentId, 1)[0];
      if (event === undefined || event.id > journal.readyId) return;
      if (!this.#options.hasRoom()) {
        this.#later = setTimeout(() => this.#turn(), askAgainMs);
        return;
      }
      this.#send(event);
    }
  }

  #send(event: JournaledEvent): void {
    const sent = { id: event.id, acknowledged: false };
    this.#inFlight.push(sent);
    this.#sentId = event.id;
    this.#options.send(event).then(
      () => {
        sent.acknowledged = true;
        this.#advance();
      },
      (error) => {
        if (!this.#stopped) this.#options.onRefused(error);
      },
    );
  }

  #advance(): void {
    if (this.#stopped) return;
    while (this.#inFlight[0]?.acknowledged) this.#options.journal.advance(this.#options.consumer, this.#inFlight.shift()?.id ?? 0);
    this.#turn();
  }
}
