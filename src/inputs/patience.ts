/** What may be expected of an input, by its kind and configuration. */
import type { InputConfig } from '../config/schema.ts';

/** Four heartbeats and a half: a loaded board delays one or two. Who waits longer for a source does so for a slow machine's sake. */
export const heartbeatMsMax = ({ timeoutMs }: InputConfig): number => Math.max(1100, timeoutMs / 3);
/** Node, GStreamer's registry and a camera's first picture on a slow board. */
export const startMsMax = ({ timeoutMs }: InputConfig): number => Math.max(15_000, timeoutMs * 5);
/** Pictures that are meant to stand still or be black. */
export const isMade = ({ kind }: InputConfig): boolean => kind === 'picture' || kind === 'test';
/** Kinds that wait for somebody to send: no data at first is no fault. */
export const waitsForSender = (config: InputConfig): boolean =>
  config.kind === 'udp' || config.kind === 'rtmp' || (config.kind === 'srt' && config.mode === 'listener');
