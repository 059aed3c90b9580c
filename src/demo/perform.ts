/** Performs faults. The mapped type makes a new fault fail to compile until something performs it. */
import type { LinkProfile } from '../lab/emulator/link-model.ts';
import type { Fault, ProcessName } from './faults.ts';

/** What the faults act on. */
export interface FaultTargets {
  changePath(id: string, patch: Partial<LinkProfile>): Promise<void>;
  /** Of media, control, gateway, or the encoder worker on air; null while it does not run. */
  pid(process: ProcessName): number | null;
}

const signals = { kill: 'SIGKILL', stop: 'SIGSTOP', continue: 'SIGCONT' } as const;

/** A stopped worker must be continued even if another one is on air by then. */
const stoppedPids = new Map<ProcessName, number>();

/** Resolves to null, or to a sentence why the fault could not be performed. */
export async function performFault(fault: Fault, targets: FaultTargets): Promise<string | null> {
  switch (fault.kind) {
    case 'path':
      await targets.changePath(fault.path, fault.change);
      return null;
    case 'process':
      return signalProcess(fault.process, fault.action, targets);
  }
}

function signalProcess(name: ProcessName, action: keyof typeof signals, targets: FaultTargets): string | null {
  const pid = (action === 'continue' ? stoppedPids.get(name) : undefined) ?? targets.pid(name);
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
