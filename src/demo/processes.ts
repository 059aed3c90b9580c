/** What processes cost, from /proc: CPU seconds across restarts, and the largest memory seen. */
import { readFileSync } from 'node:fs';

/** USER_HZ is 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

interface Account {
  pid: number;
  ticks: number;
  /** Of processes of this name that are gone. */
  ticksBefore: number;
  rssKb: number;
  rssKbMax: number;
}

export class ProcessAccounts {
  readonly #accounts = new Map<string, Account>();

  /** To be called several times a second; what a killed process did after the last call is not seen. */
  sample(name: string, pid: number | null): void {
    const ticks = pid === null ? null : cpuTicks(pid);
    if (pid === null || ticks === null) return;
    let account = this.#accounts.get(name);
    if (account === undefined) {
      account = { pid, ticks: 0, ticksBefore: 0, rssKb: 0, rssKbMax: 0 };
      this.#accounts.set(name, account);
    }
    if (account.pid !== pid) {
      account.ticksBefore += account.ticks;
      account.pid = pid;
    }
    account.ticks = ticks;
    account.rssKb = rssKb(pid);
    account.rssKbMax = Math.max(account.rssKbMax, account.rssKb);
  }

  /** Every name that was sampled and begins like this. */
  names(prefix: string): string[] {
    return [...this.#accounts.keys()].filter((name) => name.startsWith(prefix));
  }

  /** CPU seconds of `name` since its first sample's process started, user and system. */
  cpuSeconds(name: string): number {
    const account = this.#accounts.get(name);
    return account === undefined ? 0 : (account.ticksBefore + account.ticks) / ticksPerSecond;
  }

  rssMb(name: string): number {
    return Math.round((this.#accounts.get(name)?.rssKb ?? 0) / 102.4) / 10;
  }

  rssMbMax(name: string): number {
    return Math.round((this.#accounts.get(name)?.rssKbMax ?? 0) / 102.4) / 10;
  }
}

/** utime + stime of a process with its reaped children not counted; null when it is gone. proc(5), /proc/pid/stat. */
function cpuTicks(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(fields[11]) + Number(fields[12]);
  } catch {
    return null;
  }
}

function rssKb(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
