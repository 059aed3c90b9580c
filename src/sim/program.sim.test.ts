import { describe, expect, it } from 'vitest';
import { decideProgram, type ProgramRules, type ProgramState } from '../engine/program.ts';
import { scenarioOf } from './program/scenario.ts';
import { scenarios } from './program/scenarios.ts';
import { type Decide, type Outcome, simulate } from './program/simulate.ts';

const seconds = 600;
/** Where the oracle once held against the engine what nobody could have known: a fault from before the start, or seen within the same turn. */
const onceWrong = [1844089164, 1622408568, 1622408940, 570635605];
const fixed = [...Array.from({ length: 40 }, (_, index) => index + 1), ...onceWrong];
const fresh = Array.from({ length: 20 }, () => Math.floor(Math.random() * 2 ** 31));

const replay = (seed: number) => `replay: ./tandem sim --seed ${seed} --seconds ${seconds}`;
const told = ({ violations, told }: Outcome) => `${violations.join('\n')}\n${told.slice(-20).join('\n')}`;

describe('the program under faults', () => {
  it.each([
    ['fixed', fixed],
    ['fresh', fresh],
  ])('%s seeds: never dark, never on a bad input beside a good one, no flapping; at rest where it belongs after healing', (name, seeds) => {
    let hours = 0;
    let faults = 0;
    for (const seed of seeds) {
      const outcome = simulate(scenarioOf(seed, seconds));
      expect(outcome.violations, `${replay(seed)}\n${told(outcome)}`).toEqual([]);
      hours += outcome.simulatedMs / 3_600_000;
      faults += outcome.faults;
    }
    console.log(
      `${seeds.length} ${name} seeds, ${hours.toFixed(1)} hours simulated, ${faults} faults. ${name === 'fresh' ? `From ${seeds[0]}; ` : ''}${replay(seeds[0] as number)}`,
    );
  });

  it('the same seed gives the same run', () => {
    expect(simulate(scenarioOf(7, 120))).toEqual(simulate(scenarioOf(7, 120)));
  });
});

describe('scenarios with a name', () => {
  it.each(Object.entries(scenarios))('%s', (name, scenario) => {
    const outcome = simulate(scenario);
    expect(outcome.violations, `replay: ./tandem sim --scenario '${name}'\n${told(outcome)}`).toEqual([]);
  });

  const switchesAfter = (name: string, fromMs: number, toMs: number) =>
    simulate(scenarios[name] as never).switches.filter(({ atMs }) => atMs > fromMs && atMs < toMs);

  /**
   * Up for u at a time, with hold-down H doubling at each failure: it is gone back to while H · 2^(n-1) < u, which is
   * r = max(0, ⌈log2(u / H)⌉) times; it is left once at first and once after each return: at most 1 + 2 r switches.
   */
  const bound = (upMs: number, holdDownMs: number) => 1 + 2 * Math.max(0, Math.ceil(Math.log2(upMs / holdDownMs)));

  it.each([
    ['primary flaps every 3 s for 2 minutes', bound(1500 + 300, 3000), 1],
    ['primary flaps every 3 s for 2 minutes, hold-down 500 ms', bound(1500 + 300, 500), 5],
    ['primary crashes 5 s after each start for 2 minutes', bound(5000, 3000), 3],
  ])('%s: at most %i switches; it returns within the longest hold-down and back-off after it stays', (name, most, made) => {
    const flapping = switchesAfter(name, 9000, 130_000);
    expect(flapping.length).toBe(made);
    expect(flapping.length).toBeLessThanOrEqual(most);
    const back = switchesAfter(name, 130_000, Number.POSITIVE_INFINITY);
    expect(back.map(({ to, reason }) => [to, reason])).toEqual([['a', 'preferred']]);
    expect((back[0]?.atMs ?? 0) - 130_000).toBeLessThan(60_000 + 11_250 + 1000);
  });

  it('primary breaks once and returns: after the hold-down and not before', () => {
    const [away, back] = switchesAfter('primary breaks once and returns', 15_000, Number.POSITIVE_INFINITY);
    expect([away?.to, away?.reason, back?.to, back?.reason]).toEqual(['b', 'worker-exited', 'a', 'preferred']);
    const ms = (back?.atMs ?? 0) - (away?.atMs ?? 0);
    // Back-off and start of the process, the hold-down, and the wait for a key frame.
    expect(ms).toBeGreaterThan(3000 + 250);
    expect(ms).toBeLessThan(3000 + 250 * 1.2 + 300 + 500 + 200);
  });

  it('the slate does not wait for the cold input that fails to start', () => {
    const slate = switchesAfter('all die, and the cold one does not start', 9900, 60_000);
    expect(slate.map(({ to }) => to)).toEqual(['slate']);
    expect(slate[0]?.atMs).toBeLessThan(10_200);
  });

  it('a poor picture is not left again and again for one that comes and goes', () => {
    expect(switchesAfter('a poor picture beside one that comes and goes', 9000, 70_000).map(({ to }) => to)).toEqual([]);
  });

  it('an obeyed pin on a cold input: no slate while it starts', () => {
    const all = switchesAfter('an obeyed pin on a cold input waits for its start on the input that works', 5000, 100_000);
    expect(all.map(({ to }) => to)).toEqual(['b', 'a']);
  });

  it('a pin on a dead input: said once, and taken away after its time', () => {
    const { told } = simulate(scenarios['a pin on a dead input is overridden, said to be a bad idea, and taken away'] as never);
    const pins = told.filter((line) => line.includes('program.pin'));
    expect(pins.map((line) => line.split(' ')[2])).toEqual(['pinned-dead:', 'pin-expired:']);
  });
});

describe('the simulator finds what is wrong with an engine', () => {
  const withRules =
    (change: (rules: ProgramRules) => ProgramRules): Decide =>
    (state, seen, nowMs, rules) =>
      decideProgram(state, seen, nowMs, change(rules));
  const withSwitching = (patch: Partial<ProgramRules['switching']>) => withRules((rules) => ({ ...rules, switching: { ...rules.switching, ...patch } }));
  const withWatch = (patch: Partial<ProgramRules['inputs'][number]['watch']>) =>
    withRules((rules) => ({ ...rules, inputs: rules.inputs.map((one) => ({ ...one, watch: { ...one.watch, ...patch } })) }));
  const without =
    (kind: string): Decide =>
    (...args) => {
      const { state, commands } = decideProgram(...args);
      return { state, commands: commands.filter((command) => command.kind !== kind) };
    };
  const withState =
    (change: (before: ProgramState, after: ProgramState) => ProgramState): Decide =>
    (before, ...rest) => {
      const { state, commands } = decideProgram(before, ...rest);
      return { state: change(before, state), commands };
    };

  it.each<[string, Decide]>([
    ['has no hold-down', withSwitching({ holdDownMs: 0, holdDownMsMax: 0 })],
    ['has half the hold-down', withRules((rules) => ({ ...rules, switching: { ...rules.switching, holdDownMs: rules.switching.holdDownMs / 2 } }))],
    ['forgets each failure', withState((_, after) => ({ ...after, choice: { ...after.choice, records: {} } }))],
    ['takes the worse of two', withSwitching({ marginPoints: -30 })],
    ['does not see a stall', withWatch({ stallMs: 0 })],
    ['does not see a frozen picture', withWatch({ frozenMs: 0 })],
    ['does not count pictures', withWatch({ cadencePercent: 0 })],
    ['sees black too late', withWatch({ blackMs: 4000 })],
    [
      'decides but once in two seconds',
      (state, seen, nowMs, rules) => (nowMs % 2000 === 0 ? decideProgram(state, seen, nowMs, rules) : { state, commands: [] }),
    ],
    ['never starts anything', without('start-input')],
    ['never stops anything', without('stop-input')],
    ['never asks for a key frame', without('ask-key-frame')],
    [
      'has no slate',
      (...args) => {
        const { state, commands } = decideProgram(...args);
        return { state, commands: commands.filter((command) => command.kind !== 'show' || command.id !== 'slate') };
      },
    ],
    ['forgets that a pin ends', withState((before, after) => ({ ...after, choice: { ...after.choice, pin: before.choice.pin } }))],
    ['stops the spare inputs for ever', withState((before, after) => (before.strain.reason === null ? after : { ...after, strain: before.strain }))],
  ])('one that %s', (name, mutant) => {
    const found = fixed.find((seed) => simulate(scenarioOf(seed, seconds), mutant).violations.length > 0);
    const violation = found === undefined ? '' : simulate(scenarioOf(found, seconds), mutant).violations[0];
    console.log(`${name}: seed ${found}: ${violation}`);
    expect(found).toBeDefined();
  });
});
