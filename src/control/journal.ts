/**
 * The box's events: numbered, kept in a bounded ring and in a small append file, so that a restart loses none and no
 * number is used twice. Consumers (the broker, later webhooks) each have a cursor: what they have acknowledged.
 *
 * The file is written in batches and is never waited for: a slow or dead disk delays nobody by more than `readyMsMax`.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { type JournaledEvent, journaledEventSchema } from '../model/box.ts';
import type { TandemEvent } from '../model/event.ts';
import { replaceFile } from './files.ts';

/** What a page or a broker that was away for a while wants to see; about 2 MB of memory. */
const keptEvents = 4000;
/** One generation of the file; two are kept, so at most twice this on the disk. */
const fileBytesMax = 2 * 1024 * 1024;
/** An event that the disk has not taken by then is given to consumers nonetheless. */
const readyMsMax = 1000;
/** Cursors move with each acknowledgement, in bursts; a repeat after a crash in between is known by its id. */
const cursorEveryMs = 200;

export interface Journal {
  /** Numbers and keeps an event. Null: it was here already (the same `session` and `seq`). */
  append(event: TandemEvent, origin: JournaledEvent['origin']): JournaledEvent | null;
  /** The oldest first. Events that fell out of the ring are gone. */
  after(id: number, max: number): JournaledEvent[];
  /** The newest events, oldest first. */
  recent(max: number): JournaledEvent[];
  /** The newest event that may leave the box. */
  readonly readyId: number;
  /** The newest event of the media daemon, to ask it for what came after. */
  lastOfMedia(): { session: string; seq: number } | null;
  cursor(consumer: string): number;
  advance(consumer: string, id: number): void;
  /** Calls back with each new event at once, and without one when `readyId` has moved. */
  subscribe(listener: (event: JournaledEvent | null) => void): () => void;
  close(): Promise<void>;
}

/** Opens the journal in `directory`. Never throws: without a disk it works from memory and says so through `onTrouble` (with an errno name), once. */
export function openJournal(directory: string, onTrouble: (code: string) => void): Journal {
  return new FileJournal(directory, onTrouble);
}

class FileJournal implements Journal {
  readonly #directory: string;
  readonly #onTrouble: (code: string) => void;
  readonly #ring: JournaledEvent[] = [];
  readonly #lastSeqs = new Map<string, number>();
  readonly #cursors = new Map<string, number>();
  readonly #listeners = new Set<(event: JournaledEvent | null) => void>();
  #lastId = 0;
  #readyId = 0;
  #unwritten: JournaledEvent[] = [];
  #writing: Promise<void> | null = null;
  #file: FileHandle | null = null;
  #fileBytes = 0;
  #troubled = false;
  #cursorTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(directory: string, onTrouble: (code: string) => void) {
    this.#directory = directory;
    this.#onTrouble = onTrouble;
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      this.#load();
    } catch (error) {
      this.#trouble(error);
    }
    this.#readyId = this.#lastId;
  }

  append(event: TandemEvent, origin: JournaledEvent['origin']): JournaledEvent | null {
    const last = this.#lastSeqs.get(event.session);
    if (last !== undefined && event.seq <= last) return null;
    const entry: JournaledEvent = { ...event, origin, id: this.#lastId + 1 };
    this.#keep(entry);
    this.#unwritten.push(entry);
    if (this.#unwritten.length > keptEvents) this.#unwritten.shift();
    this.#writing ??= this.#write().finally(() => {
      this.#writing = null;
    });
    setTimeout(() => this.#ready(entry.id), readyMsMax).unref();
    for (const listener of this.#listeners) listener(entry);
    return entry;
  }

  after(id: number, max: number): JournaledEvent[] {
    const first = this.#ring[0];
    if (first === undefined) return [];
    // Ids run without gaps within the ring.
    const start = Math.max(0, id + 1 - first.id);
    return this.#ring.slice(start, start + max);
  }

  recent(max: number): JournaledEvent[] {
    return this.#ring.slice(-max);
  }

  get readyId(): number {
    return this.#readyId;
  }

  lastOfMedia(): { session: string; seq: number } | null {
    const event = this.#ring.findLast(({ origin }) => origin === 'media');
    return event === undefined ? null : { session: event.session, seq: event.seq };
  }

  cursor(consumer: string): number {
    return this.#cursors.get(consumer) ?? 0;
  }

  advance(consumer: string, id: number): void {
    if (id <= this.cursor(consumer)) return;
    this.#cursors.set(consumer, id);
    this.#cursorTimer ??= setTimeout(() => {
      this.#cursorTimer = undefined;
      void this.#writeCursors();
    }, cursorEveryMs);
  }

  subscribe(listener: (event: JournaledEvent | null) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#cursorTimer);
    await this.#writing;
    await this.#writeCursors();
    await this.#file?.close().catch(() => undefined);
    this.#file = null;
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

  async #write(): Promise<void> {
    // Let events of the same turn join the batch.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#unwritten.length > 0) {
      const batch = this.#unwritten;
      this.#unwritten = [];
      try {
        await this.#writeBatch(batch.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
      } catch (error) {
        this.#trouble(error);
        await this.#file?.close().catch(() => undefined);
        this.#file = null;
      }
      this.#ready(batch.at(-1)?.id ?? 0);
    }
  }

  async #writeBatch(text: string): Promise<void> {
    this.#file ??= await this.#openFile();
    if (this.#fileBytes > fileBytesMax) {
      await this.#file.close();
      this.#file = null;
      await rename(this.#path('events.jsonl'), this.#path('events.1.jsonl'));
      this.#file = await this.#openFile();
    }
    await this.#file.appendFile(text);
    await this.#file.datasync();
    this.#fileBytes += Buffer.byteLength(text);
    this.#troubled = false;
  }

  async #openFile(): Promise<FileHandle> {
    const file = await open(this.#path('events.jsonl'), 'a', 0o600);
    this.#fileBytes = (await file.stat()).size;
    return file;
  }

  async #writeCursors(): Promise<void> {
    try {
      await replaceFile(this.#path('cursors.json'), JSON.stringify(Object.fromEntries(this.#cursors)));
    } catch (error) {
      this.#trouble(error);
    }
  }

  #load(): void {
    for (const name of ['events.1.jsonl', 'events.jsonl']) {
      for (const line of readLines(this.#path(name))) {
        const parsed = parseLine(line);
        // A torn or damaged line is dropped; a number that does not rise is a leftover of a damaged file.
        if (parsed !== null && parsed.id > this.#lastId) {
          if (parsed.id !== this.#lastId + 1) this.#ring.length = 0;
          this.#keep(parsed);
        }
      }
    }
    endLine(this.#path('events.jsonl'));
    try {
      const cursors = JSON.parse(readFileSync(this.#path('cursors.json'), 'utf8')) as unknown;
      if (typeof cursors === 'object' && cursors !== null)
        for (const [consumer, id] of Object.entries(cursors)) if (Number.isSafeInteger(id)) this.#cursors.set(consumer, Math.min(id, this.#lastId));
    } catch {
      // Without cursors consumers get everything again: twice is better than never, and the ids tell.
    }
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }

  #trouble(error: unknown): void {
    if (this.#troubled || this.#closed) return;
    this.#troubled = true;
    this.#onTrouble((error as NodeJS.ErrnoException).code ?? 'EIO');
  }
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function parseLine(line: string): JournaledEvent | null {
  if (line === '') return null;
  try {
    const parsed = journaledEventSchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** A line torn by a power cut gets its end, so that the next event stands on a line of its own. */
function endLine(path: string): void {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return;
  }
  if (text === '' || text.endsWith('\n')) return;
  const file = openSync(path, 'a');
  writeSync(file, '\n');
  fsyncSync(file);
  closeSync(file);
}
