/**
 * Closing sockets off the main loop: `srt_close` joins the socket's threads and may wait. A few at a time, so that closing many never
 * takes all threads of the pool that files and name look-ups need too.
 */
import { srtLibrary } from './library.ts';

/** Of libuv's four. */
const closesAtOnceMax = 2;

interface Waiting {
  handle: number;
  done: () => void;
}

const waiting: Waiting[] = [];
let underWay = 0;

export function closeHandle(handle: number): Promise<void> {
  return new Promise((done) => {
    waiting.push({ handle, done });
    next();
  });
}

function next(): void {
  while (underWay < closesAtOnceMax) {
    const one = waiting.shift();
    if (one === undefined) return;
    underWay++;
    // An error says that the handle is gone already: that is what was wanted.
    srtLibrary().functions.close.async(one.handle, () => {
      underWay--;
      one.done();
      next();
    });
  }
}
