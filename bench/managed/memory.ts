import { readFileSync } from 'node:fs';

/** Resident memory of a process, MB of a million bytes. */
export function residentMb(pid: number): number {
  return Math.round((Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1.024) / 100) / 10;
}
