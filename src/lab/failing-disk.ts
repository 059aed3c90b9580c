/**
 * A disk in memory that promises no more than a real one: what was not synced may be gone after a power cut, whole, in part, or as
 * zeros or rubbish; a new name or a rename may be gone as well. Also one that refuses everything. Seeded.
 */
import type { Disk, DiskFile } from '../control/disk.ts';
import { seededRandom } from './random.ts';

const sectorBytes = 512;

interface Inode {
  /** As programs see it. */
  now: Buffer;
  /** As the platter has it. */
  safe: Buffer;
}

export class FailingDisk implements Disk {
  readonly #random: () => number;
  #names = new Map<string, Inode>();
  #safeNames = new Map<string, Inode>();
  /** Changes of names since they were last safe, in order: file systems journal them, so a first part of them survives. */
  #renamings: ((names: Map<string, Inode>) => void)[] = [];
  /** Operations that still succeed before the power goes. */
  #left = Number.POSITIVE_INFINITY;
  #session = 0;
  /** Set: every write and sync is refused with it. */
  refusal: string | null = null;
  /** How long a sync takes. */
  syncMs = 0;
  onPowerCut: () => void = () => undefined;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** The power goes in the middle of the operation after the next `count`. */
  cutAfter(count: number): void {
    this.#left = count;
  }

  /** The power is back: files are what the platter has, and more or less of what was on its way. */
  restore(): void {
    this.#session++;
    this.#left = Number.POSITIVE_INFINITY;
    const inodes = new Set([...this.#names.values(), ...this.#safeNames.values()]);
    for (const inode of inodes) {
      inode.safe = this.#survivor(inode);
      inode.now = Buffer.from(inode.safe);
    }
    for (const change of this.#renamings.slice(0, this.#below(this.#renamings.length + 1))) change(this.#safeNames);
    this.#renamings = [];
    this.#names = new Map(this.#safeNames);
  }

  makeDirectory(): void {}

  read(path: string): string | null {
    return this.#names.get(path)?.now.toString('utf8') ?? null;
  }

  async open(path: string): Promise<DiskFile> {
    await this.#operation();
    const known = this.#names.get(path);
    const inode = known ?? { now: Buffer.alloc(0), safe: Buffer.alloc(0) };
    if (known === undefined) this.#rename((names) => names.set(path, inode));
    return {
      size: inode.now.length,
      append: async (text) => {
        const begun = this.#session;
        await this.#operation(() => {
          // The power goes while this is written.
          inode.now = Buffer.concat([inode.now, Buffer.from(text).subarray(0, this.#below(Buffer.byteLength(text) + 1))]);
        });
        if (begun === this.#session) inode.now = Buffer.concat([inode.now, Buffer.from(text)]);
      },
      writeAt: async (position, text) => {
        await this.#operation();
        const bytes = Buffer.from(text);
        const grown = Buffer.alloc(Math.max(inode.now.length, position + bytes.length));
        inode.now.copy(grown);
        bytes.copy(grown, position);
        inode.now = grown;
      },
      sync: async () => {
        await this.#operation();
        if (this.syncMs > 0) await new Promise((resolve) => setTimeout(resolve, this.syncMs));
        inode.safe = Buffer.from(inode.now);
      },
      close: () => Promise.resolve(),
    };
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#operation();
    const inode = this.#names.get(from);
    if (inode === undefined) throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
    this.#rename((names) => {
      names.delete(from);
      names.set(to, inode);
    });
  }

  async syncDirectory(): Promise<void> {
    await this.#operation();
    this.#safeNames = new Map(this.#names);
    this.#renamings = [];
  }

  #rename(change: (names: Map<string, Inode>) => void): void {
    change(this.#names);
    this.#renamings.push(change);
  }

  /** A whole number from 0 up to, not including, `end`. */
  #below(end: number): number {
    return Math.floor(this.#random() * end);
  }

  async #operation(onCut: () => void = () => undefined): Promise<void> {
    const begun = this.#session;
    await new Promise((resolve) => setImmediate(resolve));
    // Of a run that lost its power nothing goes on, ever.
    if (begun !== this.#session || this.#left < 0) await new Promise(() => undefined);
    if (this.refusal !== null) throw Object.assign(new Error(this.refusal), { code: this.refusal });
    if (this.#left-- > 0) return;
    this.#left = -1;
    onCut();
    this.onPowerCut();
    await new Promise(() => undefined);
  }

  /** Sector by sector the old or the new bytes; the end cut off anywhere, and sometimes zeros or rubbish there. */
  #survivor({ now, safe }: Inode): Buffer {
    if (now.equals(safe)) return safe;
    const length = safe.length + this.#below(Math.max(0, now.length - safe.length) + 1);
    const survivor = Buffer.from(now.subarray(0, length));
    for (let start = 0; start < safe.length; start += sectorBytes)
      if (this.#below(2) === 0) safe.copy(survivor, start, start, Math.min(start + sectorBytes, safe.length));
    const spoilt = this.#below(4);
    const tail = survivor.subarray(safe.length + this.#below(survivor.length - safe.length + 1));
    if (spoilt === 0) tail.fill(0);
    if (spoilt === 1) for (let at = 0; at < tail.length; at++) tail[at] = this.#below(256);
    return survivor;
  }
}
