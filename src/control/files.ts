/** Small files of the state directory. */
import { open, readFile, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { realDisk } from './disk.ts';

/** Replaces a file as a whole: readers see the old or the new one, also after a power cut. Rejects with the system's error. */
export async function replaceFile(path: string, text: string, mode = 0o600): Promise<void> {
  const file = await open(`${path}.new`, 'w', mode);
  try {
    // An old `.new` of a crash may have another mode.
    await file.chmod(mode);
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  // The name is as safe as the bytes only now.
  await realDisk.syncDirectory(dirname(path));
}

/** Copies a file, unless the copy is there already: the first one is that of before. Returns an errno name, or null when the copy is safe. */
export async function copyOnce(from: string, to: string): Promise<string | null> {
  try {
    const there = await stat(to).then(
      () => true,
      () => false,
    );
    if (!there) await replaceFile(to, await readFile(from, 'utf8'), 0o640);
    return null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'EIO';
  }
}
