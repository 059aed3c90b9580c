/**
 * A box gets JavaScript: the sources without their types. Node would strip them at each start, which on a small board costs
 * a second and, for as long as the daemon lives, the memory of the compiler that does it (docs/adr/0009-javascript-on-the-box.md).
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';

/** A path relative to the file that names it, in quotes: import, dynamic import, `new URL`. */
const relativeName = /(['"])(\.{1,2}\/[^'"\n]*)\.ts\1/g;

/** The same program as JavaScript, with every line where it was, so that a stack trace from a box names lines of the source. */
export function toJavaScript(source: string): string {
  return stripTypeScriptTypes(source).replace(relativeName, '$1$2.js$1');
}

/** Turns every `.ts` file below `folder` into a `.js` file. */
export function stripFolder(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.ts')) continue;
    const path = join(entry.parentPath, entry.name);
    writeFileSync(`${path.slice(0, -'.ts'.length)}.js`, toJavaScript(readFileSync(path, 'utf8')));
    rmSync(path);
  }
}
