/** Performs faults. The mapped type makes a new fault fail to compile until something performs it. */
import type { LinkProfile } from '../lab/emulator/link-model.ts';
import type { Fault, ProcessName } from './faults.ts';

/** What the faults act on. */
export interface FaultTargets {
  changePath(id: string, patch: Partial<LinkProfile>): Promise<void>;
  /** Of media, control, gateway, or the encoder worker on air; null while it does not run. */
  pid(process: ProcessName): number | null;
  workerPid(input: string): number | null;
  pin(input: string | null): Promise<void>;
}

const signals = { kill: 'SIGKILL', stop: 'SIGSTOP', continue: 'SIGCONT' } as const;

/** A stopped worker must be continued even if another one is on air by then. */
const stoppedPids = new Map<string, number>();

/** Resolves to null, or to a sentence why the fault could not be performed. */
export async function performFault(fault: Fault, targets: FaultTargets): Promise<string | null> {
  switch (fault.kind) {
    case 'path':
      await targets.changePath(fault.path, fault.change);
      return null;
    case 'process':
      return signalProcess(fault.process, targets.pid(fault.process), fault.action);
    case 'input':
      return signalProcess(`the encoder of ${fault.input}`, targets.workerPid(fault.input), fault.action);
    case 'pin':
      return targets.pin(fault.input).then(
        () => null,
        (error: Error) => error.message,
      );
  }
}

function signalProcess(name: string, runs: number | null, action: keyof typeof signals): string | null {
  const pid = (action === 'continue' ? stoppedPids.get(name) : undefined) ?? runs;
  if (pid === null) return `${name} does not run now`;
  if (action === 'stop') stoppedPids.set(name, pid);
  else stoppedPids.delete(name);
  try {
    process.kill(pid, signals[action]);
    return null;
  } catch {
    return `${name} (process ${pid}) is gone`;
  }
}
