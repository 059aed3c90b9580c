/**
 * How far each consumer of the journal has come. Written at each acknowledgement, in two places by turns, each with a checksum:
 * a write that a power cut tears leaves the one before. Synced now and then only, so a power cut may cost the last second
 * (sent again then, known by its id); a killed process costs nothing.
 */
import { crc32 } from 'node:zlib';
import type { Disk, DiskFile } from './disk.ts';

const slotBytes = 1024;
const syncEveryMs = 1000;

export interface CursorFile {
  readonly values: Map<string, number>;
  /** Writes what is in `values`; calls in a burst become one write. */
  save(): void;
  close(): Promise<void>;
}

/** @param onTrouble called with what a write met. @throws what reading meets. */
export function openCursors(disk: Disk, path: string, onTrouble: (error: unknown) => void): CursorFile {
  let { serial, values } = newest(disk.read(path));
  let file: DiskFile | null = null;
  let writing: Promise<void> | null = null;
  let dirty = false;
  let timer: NodeJS.Timeout | undefined;

  const write = async (): Promise<void> => {
    // The acknowledgements of this turn go together.
    await new Promise((resolve) => setImmediate(resolve));
    try {
      while (dirty) {
        dirty = false;
        file ??= await disk.open(path, 'update');
        serial++;
        await file.writeAt((serial % 2) * slotBytes, slot(serial, values));
      }
    } catch (error) {
      await file?.close().catch(() => undefined);
      file = null;
      onTrouble(error);
    }
  };
  const sync = (): void => {
    timer = undefined;
    file?.sync().catch(onTrouble);
  };
  return {
    values,
    save() {
      dirty = true;
      writing ??= write().finally(() => {
        writing = null;
        timer ??= setTimeout(sync, syncEveryMs).unref();
      });
    },
    async close() {
      clearTimeout(timer);
      await writing;
      await file?.sync().catch(onTrouble);
      await file?.close().catch(() => undefined);
      file = null;
    },
  };
}

function slot(serial: number, values: ReadonlyMap<string, number>): string {
  const body = JSON.stringify({ serial, cursors: Object.fromEntries(values) });
  return `${crc32(body).toString(16).padStart(8, '0')} ${body}`
    .padEnd(slotBytes - 1)
    .slice(0, slotBytes - 1)
    .concat('\n');
}

function newest(text: string | null): { serial: number; values: Map<string, number> } {
  const found = { serial: 0, values: new Map<string, number>() };
  for (const start of [0, slotBytes]) {
    const line = (text ?? '').slice(start, start + slotBytes).trimEnd();
    const body = line.slice(9);
    if (line === '' || crc32(body).toString(16).padStart(8, '0') !== line.slice(0, 8)) continue;
    const { serial, cursors } = JSON.parse(body) as { serial: number; cursors: Record<string, number> };
    if (serial <= found.serial) continue;
    found.serial = serial;
    found.values = new Map(Object.entries(cursors));
  }
  return found;
}
