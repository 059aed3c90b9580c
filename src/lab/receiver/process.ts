/** Starts a plain receiver's process. */
import { fileURLToPath } from 'node:url';
import { LabProcess } from '../child.ts';

export class ReceiverProcess {
  readonly #process = new LabProcess(fileURLToPath(new URL('./main.ts', import.meta.url)));

  /** Resolves to the UDP port of its SRTLA receiver. */
  start(viewerPort: number): Promise<number> {
    this.#process.spawn();
    return this.#process.ask('start', { viewerPort });
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}
