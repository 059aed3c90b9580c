/** Which of many sockets have something to read, in one call that never waits (`srt_epoll_uwait`). */
import { srtLibrary } from './library.ts';
import { fixedMemory } from './memory.ts';
import type { SrtSocket } from './socket.ts';

const eventBytes = 8; // SRT_EPOLL_EVENT: int32 socket, int events
const eventsMax = 64;
/** SRT_EPOLL_ENABLE_EMPTY: no sockets is no error. */
const enableEmpty = 1;
const readable = 0x1;
const failed = 0x8;

const events = fixedMemory(eventsMax * eventBytes);
const interest = Buffer.alloc(4);
interest.writeInt32LE(readable | failed);

export class SrtPoll {
  readonly #sockets = new Map<number, SrtSocket>();
  #handle: number;

  constructor() {
    const { functions } = srtLibrary();
    this.#handle = functions.epoll_create();
    functions.epoll_set(this.#handle, enableEmpty);
  }

  add(socket: SrtSocket): void {
    const { handle } = socket;
    if (handle < 0 || this.#handle < 0 || srtLibrary().functions.epoll_add_usock(this.#handle, handle, interest) < 0) return;
    this.#sockets.set(handle, socket);
  }

  /** Before the socket is closed. */
  remove(socket: SrtSocket): void {
    const { handle } = socket;
    if (this.#sockets.delete(handle)) srtLibrary().functions.epoll_remove_usock(this.#handle, handle);
  }

  /** Calls `visit` for each socket that has data, a connection, or an end to tell of. */
  each(visit: (socket: SrtSocket) => void): void {
    if (this.#handle < 0) return;
    const count = srtLibrary().functions.epoll_uwait(this.#handle, events.address, eventsMax, 0);
    for (let i = 0; i < Math.min(count, eventsMax); i++) {
      const socket = this.#sockets.get(events.bytes.readInt32LE(i * eventBytes));
      if (socket !== undefined) visit(socket);
    }
  }

  close(): void {
    if (this.#handle < 0) return;
    srtLibrary().functions.epoll_release(this.#handle);
    this.#handle = -1;
    this.#sockets.clear();
  }
}
