/** The whole chain for a row: started, handed over, ended, whatever became of it. */
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monoMs } from '../../src/clock.ts';
import type { ConfigInput } from '../../src/config/schema.ts';
import { DemoRun } from '../../src/demo/run.ts';
import type { TandemEvent } from '../../src/model/event.ts';

export type Inputs = NonNullable<ConfigInput['inputs']>;

export const program = { width: 640, height: 360, fps: 30, videoKbps: 1500 };
export const latencyMs = 1000;
/** The transport's delay, and what a late viewer needs. */
export const settleMs = latencyMs + 1000;

export const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export interface ChainOptions {
  inputs: Inputs;
  seed: number;
  switching?: NonNullable<ConfigInput['switching']>;
  /** The gateway records what it received, in files below `recordings` of the directory. */
  record?: boolean;
}

/** Rejects when the chain does not come on air, or with what `use` rejects with. */
export async function withChain<T>(options: ChainOptions, use: (run: DemoRun, recordings: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-bench-'));
  const recordings = join(directory, 'recordings');
  const run = new DemoRun({
    directory,
    seed: options.seed,
    latencyMs,
    faults: [],
    logFile: openSync(join(directory, 'log'), 'a'),
    world: { inputs: options.inputs, program, switching: options.switching ?? {}, recordIn: options.record ? recordings : null },
    say: () => undefined,
  });
  try {
    await run.start();
    return await use(run, recordings);
  } finally {
    await run.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Waits for a switch of the program that was published after `sinceMs`. */
export async function switched(run: DemoRun, sinceMs: number, wanted: (event: TandemEvent) => boolean, msMax: number): Promise<TandemEvent | null> {
  const untilMs = monoMs() + msMax;
  while (monoMs() < untilMs) {
    const found = switches(run, sinceMs).find(wanted);
    if (found !== undefined) return found;
    await wait(20);
  }
  return null;
}

export const switches = (run: DemoRun, sinceMs: number): TandemEvent[] =>
  run.events.filter((event) => event.what === 'program.switch' && event.monoMs >= sinceMs);

export const isOnAir = (run: DemoRun, id: string): boolean => run.status?.inputs.find((one) => one.id === id)?.onAir === true;

export async function untilOnAir(run: DemoRun, id: string, msMax: number): Promise<void> {
  const untilMs = monoMs() + msMax;
  while (!isOnAir(run, id)) {
    if (monoMs() >= untilMs) throw new Error(`${id} was not on air within ${msMax / 1000} s: ${JSON.stringify(run.status?.inputs)}`);
    await wait(50);
  }
}

/** Sends a signal to the encoder process of an input, if it has one. @returns whether it had. */
export function signalWorker(run: DemoRun, input: string, signal: NodeJS.Signals): boolean {
  const pid = run.status?.inputs.find(({ id }) => id === input)?.workerPid;
  if (pid === null || pid === undefined) return false;
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}
