/**
 * A box gets JavaScript: the sources without their types. Node would strip them at each start, which on a small board costs
 * a second and, for as long as the daemon lives, the memory of the compiler that does it (docs/adr/0009-javascript-on-the-box.md).
 * It gets it without comments: V8 holds the text of what it runs, two bytes a character where a single “ is in it (0016).
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { parseSync } from 'rolldown/utils';

/** A path relative to the file that names it, in quotes: import, dynamic import, `new URL`. */
const relativeName = /(['"])(\.{1,2}\/[^'"\n]*)\.ts\1/g;

/** The same program as JavaScript, with every line where it was, so that a stack trace from a box names lines of the source. */
export function toJavaScript(source: string): string {
  return withoutComments('source.js', stripTypeScriptTypes(source).replace(relativeName, '$1$2.js$1'));
}

/** The same program without its comments, and every line where it was. What cannot be parsed stays as it is. @param name tells a module from a script. */
export function withoutComments(name: string, source: string): string {
  const { comments, errors } = parseSync(name, source);
  if (errors.length > 0) return source;
  let text = '';
  let end = 0;
  for (const comment of comments) {
    // Of several lines it leaves the line ends, and else a space: without one, two words would become one.
    text += source.slice(end, comment.start) + (comment.value.match(/\r?\n/g)?.join('') ?? (comment.type === 'Block' ? ' ' : ''));
    end = comment.end;
  }
  return text + source.slice(end);
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

/** Takes the comments out of every JavaScript file below `folder`. */
export function stripComments(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.[cm]?js$/.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    writeFileSync(path, withoutComments(entry.name, readFileSync(path, 'utf8')));
  }
}
