/** Reports of rehearsals, kept on the box: a file each in the state directory, the last ones only. A disk that fails costs the files, not the last report. */
import { mkdir, readdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../log.ts';
import { type RehearsalReport, rehearsalReportSchema } from '../model/rehearsal.ts';
import { replaceFile } from './files.ts';

/** Some kilobytes each: what a season of shows leaves behind is not worth more. */
export const reportsKept = 20;
const fileName = /^(\d{6})-([0-9a-f]{1,32})\.json$/;

export class RehearsalStore {
  readonly #directory: string;
  readonly #log: Logger;
  #last: RehearsalReport | null = null;
  #work: Promise<void> = Promise.resolve();

  constructor(directory: string, log: Logger) {
    this.#directory = directory;
    this.#log = log;
  }

  /** One that is there already is not kept twice: media gives its last one at each connection. */
  keep(report: RehearsalReport): void {
    this.#last = report;
    this.#work = this.#work
      .then(() => this.#write(report))
      .catch((error: NodeJS.ErrnoException) => this.#log.warn({ code: error.code }, 'the report of a rehearsal cannot be kept on the disk'));
  }

  /** The newest first. Never rejects: what cannot be read is left out. */
  async list(): Promise<RehearsalReport[]> {
    await this.#work;
    const names = await this.#names().catch(() => []);
    const read = await Promise.all(names.reverse().map((name) => this.#read(name)));
    const reports = read.filter((one) => one !== null);
    const last = this.#last;
    return last === null || reports.some(({ id }) => id === last.id) ? reports : [last, ...reports];
  }

  /** Resolves when all that was to be kept is written. */
  settled(): Promise<void> {
    return this.#work;
  }

  async #write(report: RehearsalReport): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const names = await this.#names();
    if (names.some((name) => fileName.exec(name)?.[2] === report.id)) return;
    const number = 1 + Number(fileName.exec(names.at(-1) ?? '')?.[1] ?? 0);
    await replaceFile(join(this.#directory, `${String(number).padStart(6, '0')}-${report.id}.json`), `${JSON.stringify(report)}\n`);
    for (const name of names.slice(0, Math.max(0, names.length + 1 - reportsKept))) await unlink(join(this.#directory, name));
  }

  async #read(name: string): Promise<RehearsalReport | null> {
    try {
      return rehearsalReportSchema.parse(JSON.parse(await readFile(join(this.#directory, name), 'utf8')));
    } catch {
      return null;
    }
  }

  /** The oldest first. */
  async #names(): Promise<string[]> {
    return (await readdir(this.#directory)).filter((name) => fileName.test(name)).sort();
  }
}

/** Stands still: nothing in this process happens for so long, as if it hung. It comes back by itself, whatever becomes of whoever asked for it. */
export function standStill(forMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, forMs);
}
