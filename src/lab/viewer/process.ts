/** Starts a viewer process and asks for its figures. */
import { fileURLToPath } from 'node:url';
import { LabProcess } from '../child.ts';
import type { Disturbance, ViewerFigures, ViewerGlance } from './figures.ts';

export class ViewerProcess {
  readonly #process: LabProcess;

  /** `before`: a command that runs it elsewhere, such as `ip netns exec NAME`. */
  constructor(before: readonly string[] = []) {
    this.#process = new LabProcess(fileURLToPath(new URL('./main.ts', import.meta.url)), before);
  }

  /** Resolves to the UDP port on 127.0.0.1 that takes the MPEG-TS. */
  start(): Promise<number> {
    this.#process.spawn();
    return this.#process.ask('start');
  }

  /** What came before counts no more. */
  startMeasuring(): Promise<void> {
    return this.#process.ask('startMeasuring');
  }

  snapshot(): Promise<ViewerGlance> {
    return this.#process.ask('snapshot');
  }

  /** `references`: when clock references left the sender, on the same machine's monotonic clock. */
  report(references: { pcr: number; monoMs: number }[]): Promise<ViewerFigures & { disturbances: Disturbance[] }> {
    return this.#process.ask('report', references);
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}
