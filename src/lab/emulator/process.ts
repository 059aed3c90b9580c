/** Starts and steers an emulator process. */
import { fileURLToPath } from 'node:url';
import { LabProcess } from '../child.ts';
import type { LinkProfile } from './link-model.ts';
import type { LinkFigures, LinkPlan } from './relay.ts';

export class EmulatorProcess {
  readonly #process = new LabProcess(fileURLToPath(new URL('./main.ts', import.meta.url)));

  /** Resolves to the UDP port of each link that its sending side uses. */
  start(plans: LinkPlan[]): Promise<Record<string, number>> {
    this.#process.spawn();
    return this.#process.ask('start', plans);
  }

  /** Rejects when there is no such link. */
  change(id: string, patch: Partial<LinkProfile>): Promise<void> {
    return this.#process.ask('change', { id, patch });
  }

  status(): Promise<LinkFigures[]> {
    return this.#process.ask('status');
  }

  /** The longest pause of its loop since it was last asked: packets were that late by this machine's fault. */
  pause(): Promise<{ hiccupMsMax: number }> {
    return this.#process.ask('pause');
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}
