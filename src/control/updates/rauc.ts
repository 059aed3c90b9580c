/** Reads what RAUC prints, as versions 1.8 to 1.15 do (its src/main.c): `rauc status --detailed --output-format=json`, and what `rauc install` says. Pure. */
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

/**
 * Why `rauc install` or `rauc status` failed, in RAUC's own words. The service's reason comes to standard output (`LastError: …`); what
 * the program itself met, to standard error, before a last line that says no more than that it failed.
 * @param error lines of standard error. Null: it said nothing.
 */
export function parseFailure(output: readonly string[], error: readonly string[]): string | null {
  const reason = output.findLast((line) => line.startsWith(lastError))?.slice(lastError.length);
  const own = error.map((line) => line.replace(wrapping, '').trim()).filter((line) => line !== '');
  return (reason?.trim() || own.findLast((line) => !closing.test(line)) || own.at(-1))?.slice(0, 300) ?? null;
}

/** Whether these words of RAUC say that it is installing for somebody (its src/service.c). */
export const saysBusy = (words: string): boolean => /already processing/i.test(words);

/** Whether they say that the handler before an installation refused it, whose own words RAUC keeps to itself (its src/install.c). */
export const saysHandler = (words: string): boolean => /pre-install handler error/i.test(words);

const lastError = 'LastError: ';
/** GLib's name of an error before its text (until RAUC 1.11), and its time before a warning. */
const wrapping = /GDBus\.Error:\S+: |^\(rauc:\d+\): rauc-WARNING \*\*: [\d:.]+: /g;
const closing = /^(Installing|D-Bus error while installing) `/;

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
