/** The page's live stream (server-sent events): first what was, then a snapshot each second, samples and events as they come. */
import type { Request, Response } from 'express';
import { monoMs } from '../../clock.ts';
import { reasonTexts } from '../../model/reasons.ts';
import type { Box } from '../box.ts';

/** Pages and wall displays; each costs a few kilobytes a second. */
const streamsMax = 24;
/** A phone that is this far behind gets no more snapshots: only the newest is worth something. */
const backlogBytesMax = 256 * 1024;
/** A phone that is this far behind is cut off; it comes back by itself. */
const backlogBytesHopeless = 4 * 1024 * 1024;
const snapshotEveryMs = 1000;
/** News are shown at once, but a storm of them is not worth more pictures a second than a person can read. */
const newsEveryMs = 200;
const recentEvents = 200;

export class Streams {
  readonly #box: Box;
  readonly #open = new Set<Response>();

  constructor(box: Box) {
    this.#box = box;
  }

  /** @param valid whether the visitor is still logged in: asked again as long as the stream lasts. */
  serve(request: Request, response: Response, valid: () => boolean): void {
    if (this.#open.size >= streamsMax) {
      response.status(503).json({ ok: false, reason: 'busy', text: `${streamsMax} pages are open already` });
      return;
    }
    this.#open.add(response);
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' });
    const send = (type: string, data: unknown): void => {
      if (response.writableLength > backlogBytesHopeless) response.destroy();
      else response.write(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
    };
    const box = this.#box;
    // The browser comes back after this long when the stream breaks.
    response.write('retry: 1000\n\n');
    send('hello', { reasons: reasonTexts, snapshot: box.snapshot(), samples: box.history.samples(), events: box.journal.recent(recentEvents) });

    let key = newsOf(box);
    let sentMs = monoMs();
    let sample = box.history.latest();
    const snapshot = (): void => {
      if (response.writableLength > backlogBytesMax) return;
      sentMs = monoMs();
      key = newsOf(box);
      send('snapshot', box.snapshot());
    };
    const timer = setInterval(() => {
      if (!valid()) response.end();
      else snapshot();
    }, snapshotEveryMs);
    const noNews = box.subscribe(() => {
      const latest = box.history.latest();
      if (latest !== sample) {
        sample = latest;
        if (latest !== null && response.writableLength < backlogBytesMax) send('sample', latest);
      }
      if (monoMs() - sentMs > newsEveryMs && newsOf(box) !== key) snapshot();
    });
    const noEvents = box.journal.subscribe((event) => {
      if (event !== null) send('event', event);
    });
    const end = (): void => {
      clearInterval(timer);
      noNews();
      noEvents();
      this.#open.delete(response);
    };
    request.on('close', end);
    response.on('close', end);
    response.on('error', end);
  }

  stop(): void {
    for (const response of this.#open) response.destroy();
  }
}

/** What a person wants to see at once when it changes. */
function newsOf(box: Box): string {
  const { status, links } = box;
  return JSON.stringify([
    links.media.state,
    links.mqtt.state,
    status?.program.state,
    status?.program.reason,
    status?.program.input,
    status?.program.pinned,
    status?.program.pin?.reason,
    status?.program.pathPin?.path,
    status?.program.pathPin?.reason,
    [status?.rehearsal?.step, status?.rehearsal?.phase],
    status?.inputs.map(({ state }) => state),
    status?.paths.map(({ state }) => state),
  ]);
}
