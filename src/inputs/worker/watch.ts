/** Figures of the content watch, and pictures for people, pulled from the leaky branches of the pipeline. */
import { greyHeight, greyWidth } from '../pipelines/compose.ts';
import type { AppSink, Pipeline } from './gstreamer.ts';
import type { FromWorker } from './messages.ts';

type Send = (message: FromWorker) => void;

/** Reports light and change of each small grey picture of `greyWidth` × `greyHeight`, and the end of the stream. */
export function watchPictures(pipeline: Pipeline, send: Send, onEnd: () => void): void {
  const sink = pipeline.findChild('grey') as AppSink | undefined;
  if (sink === undefined) return;
  let before: Buffer | null = null;
  const pull = () =>
    sink.pull((picture) => {
      if (picture === null) return onEnd();
      if (picture !== undefined && picture.length > 0) {
        const changed = before?.length === picture.length ? changeOf(picture, before) : { change: 255, peak: 255, drift: 255 };
        send({ type: 'picture', lit: litShare(picture), ...changed });
        before = picture;
      }
      pull();
    });
  pull();
}

/** Video black is 16 (ITU-R BT.601); a camera's noise in the dark reaches twice that. */
const blackMax = 32;

function litShare(picture: Buffer): number {
  let lit = 0;
  for (const value of picture) if (value > blackMax) lit++;
  return lit / picture.length;
}

/** Of each small grey picture: how many fields across and down, of 12 × 9 points each. */
const fieldsAcross = 8;
const fieldsDown = 6;
const fieldWidth = greyWidth / fieldsAcross;
const fieldPoints = fieldWidth * (greyHeight / fieldsDown);

/** Mean and largest change of the points; and the largest change of a field's mean, in which noise cancels out and movement does not. */
function changeOf(picture: Buffer, before: Buffer): { change: number; peak: number; drift: number } {
  const sums = new Int32Array(fieldsAcross * fieldsDown);
  let sum = 0;
  let peak = 0;
  for (let at = 0; at < picture.length; at++) {
    const signed = (picture[at] as number) - (before[at] as number);
    const change = Math.abs(signed);
    sum += change;
    if (change > peak) peak = change;
    const row = Math.floor(at / (fieldPoints * fieldsAcross));
    const column = Math.floor((at % greyWidth) / fieldWidth);
    sums[row * fieldsAcross + column] = (sums[row * fieldsAcross + column] as number) + signed;
  }
  return { change: sum / picture.length, peak, drift: Math.max(...sums.map(Math.abs)) / fieldPoints };
}

/** The RMS of the loudest channel, dBFS, out of level's `< -4.9, -5.1 >`; null for digital silence, which is minus infinity. */
export function loudest(rms: unknown): number | null {
  const figures = String(rms)
    .split(/[<>,\s]+/)
    .filter((one) => one !== '')
    .map(Number)
    .filter(Number.isFinite);
  return figures.length === 0 ? null : Math.round(Math.max(...figures) * 10) / 10;
}

/** JPEG pictures, made only while somebody asks. */
export class Preview {
  readonly #sink: AppSink | undefined;
  readonly #valve: Record<string, unknown> | undefined;
  readonly #send: Send;
  readonly #waiting: number[] = [];
  #pulling = false;

  constructor(pipeline: Pipeline, send: Send) {
    this.#sink = pipeline.findChild('preview') as AppSink | undefined;
    this.#valve = pipeline.findChild('previewvalve');
    this.#send = send;
  }

  request(id: number): void {
    if (this.#sink === undefined || this.#valve === undefined) return this.#send({ type: 'preview', id, jpegBase64: null });
    this.#waiting.push(id);
    if (this.#pulling) return;
    this.#pulling = true;
    this.#valve.drop = false;
    // The sink may still hold a picture from before the valve was closed: only the second one is surely new.
    this.#pull(1);
  }

  #pull(stale: number): void {
    this.#sink?.pull((jpeg) => {
      if (jpeg === undefined || (jpeg !== null && (jpeg.length === 0 || stale > 0)))
        return this.#pull(jpeg === undefined || jpeg.length === 0 ? stale : stale - 1);
      if (this.#valve !== undefined) this.#valve.drop = true;
      this.#pulling = false;
      for (const id of this.#waiting.splice(0)) this.#send({ type: 'preview', id, jpegBase64: jpeg === null ? null : jpeg.toString('base64') });
    });
  }
}
