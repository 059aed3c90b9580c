/**
 * A client of the media daemon's socket (model/socket.ts), for control, the command line and the demo. It comes back by
 * itself when the daemon restarts, asks for the events that it missed, and never throws out of a timer or a socket.
 */
import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { monoMs } from '../clock.ts';
import type { Command, CommandReply } from '../model/command.ts';
import type { TandemEvent } from '../model/event.ts';
import type { RehearsalReport } from '../model/rehearsal.ts';
import { type FromMedia, fromMediaSchema, socketLineBytesMax, socketVersion, type ToMedia } from '../model/socket.ts';
import type { Status } from '../model/status.ts';

/** The daemon is on the same machine and restarts within a second or two: trying often costs nothing. */
const reconnectMs = 200;
const commandMsMax = 5000;
const reloadMsMax = 20_000;

export interface MediaClientOptions {
  path: string;
  /** How often a status is wanted, milliseconds, from 50. */
  statusEveryMs: number;
  onStatus(status: Status): void;
  onEvent(event: TandemEvent): void;
  onState(connected: boolean): void;
  /** Of rehearsals, when they are over; the last one at each connection. */
  onReport?(report: RehearsalReport): void;
  /** This is the control daemon: a rehearsal lets it stand still for so long. */
  freeze?(forMs: number): void;
  /** Events after this one are sent again at the first connection; absent: those from now on. */
  eventsAfter?: { session: string; seq: number } | null;
}

export class MediaClient {
  connected = false;
  readonly #options: MediaClientOptions;
  readonly #pending = new Map<string, (reply: CommandReply) => void>();
  #socket: Socket | null = null;
  #retry: NodeJS.Timeout | undefined;
  #after: { session: string; seq: number } | null;
  #partial = '';
  #stopped = false;

  constructor(options: MediaClientOptions) {
    this.#options = options;
    this.#after = options.eventsAfter ?? null;
  }

  start(): void {
    if (this.#stopped) return;
    const socket = connect(this.#options.path);
    this.#socket = socket;
    this.#partial = '';
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#read(socket, text));
    // Absence is normal life: the close that follows tries again.
    socket.on('error', () => undefined);
    socket.on('close', () => this.#closed());
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
    this.#socket?.destroy();
    this.#answerAll('this client was stopped');
  }

  /** Never rejects; a daemon that is not there answers with the reason `media-lost`. */
  command(command: Command, from: string, timeoutMs = commandMsMax): Promise<CommandReply> {
    return this.#ask((id) => ({ type: 'command', id, command, from }), timeoutMs);
  }

  /** Lets the daemon read its configuration again, which takes a process of its own. Never rejects. */
  reload(timeoutMs = reloadMsMax): Promise<CommandReply> {
    return this.#ask((id) => ({ type: 'reload', id }), timeoutMs);
  }

  #ask(message: (id: string) => ToMedia, timeoutMs: number): Promise<CommandReply> {
    if (!this.connected) return Promise.resolve(lost('the media daemon does not run'));
    const id = randomUUID();
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#answer(id, lost('the media daemon does not answer in time')), timeoutMs);
      this.#pending.set(id, (reply) => {
        clearTimeout(timer);
        resolve(reply);
      });
      this.#send(message(id));
    });
  }

  #send(message: ToMedia): void {
    if (this.#socket?.writable) this.#socket.write(`${JSON.stringify(message)}\n`);
  }

  #read(socket: Socket, text: string): void {
    this.#partial += text;
    const lines = this.#partial.split('\n');
    this.#partial = lines.pop() ?? '';
    if (this.#partial.length > socketLineBytesMax) socket.destroy();
    for (const line of lines) this.#hear(line);
  }

  #hear(line: string): void {
    let message: FromMedia;
    try {
      message = fromMediaSchema.parse(JSON.parse(line));
    } catch {
      // Something else serves this socket, or another version does: try again later.
      this.#socket?.destroy();
      return;
    }
    switch (message.type) {
      case 'hello':
        return this.#greeted();
      case 'status':
        return this.#options.onStatus(message.status);
      case 'event':
        this.#after = { session: message.event.session, seq: message.event.seq };
        return this.#options.onEvent(message.event);
      case 'reply':
        return this.#answer(message.id, message.reply);
      case 'report':
        return this.#options.onReport?.(message.report);
      case 'freeze': {
        const sinceMs = monoMs();
        this.#options.freeze?.(message.forMs);
        return this.#send({ type: 'thawed', id: message.id, frozenMs: monoMs() - sinceMs });
      }
      case 'error':
        this.#socket?.destroy();
    }
  }

  #greeted(): void {
    this.connected = true;
    const { statusEveryMs, onReport, freeze } = this.#options;
    const wants = { ...(onReport !== undefined && { reports: true }), ...(freeze !== undefined && { management: true }) };
    this.#send({ type: 'subscribe', version: socketVersion, statusEveryMs, eventsAfter: this.#after, ...wants });
    // From the next connection on nothing may be missed, even when no event came over this one.
    this.#after ??= { session: '', seq: 0 };
    this.#options.onState(true);
  }

  #closed(): void {
    const was = this.connected;
    this.connected = false;
    this.#answerAll('the media daemon ended');
    if (was) this.#options.onState(false);
    if (!this.#stopped) this.#retry = setTimeout(() => this.start(), reconnectMs);
  }

  #answer(id: string, reply: CommandReply): void {
    const answer = this.#pending.get(id);
    this.#pending.delete(id);
    answer?.(reply);
  }

  #answerAll(text: string): void {
    for (const id of [...this.#pending.keys()]) this.#answer(id, lost(text));
  }
}

const lost = (text: string): CommandReply => ({ ok: false, reason: 'media-lost', text });
