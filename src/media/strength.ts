/**
 * Reads whether the board is hot or throttled, for the engine. The control daemon watches the same for people; the media daemon asks the board
 * itself, since it decides without anybody.
 */
import { readJetsonPower, readRaspberryPower, readThermalZones } from '../board/facts.ts';
import type { BoxSeen } from '../engine/strain.ts';
import type { Logger } from '../log.ts';

/** Heat takes longer than that to build up. */
const everyMs = 5000;

export class Strength {
  /** What was read last. */
  seen: BoxSeen = { temperatureC: null, throttled: null };
  readonly #root: string;
  readonly #log: Logger;
  #jetsonEvents: number | null = null;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #failed = false;

  /** @param root `/`, or a tree of a test. */
  constructor(log: Logger, root = '/') {
    this.#log = log;
    this.#root = root;
  }

  start(): void {
    void this.#turn();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async read(): Promise<BoxSeen> {
    const temperatures = Object.values(await readThermalZones(this.#root));
    return { temperatureC: temperatures.length === 0 ? null : Math.max(...temperatures), throttled: await this.#throttled() };
  }

  async #throttled(): Promise<boolean | null> {
    const raspberry = await readRaspberryPower(this.#root);
    if (raspberry !== null) return raspberry.throttled;
    const jetson = await readJetsonPower(this.#root, this.#jetsonEvents);
    this.#jetsonEvents = jetson?.events ?? null;
    return jetson?.facts.throttled ?? null;
  }

  async #turn(): Promise<void> {
    try {
      this.seen = await this.read();
      this.#failed = false;
    } catch (error) {
      if (!this.#failed) this.#log.warn({ error: (error as Error).message }, 'temperature and throttling cannot be read');
      this.#failed = true;
    }
    if (!this.#stopped) this.#timer = setTimeout(() => void this.#turn(), everyMs);
  }
}
