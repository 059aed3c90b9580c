import { describe, expect, it } from 'vitest';
import { inputSchema } from '../config/schema.ts';
import { goneQuiet, type WorkerLife } from './quiet.ts';

const camera = inputSchema.parse({ id: 'cam', kind: 'rtsp', url: 'rtsp://camera/1', timeoutMs: 2000 });
const listener = inputSchema.parse({ id: 'drone', kind: 'rtmp', timeoutMs: 2000 });
const nothing = { dataMs: 0, pictureMs: 0, soundMs: 0, encoder: 'x264enc', silenceMs: (sinceMs: number, nowMs: number) => nowMs - sinceMs };
/** Started at 1 ms, and alive at `nowMs`. */
const alive = (nowMs: number): WorkerLife => ({ startedMs: 1, heartbeatMs: nowMs, playing: true, soundOnly: false });
const reasonAt = (nowMs: number, config: typeof camera, seen: Partial<typeof nothing>, life = alive(nowMs)) =>
  goneQuiet(config, life, { ...nothing, ...seen }, nowMs)?.reason ?? null;

describe('an input has gone quiet', () => {
  it('when its worker stops answering, which one that still starts need not', () => {
    const silent = { startedMs: 1, heartbeatMs: 1, playing: true, soundOnly: false };
    expect(reasonAt(1000, camera, {}, silent)).toBe(null);
    expect(reasonAt(1200, camera, {}, silent)).toBe('worker-hung');
    expect(reasonAt(14_000, camera, {}, { ...silent, playing: false })).toBe(null);
    expect(reasonAt(16_000, camera, {}, { ...silent, playing: false })).toBe('worker-hung');
  });
  it('when data or pictures stay away for its time-out, in words that tell a camera from a sender that hung up', () => {
    const picture = { dataMs: 10_000, pictureMs: 10_000 };
    expect(reasonAt(12_000, camera, picture)).toBe(null);
    expect(reasonAt(12_001, camera, picture)).toBe('no-data');
    expect(reasonAt(12_001, camera, { ...picture, dataMs: 12_000 })).toBe('no-data');
    expect(reasonAt(12_001, listener, picture)).toBe('source-closed');
  });
  it('but not by the time in which this process stood still', () => {
    const seen = { dataMs: 10_000, pictureMs: 10_000, silenceMs: (sinceMs: number, nowMs: number) => nowMs - sinceMs - 5000 };
    expect(reasonAt(16_999, camera, seen, { startedMs: 1, heartbeatMs: 11_000, playing: true, soundOnly: false })).toBe(null);
    expect(reasonAt(17_001, camera, seen)).toBe('no-data');
  });
  it('when nothing ever came from a camera; a listener waits', () => {
    expect(reasonAt(15_002, camera, {})).toBe('no-data');
    expect(reasonAt(600_000, listener, {})).toBe(null);
  });
  it('when there is sound without a picture, unless that is known or the stream is passed through', () => {
    const sound = { dataMs: 6000, soundMs: 1000 };
    expect(reasonAt(6000, camera, sound)).toBe(null);
    expect(reasonAt(6001, camera, sound)).toBe('no-picture');
    expect(reasonAt(6001, camera, sound, { ...alive(6001), soundOnly: true })).toBe(null);
    expect(goneQuiet(camera, alive(6001), { ...nothing, ...sound, encoder: null }, 6001)).toBe(null);
  });
});
