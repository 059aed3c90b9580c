/**
 * Numbered settings that come faster than they can be checked, each by a process of its own: one is checked, one waits, and of those that
 * wait the one with the highest number is kept. The others are answered at once. Without it a flood of settings would keep the box
 * busy for minutes, and what is wanted last would be known last.
 */
import type { CommandReply } from '../../model/command.ts';
import { refuse } from '../commands.ts';

interface Waiting<T> {
  rev: number;
  what: T;
  answer(reply: CommandReply): void;
}

export class Newest<T> {
  readonly #perform: (what: T) => Promise<CommandReply>;
  readonly #enqueue: (work: () => Promise<void>) => void;
  #waiting: Waiting<T> | null = null;

  /** @param enqueue calls back when it is this one's turn. @param perform never rejects. */
  constructor(enqueue: (work: () => Promise<void>) => void, perform: (what: T) => Promise<CommandReply>) {
    this.#enqueue = enqueue;
    this.#perform = perform;
  }

  add(rev: number, what: T): Promise<CommandReply> {
    return new Promise((answer) => {
      const one = { rev, what, answer };
      const before = this.#waiting;
      if (before === null) this.#enqueue(() => this.#next());
      const [kept, left] = before === null ? [one, null] : rev >= before.rev ? [one, before] : [before, one];
      this.#waiting = kept;
      left?.answer(refuse('outdated', `settings ${left.rev} were not looked at: settings ${kept.rev} came meanwhile`));
    });
  }

  async #next(): Promise<void> {
    const one = this.#waiting;
    this.#waiting = null;
    if (one !== null) one.answer(await this.#perform(one.what));
  }
}
