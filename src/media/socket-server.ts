/**
 * The media daemon's local socket: status, events and commands, one JSON object a line (model/socket.ts).
 * It serves nobody but local clients, and no client, slow or hostile, may slow the stream: what it does not read is
 * dropped (statuses) or costs it the connection (events).
 */
import { chmodSync, mkdirSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type { Logger } from '../log.ts';
import type { Command, CommandReply } from '../model/command.ts';
import type { TandemEvent } from '../model/event.ts';
import { exitCode, FatalError } from '../model/exit.ts';
import type { RehearsalReport } from '../model/rehearsal.ts';
import { type FromMedia, socketLineBytesMax, socketVersion, type ToMedia, toMediaSchema } from '../model/socket.ts';
import type { Status } from '../model/status.ts';
import type { EventLog } from './events.ts';
import type { Asker } from './rehearsals.ts';

/** A client this far behind gets no more statuses: they are only worth something fresh. */
const statusBacklogBytesMax = 256 * 1024;
/** A client this far behind is closed: it can come back and ask for the events that it missed. */
const eventBacklogBytesMax = 8 * 1024 * 1024;
const clientsMax = 32;

export interface SocketServerOptions {
  path: string;
  session: string;
  events: EventLog;
  status(): Status;
  perform(command: Command, asker: Asker): Promise<CommandReply>;
  /** Of the last rehearsal; null: there was none. */
  lastReport(): RehearsalReport | null;
  /** The control daemon stood still for a rehearsal, and answers again. */
  onThawed(id: string): void;
  reload(): Promise<CommandReply>;
  log: Logger;
}

export class SocketServer {
  readonly #options: SocketServerOptions;
  readonly #clients = new Map<Socket, Client>();
  #server: Server | null = null;

  constructor(options: SocketServerOptions) {
    this.#options = options;
  }

  /** @throws FatalError when another daemon serves this path or the path cannot be made. */
  async start(): Promise<void> {
    const { path } = this.#options;
    if (await answers(path))
      throw new FatalError(exitCode.system, `another media daemon already serves ${path}: stop it first, or give media.socket another path`);
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
      unlinkSync(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw cannotServe(path, error);
    }
    const server = createServer((socket) => this.#greet(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(cannotServe(path, error)));
      server.listen(path, resolve);
    });
    chmodSync(path, 0o660);
    server.on('error', (error) => this.#options.log.error({ code: (error as NodeJS.ErrnoException).code }, 'media socket'));
    this.#server = server;
  }

  stop(): void {
    for (const socket of this.#clients.keys()) socket.destroy();
    this.#server?.close();
  }

  #greet(socket: Socket): void {
    if (this.#clients.size >= clientsMax) {
      socket.end(line({ type: 'error', text: `the media daemon serves at most ${clientsMax} clients` }));
      return;
    }
    const client = new Client(socket, this.#options);
    this.#clients.set(socket, client);
    socket.on('close', () => {
      this.#clients.delete(socket);
      client.end();
      client.gone.abort();
    });
  }

  /** The control daemon is one of the clients. */
  get hasManagement(): boolean {
    return [...this.#clients.values()].some(({ wants }) => wants.management);
  }

  /** Asks it to stand still. */
  freeze(id: string, forMs: number): void {
    for (const client of this.#clients.values()) if (client.wants.management) client.send({ type: 'freeze', id, forMs });
  }

  sendReport(report: RehearsalReport): void {
    for (const client of this.#clients.values()) if (client.wants.reports) client.send({ type: 'report', report });
  }
}

class Client {
  /** Aborted when it is. */
  readonly gone = new AbortController();
  wants = { reports: false, management: false };
  readonly #socket: Socket;
  readonly #options: SocketServerOptions;
  #partial = '';
  #timer: NodeJS.Timeout | undefined;
  #unsubscribe: (() => void) | undefined;

  constructor(socket: Socket, options: SocketServerOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#read(text));
    // A client that goes away is normal life.
    socket.on('error', () => socket.destroy());
    this.send({ type: 'hello', version: socketVersion, session: options.session });
  }

  end(): void {
    clearInterval(this.#timer);
    this.#unsubscribe?.();
  }

  #read(text: string): void {
    this.#partial += text;
    if (this.#partial.length > socketLineBytesMax) return this.#refuse('a line is longer than the largest message');
    const lines = this.#partial.split('\n');
    this.#partial = lines.pop() ?? '';
    for (const one of lines) if (one.trim() !== '') this.#handle(one);
  }

  #handle(text: string): void {
    let raw: unknown;
    try {
      raw = JSON.parse(text);
    } catch {
      return this.#refuse('not a JSON object a line');
    }
    const parsed = toMediaSchema.safeParse(raw);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      const text = `not a valid message: ${issue?.path.join('.')}: ${issue?.message}`;
      const id = commandId(raw);
      if (id !== null) this.send({ type: 'reply', id, reply: { ok: false, reason: 'invalid', text } });
      else this.send({ type: 'error', text });
      return;
    }
    this.#obey(parsed.data);
  }

  #obey(message: ToMedia): void {
    switch (message.type) {
      case 'subscribe':
        return this.#subscribe(message);
      case 'status':
        return this.send({ type: 'status', status: this.#options.status() });
      case 'reload':
        void this.#options.reload().then((reply) => this.send({ type: 'reply', id: message.id, reply }));
        return;
      case 'thawed':
        return this.#options.onThawed(message.id);
      case 'command':
        void this.#options
          .perform(message.command, { from: message.from, gone: this.gone.signal })
          .then((reply) => this.send({ type: 'reply', id: message.id, reply }));
    }
  }

  #subscribe(message: Extract<ToMedia, { type: 'subscribe' }>): void {
    if (message.version !== socketVersion)
      return this.#refuse(`this media daemon speaks version ${socketVersion}, not ${message.version}: update the other side`);
    this.end();
    if (message.eventsAfter !== null)
      for (const event of this.#options.events.after(message.eventsAfter.session, message.eventsAfter.seq)) this.#sendEvent(event);
    this.#unsubscribe = this.#options.events.subscribe((event) => this.#sendEvent(event));
    this.send({ type: 'status', status: this.#options.status() });
    this.wants = { reports: message.reports ?? false, management: message.management ?? false };
    const report = this.#options.lastReport();
    if (this.wants.reports && report !== null) this.send({ type: 'report', report });
    this.#timer = setInterval(() => {
      if (this.#socket.writableLength < statusBacklogBytesMax) this.send({ type: 'status', status: this.#options.status() });
    }, message.statusEveryMs);
  }

  #sendEvent(event: TandemEvent): void {
    this.send({ type: 'event', event });
    if (this.#socket.writableLength > eventBacklogBytesMax) this.#socket.destroy();
  }

  send(message: FromMedia): void {
    if (this.#socket.writable) this.#socket.write(line(message));
  }

  #refuse(text: string): void {
    this.#partial = '';
    if (this.#socket.writable) this.#socket.end(line({ type: 'error', text }));
  }
}

const line = (message: FromMedia): string => `${JSON.stringify(message)}\n`;

/** The id of something that looks like a command, so that its sender gets an answer and not a time-out. */
function commandId(raw: unknown): string | null {
  if (typeof raw !== 'object' || raw === null || !('type' in raw) || raw.type !== 'command') return null;
  return 'id' in raw && typeof raw.id === 'string' && raw.id.length <= 128 ? raw.id : null;
}

function cannotServe(path: string, error: unknown): FatalError {
  const code = (error as NodeJS.ErrnoException).code;
  return new FatalError(exitCode.system, `cannot serve the socket ${path}: ${code}: check that the folder may be written, or give media.socket another path`);
}

/** Whether somebody serves `path`: a socket file alone may be the rest of a killed daemon. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
