/**
 * The box's events: numbered, kept in a bounded ring and in a small append file, so that a restart loses none and no
 * number is used twice. Consumers (the broker, each webhook) have a cursor: what they have acknowledged.
 *
 * The file is written in batches and is never waited for: a slow or dead disk delays nobody by more than `readyMsMax`.
 * What it did not take is written when it works again.
 */
import { join } from 'node:path';
import { type JournaledEvent, journaledEventSchema } from '../model/box.ts';
import type { TandemEvent } from '../model/event.ts';
import { type CursorFile, openCursors } from './cursors.ts';
import { type Disk, type DiskFile, realDisk } from './disk.ts';

/** What a page or a broker that was away for a while wants to see; about 2 MB of memory. */
export const keptEvents = 4000;
/** One generation of the file; two are kept, so at most twice this on the disk, and never less than the newest events of so many bytes. */
export const fileBytesMax = 2 * 1024 * 1024;
/** An event that the disk has not taken by then is given to consumers nonetheless. */
const readyMsMax = 1000;
/** A disk in trouble is tried again this often. */
const retryEveryMs = 2000;
/** Flash takes tens of milliseconds; a card that dies takes seconds. */
const slowMs = 1000;
const looksSlow = 10;

export interface Journal {
  /** Numbers and keeps an event. Null: it was here already (the same `session` and `seq`). */
  append(event: TandemEvent, origin: JournaledEvent['origin']): JournaledEvent | null;
  /** The oldest first. Events that fell out of the ring are gone. */
  after(id: number, max: number): JournaledEvent[];
  /** The newest events, oldest first. */
  recent(max: number): JournaledEvent[];
  /** The newest event that may leave the box. */
  readonly readyId: number;
  /** The newest event that the disk has for certain; behind `readyId` where the disk is in trouble. */
  readonly safeId: number;
  /** The newest event of the media daemon, to ask it for what came after. */
  lastOfMedia(): { session: string; seq: number } | null;
  cursor(consumer: string): number;
  advance(consumer: string, id: number): void;
  /** Calls back with each new event at once, and without one when `readyId` has moved. */
  subscribe(listener: (event: JournaledEvent | null) => void): () => void;
  close(): Promise<void>;
}

/** The errno name of what is wrong with the disk; `slow` for one that takes more than a second; null: it works again. */
export type DiskTrouble = string | null;

/** Opens the journal in `directory`. Never throws: without a disk it works from memory and says so through `onTrouble`, once for each trouble. */
export function openJournal(directory: string, onTrouble: (trouble: DiskTrouble) => void, disk: Disk = realDisk): Journal {
  return new FileJournal(directory, onTrouble, disk);
}

class FileJournal implements Journal {
  readonly #directory: string;
  readonly #disk: Disk;
  readonly #onTrouble: (trouble: DiskTrouble) => void;
  readonly #ring: JournaledEvent[] = [];
  readonly #lastSeqs = new Map<string, number>();
  readonly #listeners = new Set<(event: JournaledEvent | null) => void>();
  #cursors: CursorFile;
  #lastId = 0;
  #readyId = 0;
  #safeId = 0;
  #unwritten: JournaledEvent[] = [];
  #writing: Promise<void> | null = null;
  #file: DiskFile | null = null;
  #fileBytes = 0;
  /** What stands last in the file may be half a line. */
  #torn = false;
  #trouble: DiskTrouble = null;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(directory: string, onTrouble: (trouble: DiskTrouble) => void, disk: Disk) {
    this.#directory = directory;
    this.#disk = disk;
    this.#onTrouble = onTrouble;
    const troubled = (error: unknown) => this.#troubled(codeOf(error));
    try {
      disk.makeDirectory(directory);
      this.#load();
      this.#cursors = openCursors(disk, this.#path('cursors'), troubled);
    } catch (error) {
      troubled(error);
      this.#cursors = { values: new Map(), save: () => undefined, close: () => Promise.resolve() };
    }
    // A disk that was slow may have lost what a consumer has acknowledged: its number is not given twice.
    this.#lastId = Math.max(this.#lastId, ...this.#cursors.values.values());
    this.#readyId = this.#lastId;
    this.#safeId = this.#lastId;
  }

  append(event: TandemEvent, origin: JournaledEvent['origin']): JournaledEvent | null {
    const last = this.#lastSeqs.get(event.session);
    if (last !== undefined && event.seq <= last) return null;
    const entry: JournaledEvent = { ...event, origin, id: this.#lastId + 1 };
    this.#keep(entry);
    this.#unwritten.push(entry);
    if (this.#unwritten.length > keptEvents) this.#unwritten.shift();
    this.#startWriting();
    setTimeout(() => this.#ready(entry.id), readyMsMax).unref();
    for (const listener of this.#listeners) listener(entry);
    return entry;
  }

  after(id: number, max: number): JournaledEvent[] {
    const start = this.#indexAfter(id);
    return this.#ring.slice(start, start + max);
  }

  recent(max: number): JournaledEvent[] {
    return this.#ring.slice(-max);
  }

  get readyId(): number {
    return this.#readyId;
  }

  get safeId(): number {
    return this.#safeId;
  }

  lastOfMedia(): { session: string; seq: number } | null {
    const event = this.#ring.findLast(({ origin }) => origin === 'media');
    return event === undefined ? null : { session: event.session, seq: event.seq };
  }

  cursor(consumer: string): number {
    return this.#cursors.values.get(consumer) ?? 0;
  }

  advance(consumer: string, id: number): void {
    if (id <= this.cursor(consumer)) return;
    this.#cursors.values.set(consumer, id);
    this.#cursors.save();
  }

  subscribe(listener: (event: JournaledEvent | null) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    await this.#writing;
    if (this.#unwritten.length > 0) await this.#write();
    await this.#cursors.close();
    await this.#file?.close().catch(() => undefined);
    this.#file = null;
  }

  /** Ids rise, with gaps where a disk has lost some. */
  #indexAfter(id: number): number {
    let low = 0;
    let high = this.#ring.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ring[middle] as JournaledEvent).id <= id) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #keep(entry: JournaledEvent): void {
    this.#ring.push(entry);
    if (this.#ring.length > keptEvents) this.#ring.shift();
    this.#lastId = entry.id;
    this.#lastSeqs.set(entry.session, entry.seq);
    // Sessions of long ago send nothing more.
    if (this.#lastSeqs.size > 64) this.#lastSeqs.delete(this.#lastSeqs.keys().next().value as string);
  }

  #ready(id: number): void {
    if (id <= this.#readyId) return;
    this.#readyId = id;
    for (const listener of this.#listeners) listener(null);
  }

  #startWriting(): void {
    // A disk in trouble has a time for its next try.
    if (this.#retry !== undefined) return;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = null;
      if (this.#unwritten.length > 0) this.#startWriting();
    });
  }

  async #write(): Promise<void> {
    // Let events of the same turn join the batch.
    await new Promise((resolve) => setImmediate(resolve));
    const batch = this.#unwritten;
    this.#unwritten = [];
    // Counted, not measured: the time in which this process itself stood still is no fault of the disk.
    let looks = 0;
    const looking = setInterval(() => looks++, slowMs / looksSlow).unref();
    try {
      await this.#writeBatch(batch.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
      this.#safeId = batch.at(-1)?.id ?? this.#safeId;
    } catch (error) {
      this.#torn = true;
      this.#unwritten = [...batch, ...this.#unwritten].slice(-keptEvents);
      await this.#file?.close().catch(() => undefined);
      this.#file = null;
      return this.#troubled(codeOf(error));
    } finally {
      clearInterval(looking);
      this.#ready(batch.at(-1)?.id ?? 0);
    }
    if (looks >= looksSlow) this.#troubled('slow');
    else if (this.#trouble !== null) {
      this.#trouble = null;
      if (!this.#closed) this.#onTrouble(null);
    }
  }

  async #writeBatch(text: string): Promise<void> {
    this.#file ??= await this.#openFile();
    if (this.#fileBytes > fileBytesMax) {
      await this.#file.close();
      this.#file = null;
      await this.#disk.rename(this.#path('events.jsonl'), this.#path('events.1.jsonl'));
      this.#torn = false;
      this.#file = await this.#openFile();
    }
    const lines = this.#torn ? `\n${text}` : text;
    await this.#file.append(lines);
    await this.#file.sync();
    this.#torn = false;
    this.#fileBytes += Buffer.byteLength(lines);
  }

  async #openFile(): Promise<DiskFile> {
    const file = await this.#disk.open(this.#path('events.jsonl'), 'append');
    this.#fileBytes = file.size;
    // What was synced into a file without a name is lost.
    if (file.size === 0) await this.#disk.syncDirectory(this.#directory);
    return file;
  }

  #load(): void {
    for (const name of ['events.1.jsonl', 'events.jsonl']) {
      const text = this.#disk.read(this.#path(name)) ?? '';
      for (const line of text.split('\n')) {
        const parsed = parseLine(line);
        // A torn or damaged line is dropped; a number that does not rise was written twice.
        if (parsed !== null && parsed.id > this.#lastId) this.#keep(parsed);
      }
      this.#torn = text !== '' && !text.endsWith('\n');
    }
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }

  #troubled(trouble: string): void {
    if (this.#closed) return;
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      this.#startWriting();
    }, retryEveryMs).unref();
    if (this.#trouble === trouble) return;
    this.#trouble = trouble;
    this.#onTrouble(trouble);
  }
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'EIO';

function parseLine(line: string): JournaledEvent | null {
  if (line === '') return null;
  try {
    const parsed = journaledEventSchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
