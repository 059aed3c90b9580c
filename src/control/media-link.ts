/** The control daemon's view of the media daemon: there or not, since when, and said once. */
import { notice } from '../model/event.ts';
import type { Box } from './box.ts';

/**
 * A restart of the media daemon takes less than 2.5 s; what lasts longer is worth a warning. Counted and not measured: on a small board a start of control
 * itself may take as long, in which the answer waits to be read.
 */
const looksMax = 10;
const lookEveryMs = 250;

export class MediaPresence {
  readonly #box: Box;
  #timer: NodeJS.Timeout | undefined;
  #warned = false;
  #stopped = false;

  constructor(box: Box) {
    this.#box = box;
    this.#await('the media daemon has not answered yet');
  }

  connected(): void {
    clearInterval(this.#timer);
    const before = this.#box.links.media.state;
    this.#box.setLink('media', 'connected', 'connected', 'the media daemon answers');
    if (this.#warned) this.#report('clear', before, 'connected', 'recovered', 'the media daemon answers again');
    this.#warned = false;
  }

  lost(): void {
    if (this.#stopped || this.#box.links.media.state !== 'connected') return;
    this.#await('the media daemon does not answer any more');
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
  }

  #await(text: string): void {
    clearInterval(this.#timer);
    this.#box.setLink('media', 'waiting', 'media-lost', `${text}: whether the program is on air is not known here`);
    let looks = 0;
    this.#timer = setInterval(() => {
      if (++looks < looksMax) return;
      clearInterval(this.#timer);
      this.#warned = true;
      this.#report('warning', 'connected', 'waiting', 'media-lost', `${text}: check its service (tandem-media); management goes on without it`);
    }, lookEveryMs);
  }

  #report(severity: 'warning' | 'clear', from: string, to: string, reason: 'media-lost' | 'recovered', text: string): void {
    this.#box.report(notice({ severity, subject: { kind: 'media', id: 'media' }, what: 'media.state', from, to, reason, text }));
  }
}
