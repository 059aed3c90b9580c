/** Requests and answers between a parent and a helper process of the lab, over Node's IPC. Both ends are ours. */
import { type ChildProcess, fork } from 'node:child_process';

interface Request {
  id: number;
  name: string;
  argument: unknown;
}

interface Answer {
  id: number;
  value?: unknown;
  error?: string;
}

/** The parent's end: starts `path` as a process and asks it things. */
export class LabProcess {
  readonly #path: string;
  readonly #before: readonly string[];
  readonly #pending = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  #child: ChildProcess | null = null;
  #requests = 0;

  /** `before`: a command that runs it elsewhere, such as `ip netns exec NAME`. */
  constructor(path: string, before: readonly string[] = []) {
    this.#path = path;
    this.#before = before;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  spawn(): void {
    // A group of its own: Ctrl-C is for the parent, which ends this process in its turn.
    const [execPath = process.execPath, ...execArgv] = this.#before.length === 0 ? [] : [...this.#before, process.execPath];
    const child = fork(this.#path, [], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], detached: true, execPath, execArgv });
    child.on('message', (answer: Answer) => {
      const asked = this.#pending.get(answer.id);
      this.#pending.delete(answer.id);
      if (answer.error === undefined) asked?.resolve(answer.value);
      else asked?.reject(new Error(answer.error));
    });
    child.on('exit', () => {
      this.#child = null;
      for (const { reject } of this.#pending.values()) reject(new Error(`${this.#path} ended`));
      this.#pending.clear();
    });
    this.#child = child;
  }

  ask<T>(name: string, argument: unknown = null): Promise<T> {
    const child = this.#child;
    if (child === null) return Promise.reject(new Error(`${this.#path} does not run`));
    const request: Request = { id: ++this.#requests, name, argument };
    return new Promise((resolve, reject) => {
      this.#pending.set(request.id, { resolve: resolve as (value: unknown) => void, reject });
      child.send(request, (error) => error !== null && reject(error));
    });
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    await new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.kill('SIGKILL');
    });
  }
}

/** The child's end. The process ends with its parent. */
export function answerRequests(performers: Record<string, (argument: never) => unknown>): void {
  process.on('disconnect', () => process.exit(0));
  if (!process.connected) process.exit(0);
  process.on('message', ({ id, name, argument }: Request) => {
    let answer: Answer;
    try {
      answer = { id, value: (performers[name] as (argument: unknown) => unknown)(argument) };
    } catch (error) {
      answer = { id, error: (error as Error).message };
    }
    process.send?.(answer);
  });
}
