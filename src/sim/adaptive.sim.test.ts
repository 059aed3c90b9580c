import { expect, it } from 'vitest';
import type { LinkProfile } from '../lab/emulator/link-model.ts';
import { makeTrace, profiles } from '../lab/emulator/profiles.ts';
import { simulateAdaptive } from './adaptive.ts';
import { scenarios } from './scenarios.ts';
import { simulateUplink } from './uplink.ts';

const limits = { minKbps: 500, maxKbps: 6000 };
const free = [{ profile: profiles.ethernet }, { profile: profiles.lte }];
const traced = (seed: number, kbps: number): { profile: LinkProfile } => ({
  profile: { ...profiles.perfect, delayMs: 20, queueBytes: 400_000, traceMs: makeTrace(seed, 60, kbps) },
});

it.each([1, 2, 3, 4])('goes from the floor to 6 Mbit/s within 5 s on free links, and loses no picture, seed %i', (seed) => {
  const { atMostMs, picturesLost, duplicatePct } = simulateAdaptive({ seed, seconds: 15, latencyMs: 1000, kbps: 500, links: free, bursts: true }, limits);
  expect(atMostMs).not.toBeNull();
  expect(atMostMs).toBeLessThanOrEqual(5000);
  expect(picturesLost).toBe(0);
  expect(duplicatePct).toBeLessThanOrEqual(20);
});

it.each([1, 2, 3])('delivers more over two wandering links than a fixed 2 Mbit/s, and loses no more pictures, seed %i', (seed) => {
  const scenario = { seed, seconds: 60, latencyMs: 2000, links: [traced(seed, 3000), traced(seed + 100, 5000)], bursts: true };
  const adaptive = simulateAdaptive({ ...scenario, kbps: 2000 }, limits);
  const fixed = simulateUplink({ ...scenario, kbps: 2000 });
  console.log(
    `seed ${seed}: adaptive ${adaptive.deliveredKbps} kbit/s, ${adaptive.picturesLost} lost; fixed ${fixed.deliveredKbps}, ${fixed.picturesLost} lost`,
  );
  expect(adaptive.deliveredKbps).toBeGreaterThan(fixed.deliveredKbps);
  expect(adaptive.picturesLost).toBeLessThanOrEqual(fixed.picturesLost);
});

it.each([1, 2, 3, 4])(
  'loses no picture when Ethernet dies and the other link has a cap of a third of what is made, and stays below the cap, seed %i',
  (seed) => {
    const links = [{ profile: profiles.ethernet }, { profile: profiles.lte, priority: 20, capKbps: 2000 }];
    const changes = [{ atMs: 10_000, link: 0, patch: { down: true } }];
    const { picturesLost, rates } = simulateAdaptive({ seed, seconds: 20, latencyMs: 1000, kbps: 6000, links, changes, bursts: true }, limits);
    expect(picturesLost).toBe(0);
    expect(Math.max(...rates.slice(12))).toBeLessThanOrEqual(2000);
  },
);

it.each([1, 2, 3, 4])('is not moved by a busy machine, a link that dies, and its return: there is room for the program all the time, seed %i', (seed) => {
  const scenario = scenarios.find(({ name }) => name.includes('busy machine'));
  if (scenario === undefined) throw new Error('no such scenario');
  for (const standstills of [[], scenario.standstills ?? []]) {
    const { rates, picturesLost } = simulateAdaptive({ ...scenario, standstills, seed, bursts: true }, { minKbps: 500, maxKbps: scenario.kbps });
    expect(Math.min(...rates.slice(1))).toBe(scenario.kbps);
    expect(picturesLost).toBe(0);
  }
});
