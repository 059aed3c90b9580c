/** One webhook: takes events from the journal, sends them in order, and comes back with growing patience while nobody answers. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { monoMs, wallMs } from '../../clock.ts';
import type { WebhookConfig } from '../../config/schema.ts';
import type { JournaledEvent } from '../../model/box.ts';
import type { CommandReply } from '../../model/command.ts';
import { notice } from '../../model/event.ts';
import { backOffMs } from '../backoff.ts';
import type { Box } from '../box.ts';
import { refuse } from '../commands.ts';
import { replaceFile } from '../files.ts';
import { type Posted, post } from './post.ts';
import { type Held, HookQueue } from './queue.ts';

const firstRetryMs = 1000;
const mostRetryMs = 60_000;
/** A receiver that is away for this many tries is worth a warning; one that hiccups is not. */
const warnAfterFailures = 3;

export class Webhook {
  readonly #box: Box;
  readonly #config: WebhookConfig;
  readonly #consumer: string;
  readonly #path: string;
  readonly #queue: HookQueue;
  readonly #unsubscribe: () => void;
  #running = false;
  #again = false;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(box: Box, config: WebhookConfig) {
    this.#box = box;
    this.#config = config;
    this.#consumer = `webhook:${config.id}`;
    this.#path = join(box.config.control.stateDirectory, 'journal', `webhook-${config.id}.json`);
    this.#queue = new HookQueue(readHeld(this.#path), monoMs());
    // A new webhook is told what happens from now on, not the history.
    if (box.journal.cursor(this.#consumer) === 0) box.journal.advance(this.#consumer, Math.max(1, box.journal.readyId));
    this.#unsubscribe = box.journal.subscribe((event) => {
      if (event === null) this.#wake();
    });
    this.#wake();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#unsubscribe();
  }

  /** Sends a message that says that it is a test. */
  async test(from: string): Promise<CommandReply> {
    const sinceMs = monoMs();
    const posted = await post(this.#config, 'test', JSON.stringify({ type: 'test', box: this.#box.config.box.name, by: from }), wallMs());
    const text = `${this.#config.id} ${answerText(posted)} after ${Math.round(monoMs() - sinceMs)} ms`;
    return posted.ok ? { ok: true, reason: 'requested', text } : refuse('unreachable', text);
  }

  #wake(): void {
    this.#again = true;
    // While nobody answers, new events wait with the old ones.
    if (this.#running || this.#stopped || this.#failures > 0) return;
    void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    clearTimeout(this.#timer);
    while (this.#again && !this.#stopped) {
      this.#again = false;
      while (!this.#stopped && (await this.#step()));
    }
    this.#running = false;
    if (this.#stopped) return;
    const nextMs = this.#queue.nextMs();
    if (this.#failures > 0) {
      this.#again = true;
      this.#timer = setTimeout(() => void this.#run(), backOffMs(this.#failures, firstRetryMs, mostRetryMs, Math.random()));
    } else if (nextMs !== null) {
      this.#again = true;
      this.#timer = setTimeout(() => void this.#run(), Math.max(10, nextMs - monoMs()));
    }
  }

  /** Sends one. False: nothing to send, or nobody took it. */
  async #step(): Promise<boolean> {
    const due = this.#queue.due(monoMs());
    if (due !== null) return this.#send(due, null);
    const { journal } = this.#box;
    let counted = 0;
    let through = journal.cursor(this.#consumer);
    let next: JournaledEvent | null = null;
    while (next === null) {
      const event = journal.after(through, 1)[0];
      if (event === undefined || event.id > journal.readyId) break;
      if (!this.#config.severities.includes(event.severity)) through = event.id;
      else if (this.#queue.offer(event, monoMs())) next = event;
      else {
        through = event.id;
        counted++;
      }
    }
    // What is held back is in no queue any more: it is safe before the cursor moves.
    if (counted > 0) await this.#saveHeld();
    journal.advance(this.#consumer, through);
    return next !== null && this.#send({ event: next, count: 1 }, next.id);
  }

  async #send({ event, count }: Held, cursor: number | null): Promise<boolean> {
    const body = JSON.stringify({ type: 'event', box: this.#box.config.box.name, version: this.#box.version, count, event });
    const posted = await post(this.#config, String(event.id), body, wallMs());
    // A receiver that does not like this one will not like it later either.
    const pointless = posted.status === 400 || posted.status === 413 || posted.status === 422;
    if (!posted.ok && !pointless) return this.#failed(posted, event);
    if (this.#failures >= warnAfterFailures) this.#say('clear', 'recovered', `webhook ${this.#config.id} answers again: it gets what it missed`);
    this.#failures = 0;
    if (pointless) this.#say('warning', 'rejected', `webhook ${this.#config.id} ${answerText(posted)} to event ${event.id}: it is not sent again`);
    this.#queue.sent(event, monoMs());
    if (cursor === null) await this.#saveHeld();
    else this.#box.journal.advance(this.#consumer, cursor);
    return true;
  }

  #failed(posted: Posted, event: JournaledEvent): false {
    this.#failures++;
    if (this.#failures === warnAfterFailures)
      this.#say('warning', 'unreachable', `webhook ${this.#config.id} ${answerText(posted)}: events from ${event.id} on wait for it`);
    return false;
  }

  async #saveHeld(): Promise<void> {
    // A disk that takes nothing is told of by the journal.
    await replaceFile(this.#path, JSON.stringify(this.#queue.held)).catch(() => undefined);
  }

  #say(severity: 'warning' | 'clear', reason: 'recovered' | 'unreachable' | 'rejected', text: string): void {
    this.#box.report(notice({ severity, subject: { kind: 'control', id: `webhook:${this.#config.id}` }, what: 'webhook.state', reason, text }));
  }
}

const answerText = ({ status, code }: Posted): string => (status === null ? `does not answer (${code})` : `answers ${status}`);

function readHeld(path: string): Held[] {
  try {
    const held = JSON.parse(readFileSync(path, 'utf8')) as unknown;
    return Array.isArray(held) ? (held as Held[]).filter((one) => typeof one?.event?.id === 'number' && typeof one.count === 'number') : [];
  } catch {
    return [];
  }
}
