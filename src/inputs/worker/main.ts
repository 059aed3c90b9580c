/**
 * An encoder worker: one GStreamer pipeline in a process of its own, so that nothing that happens in it can touch the
 * packets of the others. MPEG-TS goes out over fd 3; everything else goes over IPC. It never outlives its parent.
 */
import { monoMs } from '../../clock.ts';
import type { InputConfig } from '../../config/schema.ts';
import { isPassThrough } from '../pass-through.ts';
import type { EncoderTemplate } from '../pipelines/catalogue.ts';
import { composeEncoded, composePassThrough } from '../pipelines/compose.ts';
import { explain, type Failure, subject } from './explain.ts';
import { type AppSource, type BusMessage, type GstElement, loadGStreamer, type Pipeline } from './gstreamer.ts';
import { type FromWorker, heartbeatMs } from './messages.ts';
import { type Order, toWorkerSchema } from './orders.ts';
import { chooseEncoders, missingSource } from './preflight.ts';
import { RtmpListener } from './rtmp-listener.ts';
import { networkFigures } from './source-figures.ts';
import { SourceWatch } from './source-watch.ts';
import { allowStructuresAsText } from './structure-property.ts';
import { loudest, Preview, watchPictures } from './watch.ts';

/** Sound over TCP comes in bursts; what comes later than the silence that it is mixed with is lost. */
const soundLeadMs = 300;

let worker: Worker | null = null;

function send(message: FromWorker): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

function fail({ reason, text }: Failure): void {
  const message: FromWorker = { type: 'failed', reason, text };
  // GStreamer's own threads would keep the process; the parent starts a new one anyway.
  if (process.connected) process.send?.(message, undefined, undefined, end);
  else end();
}

/** An orderly exit waits for threads that GStreamer holds for good: such a worker would keep the camera. There is nothing to put in order. */
function end(): void {
  process.kill(process.pid, 'SIGKILL');
}

class Worker {
  readonly #input: InputConfig;
  readonly #pipeline: Pipeline;
  readonly #encoder: EncoderTemplate | null;
  readonly #preview: Preview;
  readonly #source: SourceWatch;

  constructor({ input, program, platform, soundOnly }: Extract<Order, { type: 'job' }>) {
    this.#input = input;
    const { Pipeline } = loadGStreamer();
    const choices = isPassThrough(input) ? null : chooseEncoders(platform, program);
    if (choices !== null && 'reason' in choices) throw new WorkerFailure(choices);
    this.#encoder = choices?.encoder ?? null;
    this.#pipeline = new Pipeline(choices === null ? composePassThrough(input) : composeEncoded(input, program, choices, soundOnly));
    if (this.#encoder?.bitrate.unit === 'controls') allowStructuresAsText();
    this.#setSecrets();
    this.#pipeline.pollBus((message) => this.#onBus(message));
    this.#preview = new Preview(this.#pipeline, send);
    this.#pipeline.play();
    // The silence that is mixed in never ends, and so the pipeline never would.
    watchPictures(this.#pipeline, send, () => this.#end());
    this.#source = new SourceWatch(this.#pipeline, input, send);
    if (input.kind === 'rtmp') this.#listen(input, monoMs());
    send({ type: 'playing', encoder: choices?.encoder.element ?? null });
  }

  obey(message: Exclude<Order, { type: 'job' }>): void {
    switch (message.type) {
      case 'set-bitrate':
        return this.#setBitrate(message.kbps);
      case 'key-frame':
        if (this.#encoder !== null && this.#pipeline.findChild('vparse') !== undefined) this.#pipeline.forceKeyUnit('vparse', 0);
        return;
      case 'preview':
        return this.#preview.request(message.id);
    }
  }

  #setBitrate(kbps: number): void {
    const element = this.#pipeline.findChild('venc');
    if (this.#encoder === null || element === undefined) return;
    const { property, unit } = this.#encoder.bitrate;
    element[property] = unit === 'kbit' ? kbps : unit === 'bit' ? kbps * 1000 : `controls,video_bitrate=${kbps * 1000}`;
  }

  /** Secrets are set on the elements: a launch line may end up in a log of GStreamer's. */
  #setSecrets(): void {
    const element = this.#pipeline.findChild('net');
    if (element === undefined) return;
    const input = this.#input;
    if (input.kind === 'srt')
      setAll(element, {
        passphrase: input.passphrase,
        streamid: input.streamId,
      });
    if (input.kind === 'rtsp') setAll(element, { 'user-id': input.user, 'user-pw': input.password });
  }

  #onBus(message: BusMessage): void {
    if (message.type === 'error') fail(explain(message, this.#input));
    else if (message.type === 'eos') this.#end();
    else if (message.type === 'element' && message.name === 'connection-removed') this.#callerGone();
    // A caller that lost its listener only warns, and calls again within the same pipeline, whose clock is then another one.
    else if (message.type === 'warning' && message._src_element_name === 'net' && this.#input.kind === 'srt') this.#callerGone();
    // The end of the stream itself comes only once the jitter buffer has run dry.
    else if (message.type === 'warning' && saysClosed(message))
      fail({ reason: 'source-closed', text: `${subject(this.#input)}: the server closed the connection` });
    else if (message.type === 'element' && message.name === 'level') send({ type: 'level', rmsDb: loudest(message.rms) });
  }

  #listen(input: Extract<InputConfig, { kind: 'rtmp' }>, playingMs: number): void {
    const feed = this.#pipeline.findChild('feed') as AppSource | undefined;
    if (feed === undefined || input.key === undefined) return;
    new RtmpListener({
      host: input.host,
      port: input.port,
      app: input.app,
      key: input.key,
      onFlv: (bytes) => {
        this.#source.addBytes(bytes.length);
        feed.push(bytes);
      },
      onGone: () => fail({ reason: 'source-closed', text: `${subject(input)}: the sender closed the connection` }),
      onRefused: (why) =>
        send({
          type: 'refused',
          reason: why === 'wrong-key' ? 'source-denied' : 'source-busy',
          text: `${subject(input)}: a sender was turned away: ${why === 'wrong-key' ? `wrong path or stream key; it must push to ${input.app}/<stream key>` : 'another one is sending'}`,
        }),
      onError: (code) =>
        fail({
          reason: code === 'EADDRINUSE' ? 'source-busy' : 'source-denied',
          text: `${subject(input)}: cannot listen: ${code}${code === 'EADDRINUSE' ? '; another program uses the port' : ''}`,
        }),
      firstMs: () => monoMs() - playingMs + soundLeadMs,
    });
  }

  /** srtsrc listens on when its caller has gone. Somebody else may still be connected. */
  #callerGone(): void {
    const stats = this.#pipeline.findChild('net')?.stats;
    if (Object.keys(networkFigures(stats)).length === 0) fail({ reason: 'source-closed', text: `${subject(this.#input)}: the sender closed the connection` });
  }

  #end(): void {
    fail({ reason: 'end-of-stream', text: `${subject(this.#input)}: ended` });
  }
}

class WorkerFailure extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.text);
    this.failure = failure;
  }
}

/** rtspsrc's sentence, which reaches us within the debug text. */
const saysClosed = (message: BusMessage): boolean => message._src_element_name === 'net' && /server closed the connection/i.test(String(message.debug));

function setAll(element: GstElement, properties: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(properties)) if (value !== undefined) element[name] = value;
}

function begin(job: Extract<Order, { type: 'job' }>): void {
  const missing = missingSource(job.input);
  if (missing !== null) return fail(missing);
  try {
    worker = new Worker(job);
  } catch (error) {
    if (error instanceof WorkerFailure) return fail(error.failure);
    const said = (error as Error).message;
    const native = (error as NodeJS.ErrnoException).code === 'ERR_DLOPEN_FAILED' || /gstreamer-superficial/.test(said);
    fail(
      native
        ? { reason: 'element-missing', text: 'GStreamer cannot be loaded: install the packages that tandem doctor names' }
        : explain({ message: said, _src_element_name: 'the launch line' }, job.input),
    );
  }
}

process.on('message', (raw) => {
  const parsed = toWorkerSchema.safeParse(raw);
  if (!parsed.success) return;
  if (parsed.data.type === 'job') begin(parsed.data);
  else worker?.obey(parsed.data);
});
// SIGTERM has no handler: it ends even a worker whose loop stands still.
process.on('disconnect', end);
if (!process.connected) end();
// Ctrl-C in a terminal reaches the whole group: it is the parent's to decide.
process.on('SIGINT', () => undefined);
setInterval(() => send({ type: 'heartbeat' }), heartbeatMs);
