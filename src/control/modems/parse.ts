/** Reads what `mmcli -J` prints (ModemManager 1.10 and later). Every value there is a string, and `--` stands for nothing. Pure. */
import type { Modem } from '../../model/vitals.ts';

/** Numbers of the modems, from `mmcli -L -J`. */
export function parseModemList(json: string): string[] {
  const paths = at(read(json), 'modem-list');
  if (!Array.isArray(paths)) return [];
  return paths.flatMap((path) => /\/Modem\/(\d+)$/.exec(String(path))?.[1] ?? []);
}

/** Object paths of the bearers, from `mmcli -m N -J`. */
export function parseBearerPaths(json: string): string[] {
  const paths = at(read(json), 'modem', 'generic', 'bearers');
  return Array.isArray(paths) ? paths.filter((path): path is string => typeof path === 'string' && /^\/[A-Za-z0-9/_]+$/.test(path)) : [];
}

/**
 * @param modem output of `mmcli -m N -J`.
 * @param signal of `mmcli -m N --signal-get -J`; empty where that failed.
 * @param bearers of `mmcli -b PATH -J`.
 * Null when it is not what mmcli prints.
 */
export function parseModem(id: string, modem: string, signal: string, bearers: readonly string[]): Modem | null {
  const root = at(read(modem), 'modem');
  const generic = at(root, 'generic');
  if (generic === undefined) return null;
  const technologies = list(at(generic, 'access-technologies'));
  const registration = word(at(root, '3gpp', 'registration-state'));
  const measured = bestSignal(at(read(signal), 'modem', 'signal'));
  const used = bearers.map(read).map((bearer) => at(bearer, 'bearer', 'stats'));
  return {
    id,
    model: word(at(generic, 'model')) ?? 'modem',
    state: word(at(generic, 'state')) ?? 'unknown',
    // Ports look like `wwan0 (net)`.
    interfaces: list(at(generic, 'ports')).flatMap((port) => /^(\S+) \(net\)$/.exec(port)?.[1] ?? []),
    operator: word(at(root, '3gpp', 'operator-name')),
    technology: technologies.at(-1) ?? null,
    roaming: registration === null ? null : registration.startsWith('roaming'),
    qualityPct: number(at(generic, 'signal-quality', 'value')),
    ...measured,
    rxBytes: sum(used, 'bytes-rx'),
    txBytes: sum(used, 'bytes-tx'),
  };
}

type SignalFacts = Pick<Modem, 'rsrpDbm' | 'rsrqDb' | 'sinrDb'>;

/** 5G where it is measured, else LTE: on non-standalone 5G both are there, and LTE alone says less. */
function bestSignal(signal: unknown): SignalFacts {
  for (const technology of ['5g', 'lte']) {
    const part = at(signal, technology);
    const facts = { rsrpDbm: number(at(part, 'rsrp')), rsrqDb: number(at(part, 'rsrq')), sinrDb: number(at(part, 'snr')) };
    if (facts.rsrpDbm !== null) return facts;
  }
  return { rsrpDbm: null, rsrqDb: null, sinrDb: null };
}

function read(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function at(value: unknown, ...keys: string[]): unknown {
  let found = value;
  for (const key of keys) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = (found as Record<string, unknown>)[key];
  }
  return found;
}

function word(value: unknown): string | null {
  return typeof value === 'string' && value !== '--' && value !== '' ? value.slice(0, 100) : null;
}

function list(value: unknown): string[] {
  return Array.isArray(value) ? value.flatMap((one) => word(one) ?? []) : [];
}

function number(value: unknown): number | null {
  const text = word(value);
  return text !== null && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : null;
}

function sum(parts: readonly unknown[], key: string): number | null {
  const numbers = parts.flatMap((part) => number(at(part, key)) ?? []);
  return numbers.length === 0 ? null : numbers.reduce((a, b) => a + b, 0);
}
