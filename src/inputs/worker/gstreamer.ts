/** The part of gstreamer-superficial that we use, typed. Loaded late, so that a machine without GStreamer gets a sentence and not a stack. */
import { createRequire } from 'node:module';

/** A GObject whose properties are read and written by name. Numbers travel as 32-bit floats: exact up to 2^24. */
export type GstElement = Record<string, unknown>;

export interface AppSink extends GstElement {
  /** Waits in a thread of libuv's pool. The first call brings caps without a buffer; `null` at the end of the stream. */
  pull(callback: (buffer: Buffer | null | undefined, caps: Record<string, unknown>) => void): void;
}

export interface AppSource extends GstElement {
  /** Copies the bytes into the pipeline. What it does not take for long is kept, however much it is, unless `leaky-type` says otherwise. */
  push(bytes: Buffer): void;
}

export interface BusMessage {
  type: string;
  /** Name of the element that sent it. */
  _src_element_name: string;
  /** Of an error: the sentence of GStreamer. */
  message?: string;
  [field: string]: unknown;
}

export interface Pipeline {
  play(): void;
  stop(): void;
  sendEOS(): void;
  /** An upstream force-key-unit event from the sink pad of `element`, which must stand behind the encoder. */
  forceKeyUnit(element: string, count: number): boolean;
  findChild(name: string): GstElement | undefined;
  pollBus(callback: (message: BusMessage) => void): void;
}

/** @throws when the native module or GStreamer's libraries cannot be loaded. */
export function loadGStreamer(): { Pipeline: new (launch: string) => Pipeline } {
  return createRequire(import.meta.url)('gstreamer-superficial') as { Pipeline: new (launch: string) => Pipeline };
}
