/** Reads what RAUC prints (RAUC reference, “Command line tool”): `rauc status --detailed --output-format=json`, and the progress of `rauc install`. Pure. */
import type { Slot } from '../../model/update.ts';

/** Empty when it is not what RAUC prints. */
export function parseSlots(json: string): Slot[] {
  const status = read(json);
  const slots = at(status, 'slots');
  if (!Array.isArray(slots)) return [];
  const primary = word(at(status, 'boot_primary'));
  return slots.flatMap((entry) =>
    Object.entries(isMap(entry) ? entry : {}).flatMap(([name, slot]) => {
      // Only what the boot loader can choose: the rest follows its parent.
      const bootName = word(at(slot, 'bootname'));
      if (!isMap(slot) || bootName === null) return [];
      const bootStatus = word(at(slot, 'boot_status'));
      return {
        name,
        device: word(at(slot, 'device')),
        bootName,
        booted: at(slot, 'state') === 'booted',
        next: name === primary,
        bootStatus: bootStatus === 'good' || bootStatus === 'bad' ? bootStatus : null,
        version: word(at(slot, 'slot_status', 'bundle', 'version')),
        installedAt: word(at(slot, 'slot_status', 'installed', 'timestamp')),
      };
    }),
  );
}

/** ` 40% Copying image to rootfs.1` → per cent and what is done; null for another line. */
export function parseProgress(line: string): { pct: number; step: string } | null {
  const found = /^\s*(\d{1,3})\s?%\s+(.{1,200})$/.exec(line);
  return found === null ? null : { pct: Math.min(100, Number(found[1])), step: (found[2] as string).trim() };
}

function read(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

const isMap = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const at = (value: unknown, ...keys: string[]): unknown => keys.reduce<unknown>((found, key) => (isMap(found) ? found[key] : undefined), value);
const word = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value.slice(0, 200) : null);
