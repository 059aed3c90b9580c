import { describe, expect, it } from 'vitest';
import { Flow } from './flow.ts';

const offeredKbps = 4000;
const baseMs = 100;
const latencyMs = 1000;

/** Samples each 20 ms: `carriedKbps` says what the links deliver then. Returns when congestion was first seen, null: never. */
function run(flow: Flow, toMs: number, carriedKbps: (ms: number) => number): number | null {
  let openBytes = (offeredKbps / 8) * baseMs;
  let arrivedBytes = 0;
  let takenBytes = openBytes;
  let firstMs: number | null = null;
  for (let nowMs = 0; nowMs < toMs; nowMs += 20) {
    const carried = Math.min((carriedKbps(nowMs) / 8) * 20, openBytes);
    openBytes += (offeredKbps / 8) * 20 - carried;
    takenBytes += (offeredKbps / 8) * 20;
    arrivedBytes += carried;
    flow.sample(openBytes, arrivedBytes, takenBytes, baseMs, latencyMs, false, nowMs);
    if (flow.congested && !flow.improves) firstMs ??= nowMs;
  }
  return firstMs;
}

describe('whether the links carry less than they are given', () => {
  it('is not said of links that carry it', () => {
    expect(run(new Flow(), 10_000, () => offeredKbps)).toBeNull();
  });
  it('is said when they carry half of it, well before the latency is used up, with what they do carry', () => {
    const flow = new Flow();
    const atMs = run(flow, 3000, (ms) => (ms < 1000 ? offeredKbps : offeredKbps / 2));
    expect(atMs).not.toBeNull();
    expect((atMs ?? 0) - 1000).toBeLessThan(1000);
    expect(flow.arrivedKbps).toBeGreaterThan(offeredKbps * 0.4);
    expect(flow.arrivedKbps).toBeLessThan(offeredKbps * 0.6);
  });
  it.each([100, 300, 500])('is not said of a pause of %i ms, whoever paused, nor of what comes at once after it', (ms) => {
    expect(run(new Flow(), 6000, (now) => (now >= 2000 && now < 2000 + ms ? 0 : now < 2000 ? offeredKbps : offeredKbps * 3))).toBeNull();
  });
  it('is not said of pauses again and again', () => {
    expect(run(new Flow(), 20_000, (now) => (now % 400 < 150 ? 0 : offeredKbps * 2))).toBeNull();
  });
  it('is said when nothing has come for so long that what is made now would be late too', () => {
    expect(run(new Flow(), 3000, (now) => (now < 1000 ? offeredKbps : 0))).not.toBeNull();
  });
  it('calls it a hole when nothing comes for a quarter of a second and it is missed, and no longer when something comes', () => {
    const flow = new Flow();
    run(flow, 1200, (ms) => (ms < 1000 ? offeredKbps : 0));
    expect(flow.hole).toBe(false);
    const longer = new Flow();
    run(longer, 1500, (ms) => (ms < 1000 ? offeredKbps : 0));
    expect(longer.hole).toBe(true);
    const over = new Flow();
    run(over, 1600, (ms) => (ms < 1000 || ms > 1500 ? offeredKbps * 2 : 0));
    expect(over.hole).toBe(false);
  });
  it('calls it a hole though a trickle comes, and not where half of it does', () => {
    const trickle = new Flow();
    run(trickle, 1500, (ms) => (ms < 1000 ? offeredKbps : offeredKbps / 10));
    expect(trickle.hole).toBe(true);
    const half = new Flow();
    run(half, 1500, (ms) => (ms < 1000 ? offeredKbps : offeredKbps / 2));
    expect(half.hole).toBe(false);
  });
});
