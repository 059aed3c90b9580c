import { expect, it } from 'vitest';
import { simulateUplink } from './uplink.ts';

const fixed = [1, 2, 3, 5, 8, 13, 21, 34];
const fresh = Array.from({ length: 4 }, () => Math.floor(Math.random() * 2 ** 31));

it.each([...fixed, ...fresh])('seed %i: no packet goes to a dead link while another is well, and both links work again after healing', (seed) => {
  console.log(`replay: node -e "import('./src/sim/uplink.ts').then((sim) => console.log(sim.simulateUplink(${seed}, 60)))"`);
  const { toDeadLink, unsent, carriedAfterHealing, inFlightMax } = simulateUplink(seed, 60);
  expect(toDeadLink).toBe(0);
  expect(unsent).toBe(0);
  // 70 s at 333 packets a second: the table must not fill with what will never be proved.
  expect(inFlightMax).toBeLessThan(16_384);
  for (const packets of carriedAfterHealing) expect(packets).toBeGreaterThan(50);
});

it('the same seed gives the same run', () => {
  expect(simulateUplink(42, 10)).toEqual(simulateUplink(42, 10));
});
