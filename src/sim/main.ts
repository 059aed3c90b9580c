/** `tandem sim`: runs the engine under seeded faults in simulated time, or replays one run and says what happened in it. */
import { Command } from 'commander';
import { positiveInteger } from '../cli/numbers.ts';
import { runProgram } from '../cli/run-program.ts';
import { type Scenario, scenarioOf } from './program/scenario.ts';
import { scenarios } from './program/scenarios.ts';
import { type Outcome, simulate } from './program/simulate.ts';

interface Options {
  seed?: number;
  scenario?: string;
  runs: number;
  seconds: number;
}

const program = new Command('tandem sim')
  .description('the engine under seeded faults, in simulated time')
  .exitOverride()
  .option('--seed <n>', 'replay this one, and say what happened', positiveInteger)
  .option('--scenario <name>', `replay a named one: ${Object.keys(scenarios).join('; ')}`)
  .option('--runs <n>', 'so many fresh seeds', positiveInteger, 100)
  .option('--seconds <n>', 'with faults, in each run', positiveInteger, 600)
  .action(({ seed, scenario, runs, seconds }: Options) => {
    const named = scenarios[scenario ?? ''];
    if (scenario !== undefined && named === undefined) program.error(`there is no scenario of this name; there are: ${Object.keys(scenarios).join('; ')}`);
    if (named !== undefined) process.exitCode = replay(named);
    else if (seed !== undefined) process.exitCode = replay(scenarioOf(seed, seconds));
    else process.exitCode = runMany(runs, seconds);
  });
await runProgram(program);

function replay(scenario: Scenario): number {
  console.log(JSON.stringify(scenario));
  const outcome = simulate(scenario);
  for (const line of outcome.told) console.log(line);
  console.log(summary(outcome));
  for (const one of outcome.violations) console.log(`WRONG ${one}`);
  return outcome.violations.length === 0 ? 0 : 1;
}

function runMany(runs: number, seconds: number): number {
  const first = Math.floor(Math.random() * 2 ** 31);
  console.log(`seeds ${first} to ${first + runs - 1}`);
  const beganMs = performance.now();
  let wrong = 0;
  let simulatedMs = 0;
  for (let seed = first; seed < first + runs; seed++) {
    const outcome = simulate(scenarioOf(seed, seconds));
    simulatedMs += outcome.simulatedMs;
    if (outcome.violations.length === 0) continue;
    wrong++;
    console.log(`WRONG seed ${seed} ${outcome.violations[0]}; replay: ./tandem sim --seed ${seed} --seconds ${seconds}`);
  }
  const tookS = (performance.now() - beganMs) / 1000;
  console.log(`${runs} runs, ${(simulatedMs / 3_600_000).toFixed(1)} hours simulated in ${tookS.toFixed(1)} s, ${wrong} wrong`);
  return wrong === 0 ? 0 : 1;
}

function summary({ simulatedMs, turns, faults, pins, switches }: Outcome): string {
  return `${(simulatedMs / 1000).toFixed(0)} s, ${turns} turns, ${faults} faults, ${pins} wishes, ${switches.length} switches`;
}
