import { expect, it } from 'vitest';
import { simulateDay } from './day.ts';

it.each([1, 2])('half an hour of links that flap, change their addresses and use up their allowances: what must hold holds, seed %i', (seed) => {
  const { violations, picturesLost, flaps, addresses, pictures } = simulateDay(seed, 0.5);
  console.log(
    `${flaps} links down, ${addresses} addresses, ${picturesLost} of ${pictures} pictures lost; replay: node -e "import('./src/sim/day.ts').then(({ simulateDay }) => console.log(simulateDay(${seed}, 0.5)))"`,
  );
  expect(violations).toEqual([]);
});
