/**
 * What the journal asks of a disk. Small, so that tests can put a disk below it that tears writes, is slow, is full, or loses
 * its power (src/lab/failing-disk.ts): what a real file system promises is only what was synced.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';

export interface DiskFile {
  /** Bytes when it was opened. */
  readonly size: number;
  append(text: string): Promise<void>;
  writeAt(position: number, text: string): Promise<void>;
  /** Resolves when what was written is safe; the name of a new file is only after `syncDirectory`. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Every function rejects (or throws) with an errno name in `code`. */
export interface Disk {
  makeDirectory(path: string): void;
  /** Null: there is no such file. */
  read(path: string): string | null;
  /** Makes it where it is not. `append`: writes go to the end. `update`: to where they say. */
  open(path: string, how: 'append' | 'update'): Promise<DiskFile>;
  rename(from: string, to: string): Promise<void>;
  syncDirectory(path: string): Promise<void>;
}

export const realDisk: Disk = {
  makeDirectory(path) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  },
  read(path) {
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  },
  async open(path, how) {
    // r+ does not make a file, and w+ empties one.
    if (how === 'update') await (await open(path, 'a', 0o600)).close();
    const file = await open(path, how === 'append' ? 'a' : 'r+', 0o600);
    const { size } = await file.stat();
    return {
      size,
      append: async (text) => file.appendFile(text),
      writeAt: async (position, text) => void (await file.write(text, position)),
      sync: () => file.datasync(),
      close: () => file.close(),
    };
  },
  rename,
  async syncDirectory(path) {
    const directory = await open(path, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  },
};
