/** A disk of a few megabytes that can be filled, and made slow or read-only under the processes that use it. Needs root, and a C compiler for the latter two. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type Trouble = 'full' | 'read-only' | 'slow';

const source = fileURLToPath(new URL('./bad-disk.c', import.meta.url));
const megabytes = 8;
const stateOf = { well: 'w', slow: 's', 'read-only': 'r' } as const;

export class BadDisk {
  /** What is below it is on the disk. */
  readonly path: string;
  /** Of the processes that are to meet its troubles. */
  readonly env: Record<string, string>;
  /** Beside the disk. */
  readonly beside = mkdtempSync(join(tmpdir(), 'tandem-disk-'));

  readonly #state: number;

  /** @throws where this machine cannot make one. */
  constructor() {
    this.path = join(this.beside, 'disk');
    const library = join(this.beside, 'bad-disk.so');
    mkdirSync(this.path);
    try {
      execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl'], { stdio: ['ignore', 'ignore', 'pipe'] });
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', this.path], { stdio: 'pipe' });
    } catch (error) {
      rmSync(this.beside, { recursive: true, force: true });
      throw new Error(`needs hardware: root and a C compiler, for a bad disk: ${String((error as { stderr?: Buffer }).stderr ?? error).trim()}`);
    }
    this.#state = openSync(join(this.beside, 'state'), 'w+');
    this.#set('well');
    this.env = { LD_PRELOAD: library, TANDEM_BAD_DISK: this.path, TANDEM_BAD_DISK_STATE: join(this.beside, 'state') };
  }

  begin(trouble: Trouble): void {
    if (trouble === 'full') this.#fill();
    else this.#set(trouble);
  }

  mend(): void {
    rmSync(join(this.path, 'filling'), { force: true });
    this.#set('well');
  }

  remove(): void {
    closeSync(this.#state);
    execFileSync('umount', ['--lazy', this.path]);
    rmSync(this.beside, { recursive: true, force: true });
  }

  /** In place, and never shorter: the processes have it mapped. */
  #set(state: keyof typeof stateOf): void {
    writeSync(this.#state, stateOf[state], 0);
  }

  /** To the last byte: the file system takes whole pages. */
  #fill(): void {
    for (let bytes = megabytes * 1024 * 1024; bytes >= 4096; bytes /= 2)
      try {
        for (;;) writeFileSync(join(this.path, 'filling'), Buffer.alloc(bytes), { flag: 'a' });
      } catch {
        // Half of it then.
      }
  }
}
