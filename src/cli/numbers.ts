/** Numbers on the command line. */
import { InvalidArgumentError } from 'commander';

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `500ms`, `30s`, `2m`, `1h` → milliseconds. */
export function durationMs(text: string): number {
  const [, value, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  const ms = Number(value) * (unitsMs[unit ?? ''] ?? Number.NaN);
  if (!(ms > 0)) throw new InvalidArgumentError('give a time such as 500ms, 30s, 2m or 1h');
  return ms;
}

export function milliseconds(text: string): number {
  const ms = Number(text.replace(/ms$/, ''));
  if (!Number.isInteger(ms) || ms < 20 || ms > 30_000) throw new InvalidArgumentError('give milliseconds from 20 to 30000');
  return ms;
}

export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 2 ** 31) throw new InvalidArgumentError('give a whole number from 0 to 2147483648');
  return value;
}
