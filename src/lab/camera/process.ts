/** Starts a test camera and changes what it sees. */
import { fileURLToPath } from 'node:url';
import { LabProcess } from '../child.ts';
import type { Scene } from './main.ts';

export class CameraProcess {
  readonly #process = new LabProcess(fileURLToPath(new URL('./main.ts', import.meta.url)));

  /** Sends to this UDP address from now on. */
  start(to: { host: string; port: number }): Promise<void> {
    this.#process.spawn();
    return this.#process.ask('start', to);
  }

  show(scene: Scene): Promise<void> {
    return this.#process.ask('show', scene);
  }

  sound(on: boolean): Promise<void> {
    return this.#process.ask('sound', on);
  }

  /** SIGSTOP: nothing comes, and nothing says that nothing will. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    const { pid } = this.#process;
    if (pid !== null) process.kill(pid, signal);
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}
