/**
 * What GStreamer's srtsrc does not pass on of libsrt's figures (1.22: packets that were sent again, and those given up), asked of
 * libsrt itself, which lives in the same process. srtsrc keeps its sockets to itself, but libsrt hands out their numbers one after the
 * other, downwards (api.cpp, CUDTUnited::generateSocketID): a socket of our own, closed at once, says where the others are. Nobody else
 * in a worker has any. A number that is wrong reads as no socket; where the numbers ran differently there would be no figure.
 */
import { readFileSync } from 'node:fs';
import koffi from 'koffi';

/** SRT_SOCKSTATUS, srt.h. */
const connected = 5;
/** CBytePerfMon of libsrt 1.5, with room for what later versions append. Offsets are tested against the binding of the uplink. */
export const statsBytes = 1536;
export const droppedAt = 68;
export const retransmittedAt = 164;
/** Made before anybody looked: a listener, and who called meanwhile. */
const firstLook = 64;
/** Strangers who were turned away take a number each. */
const longestLook = 4096;

interface Functions {
  create(): number;
  close(socket: number): number;
  state(socket: number): number;
  stats(socket: number, stats: Buffer, clear: number, instantaneous: number): number;
}

export class SrtCounters {
  readonly #stats = Buffer.alloc(statsBytes);
  #functions: Functions | null = null;
  #looked: number | null = null;
  #sockets: number[] = [];

  /** Counters of the connections of this process since their begin; nothing where there is none. Two calls of libsrt while one stands. */
  get figures(): Record<string, number> {
    this.#functions ??= loadedLibrary();
    const functions = this.#functions;
    if (functions === null) return {};
    this.#sockets = this.#sockets.filter((socket) => functions.state(socket) === connected);
    if (this.#sockets.length === 0) this.#sockets = this.#look(functions);
    let [retransmittedPackets, droppedPackets, asked] = [0, 0, 0];
    for (const socket of this.#sockets) {
      if (functions.stats(socket, this.#stats, 0, 1) < 0) continue;
      retransmittedPackets += this.#stats.readInt32LE(retransmittedAt);
      droppedPackets += this.#stats.readInt32LE(droppedAt);
      asked++;
    }
    return asked === 0 ? {} : { retransmittedPackets, droppedPackets };
  }

  #look(functions: Functions): number[] {
    const own = functions.create();
    if (own < 0) return [];
    functions.close(own);
    const end = Math.min(own + longestLook, this.#looked ?? own + firstLook);
    const found: number[] = [];
    for (let socket = own + 1; socket <= end; socket++) if (functions.state(socket) === connected) found.push(socket);
    // One that is still shaking hands is looked for again.
    this.#looked = own + firstLook;
    return found;
  }
}

/** The very file that srtsrc brought along: another copy would know nothing of its sockets. Null before it did. */
function loadedLibrary(): Functions | null {
  try {
    const file = /\/\S*\/libsrt[-a-z]*\.so[.\d]*$/m.exec(readFileSync('/proc/self/maps', 'utf8'))?.[0];
    if (file === undefined) return null;
    const library = koffi.load(file);
    return {
      create: library.func('int32_t srt_create_socket()'),
      close: library.func('int srt_close(int32_t socket)'),
      state: library.func('int srt_getsockstate(int32_t socket)'),
      stats: library.func('int srt_bistats(int32_t socket, void *stats, int clear, int instantaneous)'),
    };
  } catch {
    return null;
  }
}
