/**
 * Each second of telemetry, on the disk: bounded, written ten seconds at a time since it is flash (so much a power cut may cost),
 * and read again only to give the broker what it missed. Never waited for; without a disk the last minutes are kept in memory.
 */
import { createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Telemetry } from '../model/telemetry.ts';
import type { Disk, DiskFile } from './disk.ts';

/** Two generations are kept: about nine hours of a box with two paths. */
const fileBytesMax = 4 * 1024 * 1024;
const writeEverySamples = 10;
const keptInMemory = 600;

/** As it stands in the file. */
export interface StoredTelemetry {
  /** Increases by one with each sample, over restarts too. */
  n: number;
  /** It went to the broker when it was new. */
  sent: boolean;
  sample: Telemetry;
}

export class TelemetryStore {
  readonly #directory: string;
  readonly #disk: Disk;
  #unwritten: StoredTelemetry[] = [];
  #last = 0;
  #file: DiskFile | null = null;
  #bytes = 0;
  #writing: Promise<void> | null = null;
  #torn = false;

  constructor(directory: string, disk: Disk) {
    this.#directory = directory;
    this.#disk = disk;
    for (const name of ['telemetry.jsonl', 'telemetry.1.jsonl']) {
      const text = this.#read(name);
      if (name === 'telemetry.jsonl') this.#torn = text !== '' && !text.endsWith('\n');
      this.#last = text.split('\n').reduce((most, line) => Math.max(most, parse(line)?.n ?? 0), this.#last);
      if (this.#last > 0) break;
    }
  }

  record(sample: Telemetry, sent: boolean): void {
    this.#unwritten.push({ n: ++this.#last, sent, sample });
    if (this.#unwritten.length > keptInMemory) this.#unwritten.shift();
    if (this.#unwritten.length >= writeEverySamples) void this.flush();
  }

  /** What is in memory goes to the disk. Never rejects. */
  flush(): Promise<void> {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = null;
    });
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    while (this.#unwritten.length > 0 && (await this.#write()));
  }

  async close(): Promise<void> {
    await this.flush();
    await this.#file?.close().catch(() => undefined);
    this.#file = null;
  }

  /** What did not go to the broker, of those after number `n`, the oldest first; read line by line, not held. */
  async *missed(n: number): AsyncGenerator<StoredTelemetry> {
    for (const name of ['telemetry.1.jsonl', 'telemetry.jsonl'])
      try {
        for await (const line of createInterface({ input: createReadStream(join(this.#directory, name)) })) {
          const stored = parse(line);
          if (stored !== null && stored.n > n && !stored.sent) yield stored;
        }
      } catch {
        // Not there yet, or not readable: what is missing is missing.
      }
  }

  /** False: the disk took nothing; it is tried again with the next ten. */
  async #write(): Promise<boolean> {
    const batch = this.#unwritten;
    this.#unwritten = [];
    const text = `${this.#torn ? '\n' : ''}${batch.map((one) => `${JSON.stringify(one)}\n`).join('')}`;
    try {
      this.#file ??= await this.#open();
      if (this.#bytes > fileBytesMax) {
        await this.#file.close();
        this.#file = null;
        await this.#disk.rename(join(this.#directory, 'telemetry.jsonl'), join(this.#directory, 'telemetry.1.jsonl'));
        this.#file = await this.#open();
      }
      await this.#file.append(text);
      await this.#file.sync();
      this.#bytes += text.length;
      this.#torn = false;
      return true;
    } catch {
      // The journal says what is wrong with the disk.
      this.#torn = true;
      this.#unwritten = [...batch, ...this.#unwritten].slice(-keptInMemory);
      await this.#file?.close().catch(() => undefined);
      this.#file = null;
      return false;
    }
  }

  async #open(): Promise<DiskFile> {
    const file = await this.#disk.open(join(this.#directory, 'telemetry.jsonl'), 'append');
    this.#bytes = file.size;
    return file;
  }

  /** The end of it: the newest number stands there. */
  #read(name: string): string {
    try {
      return readFileSync(join(this.#directory, name), 'utf8').slice(-8192);
    } catch {
      return '';
    }
  }
}

function parse(line: string): StoredTelemetry | null {
  try {
    const stored = JSON.parse(line) as StoredTelemetry;
    return Number.isSafeInteger(stored.n) && typeof stored.sample === 'object' && stored.sample !== null ? stored : null;
  } catch {
    return null;
  }
}
