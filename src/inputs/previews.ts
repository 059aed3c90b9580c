/** Pictures for people that were asked of a worker and have not come yet. */
export class Previews {
  #last = 0;
  readonly #waiting = new Map<number, (jpegBase64: string | null) => void>();

  /** `ask` sends the request with its number. Resolves to null when nothing came within `timeoutMs`, or there is nothing to show. */
  async request(ask: (id: number) => void, timeoutMs: number): Promise<string | null> {
    const id = ++this.#last;
    const jpeg = await new Promise<string | null>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs, null);
      this.#waiting.set(id, (found) => {
        clearTimeout(timer);
        resolve(found);
      });
      ask(id);
    });
    this.#waiting.delete(id);
    return jpeg;
  }

  answer(id: number, jpegBase64: string | null): void {
    this.#waiting.get(id)?.(jpegBase64);
  }

  /** The worker is gone. */
  giveUp(): void {
    for (const answer of [...this.#waiting.values()]) answer(null);
  }
}
