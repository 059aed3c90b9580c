/**
 * Keeps child processes of this program alive: starts them, restarts what dies (at once the first time, then with
 * back-off), and ends them in order. For development, the demo and machines without systemd, which does this on a box.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { monoMs } from '../clock.ts';
import { exitCode } from '../model/exit.ts';

const mainPath = fileURLToPath(new URL('../main.ts', import.meta.url));
/** A clean stop flushes queues and closes sessions; what is not gone by then hangs. */
const stopMsMax = 5000;
/** A process that lived this long died of something new: it gets a restart at once. */
const stableMs = 10_000;
const restartDelaysMs = [0, 500, 1000, 2000, 5000];
/** Killed from outside (by the kernel for memory, by a person): waiting would not make it better, spinning would not either. */
const killedDelayMs = 100;
/** Mistakes of a person: another start meets them again. */
const hopeless: readonly number[] = [exitCode.usage, exitCode.unavailable, exitCode.config];
/** A start of management takes a processor for a second; the encoders need it more. A third of a usual share (weights of sched(7)). */
export const controlNiceness = 5;

export interface ChildPlan {
  /** Name of the process in logs and reports: media, control, gateway. */
  name: string;
  /** Arguments after `tandem`. */
  args: string[];
  env?: Record<string, string>;
  /** 0 to 19: how far it stands back where processors are short. */
  niceness?: number;
  /** Where its standard error goes. */
  stderr: 'inherit' | number;
}

export interface SupervisorOptions {
  /** `null` code: ended by `signal`. */
  onExit(name: string, code: number | null, signal: NodeJS.Signals | null, restartInMs: number | null): void;
  onStart?(name: string, pid: number): void;
}

interface Kept {
  plan: ChildPlan;
  process: ChildProcess | null;
  startedMs: number;
  quickDeaths: number;
  timer: NodeJS.Timeout | undefined;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #kept = new Map<string, Kept>();
  #stopping = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  start(plan: ChildPlan): void {
    const kept: Kept = { plan, process: null, startedMs: 0, quickDeaths: 0, timer: undefined };
    this.#kept.set(plan.name, kept);
    this.#spawn(kept);
  }

  pid(name: string): number | null {
    return this.#kept.get(name)?.process?.pid ?? null;
  }

  /** Ends all children, the last started first; those that do not go are killed. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const kept of [...this.#kept.values()].reverse()) await end(kept);
  }

  #spawn(kept: Kept): void {
    const { plan } = kept;
    kept.startedMs = monoMs();
    // Its own process group: Ctrl-C reaches this process alone, which then ends the children in order.
    const child = spawn(process.execPath, [mainPath, ...plan.args], {
      detached: true,
      stdio: ['ignore', 'ignore', plan.stderr, 'ipc'],
      env: { ...process.env, ...plan.env },
    });
    kept.process = child;
    if (child.pid !== undefined) {
      if (plan.niceness !== undefined) standBack(child.pid, plan.niceness);
      this.#options.onStart?.(plan.name, child.pid);
    }
    child.on('error', () => undefined);
    child.on('exit', (code, signal) => {
      kept.process = null;
      this.#buried(kept, code, signal);
    });
  }

  #buried(kept: Kept, code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#stopping) return;
    const restartInMs = code !== null && hopeless.includes(code) ? null : signal !== null ? killedDelayMs : this.#restartDelayMs(kept);
    this.#options.onExit(kept.plan.name, code, signal, restartInMs);
    if (restartInMs !== null) kept.timer = setTimeout(() => this.#stopping || this.#spawn(kept), restartInMs);
  }

  #restartDelayMs(kept: Kept): number {
    kept.quickDeaths = monoMs() - kept.startedMs < stableMs ? kept.quickDeaths + 1 : 0;
    return restartDelaysMs[Math.min(kept.quickDeaths, restartDelaysMs.length - 1)] as number;
  }
}

/** Each child is a session of its own, and Linux first shares processors out between sessions (sched(7), autogroup): there a process's own niceness says nothing. */
function standBack(pid: number, niceness: number): void {
  try {
    setPriority(pid, niceness);
    writeFileSync(`/proc/${pid}/autogroup`, String(niceness));
  } catch {
    // Gone already, or a kernel without autogroups: nothing depends on it.
  }
}

async function end(kept: Kept): Promise<void> {
  clearTimeout(kept.timer);
  const child = kept.process;
  if (child === null || child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => {
    const kill = setTimeout(() => child.kill('SIGKILL'), stopMsMax);
    child.once('exit', () => {
      clearTimeout(kill);
      resolve();
    });
    // A stopped process takes no SIGTERM before it goes on.
    child.kill('SIGTERM');
    child.kill('SIGCONT');
  });
}
