/** Faults on schedule, as people write them: `10s path eth down`, `25s kill media`. */
import { durationMs } from '../cli/numbers.ts';
import type { LinkProfile } from '../lab/emulator/link-model.ts';
import { exitCode, FatalError } from '../model/exit.ts';

export type ProcessName = 'media' | 'control' | 'gateway' | 'worker';

export type Fault =
  /** Of the encoder process of one input, on air or not. */
  | { kind: 'input'; input: string; action: 'kill' | 'stop' | 'continue' }
  | { kind: 'pin'; input: string | null }
  | { kind: 'path'; path: string; change: Partial<LinkProfile> }
  | { kind: 'process'; process: ProcessName; action: 'kill' | 'stop' | 'continue' };

export interface TimedFault {
  /** After the measurement began. */
  atMs: number;
  /** The fault as it was written. */
  what: string;
  fault: Fault;
}

const allowed =
  "write '<time> <fault>' with a time such as 10s, and as fault one of: path eth|lte down, up, loss <n>%, delay <n>ms, rate <n>kbit; kill, stop or continue media, control, gateway or worker; input cam|spare kill, stop or continue; pin cam|spare; unpin";

/** @throws FatalError (usage) that says what is allowed. */
export function parseFault(text: string): TimedFault {
  const [, time = '', what = ''] = /^\s*(\S+)\s+(.+?)\s*$/.exec(text) ?? [];
  const fault = readFault(what.split(/\s+/));
  try {
    const atMs = durationMs(time === '0s' ? '1ms' : time);
    if (fault !== null) return { atMs, what, fault };
  } catch {
    // Said below, with the whole text.
  }
  throw new FatalError(exitCode.usage, `cannot read the fault "${text}": ${allowed}`);
}

function readFault(words: string[]): Fault | null {
  const [first, second, third, fourth] = words;
  if (first === 'path') {
    const change = readChange(third, fourth);
    return (second === 'eth' || second === 'lte') && change !== null && words.length <= 4 ? { kind: 'path', path: second, change } : null;
  }
  if (first === 'pin') return isInput(second) && words.length === 2 ? { kind: 'pin', input: second } : null;
  if (first === 'unpin') return words.length === 1 ? { kind: 'pin', input: null } : null;
  if (first === 'input') return isInput(second) && isAction(third) && words.length === 3 ? { kind: 'input', input: second, action: third } : null;
  const isProcess = second === 'media' || second === 'control' || second === 'gateway' || second === 'worker';
  return isAction(first) && isProcess && words.length === 2 ? { kind: 'process', process: second, action: first } : null;
}

const isAction = (word: string | undefined): word is 'kill' | 'stop' | 'continue' => word === 'kill' || word === 'stop' || word === 'continue';
/** The demo's own. */
const isInput = (word: string | undefined): word is string => word === 'cam' || word === 'spare';

function readChange(what: string | undefined, amount: string | undefined): Partial<LinkProfile> | null {
  if (amount === undefined) return what === 'down' ? { down: true } : what === 'up' ? { down: false } : null;
  const [, number, unit] = /^(\d+(?:\.\d+)?)(%|ms|kbit)$/.exec(amount) ?? [];
  const value = Number(number);
  if (what === 'loss' && unit === '%' && value <= 100) return { lossPercent: value };
  if (what === 'delay' && unit === 'ms') return { delayMs: value };
  if (what === 'rate' && unit === 'kbit' && value > 0) return { rateKbps: value };
  return null;
}
