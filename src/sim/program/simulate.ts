/**
 * The program under seeded faults, in simulated time: the real engine (engine/program.ts), with inputs, a switcher, a person and the sun on the
 * box made up. A safety phase with faults, in which the oracle watches every turn; then everything is healed, and a liveness phase in
 * which it must come to rest where it belongs.
 */
import { type Decision, decideProgram, initialProgram, landed, type ProgramRules, type ProgramSeen, type ProgramState, withPin } from '../../engine/program.ts';
import type { BoxSeen } from '../../engine/strain.ts';
import { seededRandom } from '../../lab/random.ts';
import { Oracle } from './oracle.ts';
import { type Scenario, settleMs, watch } from './scenario.ts';
import { type FaultKind, SimInput, SimSwitcher } from './world.ts';

export interface Outcome {
  /** What the oracle found; empty: all well. The simulation ends at the first. */
  violations: string[];
  simulatedMs: number;
  turns: number;
  switches: { atMs: number; to: string; reason: string }[];
  /** All that was told, in a line each. */
  told: string[];
  faults: number;
  pins: number;
}

/** As the media daemon's. */
const stepMs = 50;
const slateId = 'slate';
/** Not 0: there 0 would mean two things. */
const beginMs = 1000;
export type Decide = typeof decideProgram;

export function simulate(scenario: Scenario, decide: Decide = decideProgram): Outcome {
  return new Simulation(scenario, decide).run();
}

const restMs = 30_000;

class Simulation {
  readonly #scenario: Scenario;
  readonly #decide: Decide;
  readonly #rules: ProgramRules;
  readonly #random: () => number;
  readonly #inputs: Map<string, SimInput>;
  readonly #list: SimInput[];
  readonly #switcher: SimSwitcher;
  readonly #oracle: Oracle;
  readonly #outcome: Outcome = { violations: [], simulatedMs: 0, turns: 0, switches: [], told: [], faults: 0, pins: 0 };
  #state: ProgramState = initialProgram;
  #nowMs = beginMs;
  #hotUntilMs = 0;
  readonly #box: { -readonly [K in keyof BoxSeen]: BoxSeen[K] } = { temperatureC: 50, throttled: false };

  constructor(scenario: Scenario, decide: Decide) {
    this.#scenario = scenario;
    this.#decide = decide;
    this.#random = seededRandom(scenario.seed);
    this.#inputs = new Map(scenario.inputs.map((config) => [config.id, new SimInput(config, this.#random)]));
    this.#list = [...this.#inputs.values()];
    const inputs = scenario.inputs.map(({ id, standby }) => ({ id, standby, watch }));
    this.#rules = { switching: scenario.switching, inputs, slateId, temperatureMaxC: 80 };
    this.#switcher = new SimSwitcher(slateId, this.#inputs, this.#random, (to, from) => {
      this.#perform(landed(this.#state, to, from, this.#nowMs, this.#rules));
    });
    this.#oracle = new Oracle(scenario, this.#list, this.#switcher, slateId, beginMs);
  }

  run(): Outcome {
    const healMs = this.#nowMs + this.#scenario.seconds * 1000;
    const restFromMs = healMs + settleMs(this.#scenario);
    try {
      for (; this.#nowMs < restFromMs + restMs; this.#nowMs += stepMs) {
        if (this.#nowMs < healMs) this.#trouble(this.#nowMs - beginMs);
        else if (this.#nowMs - healMs < stepMs) this.#heal();
        this.#turn();
        this.#oracle.watch(this.#state, this.#nowMs);
        if (this.#nowMs >= restFromMs) this.#oracle.atRest(this.#state, this.#nowMs - restFromMs < stepMs);
      }
    } catch (error) {
      this.#outcome.violations.push(`at ${((this.#nowMs - beginMs) / 1000).toFixed(2)} s: ${(error as Error).message}`);
    }
    return { ...this.#outcome, simulatedMs: this.#nowMs - beginMs };
  }

  #turn(): void {
    this.#outcome.turns++;
    for (const input of this.#list) if (input.turn(this.#nowMs, stepMs)) this.#decideNow();
    this.#switcher.turn(this.#nowMs);
    this.#decideNow();
  }

  #decideNow(): void {
    const seen: ProgramSeen = {
      inputs: this.#list.map((input) => ({ on: input.on, sample: input.sample(this.#nowMs) })),
      onAir: this.#switcher.onAir,
      awaited: this.#switcher.awaited,
      box: this.#box,
    };
    const before = this.#state.choice.chosen;
    const decision = this.#decide(this.#state, seen, this.#nowMs, this.#rules);
    if (decision.state.choice.chosen !== before) this.#oracle.changed(before, decision.state, this.#nowMs);
    this.#perform(decision);
  }

  #perform({ state, commands }: Decision): void {
    this.#state = state;
    for (const command of commands) {
      switch (command.kind) {
        case 'start-input':
          this.#inputs.get(command.id)?.start(this.#nowMs);
          break;
        case 'stop-input':
          this.#inputs.get(command.id)?.stop(this.#nowMs);
          break;
        case 'show':
          this.#switcher.select(command.id, this.#nowMs);
          break;
        case 'ask-key-frame':
          this.#switcher.askForKeyFrame(command.id, this.#nowMs);
          break;
        case 'tell':
          this.#oracle.told(command.notice, this.#nowMs);
          this.#outcome.told.push(`${((this.#nowMs - beginMs) / 1000).toFixed(2)} ${command.notice.what} ${command.notice.reason}: ${command.notice.text}`);
          if (command.notice.what === 'program.switch')
            this.#outcome.switches.push({ atMs: this.#nowMs - beginMs, to: command.notice.to as string, reason: command.notice.reason });
      }
    }
  }

  /** True about once in `everyS`. */
  #happens(everyS: number): boolean {
    return everyS > 0 && this.#random() < stepMs / 1000 / everyS;
  }

  #trouble(sinceStartMs: number): void {
    const { faultEveryS, faults, personEveryS, heatEveryS, plan, wishes } = this.#scenario;
    const isDue = ({ atMs }: { atMs: number }) => sinceStartMs >= atMs && sinceStartMs - atMs < stepMs;
    for (const one of plan) if (isDue(one)) this.#fault(this.#inputs.get(one.input) as SimInput, one.kind, one.forMs, one.periodMs);
    for (const one of wishes) if (isDue(one)) this.#wish(one.pin, one.forMs);
    for (const input of this.#list) {
      if (input.fault !== null || !this.#happens(faultEveryS)) continue;
      const kind = faults[Math.floor(this.#random() * faults.length)] as FaultKind;
      // Most are over soon, some last.
      this.#fault(input, kind, 200 + 60_000 * this.#random() ** 4, 300 + 12_000 * this.#random() ** 2);
    }
    if (this.#happens(personEveryS)) {
      const { id } = this.#list[Math.floor(this.#random() * this.#list.length)]?.config ?? { id: '' };
      this.#wish(this.#random() < 0.6 ? id : null, this.#random() < 0.5 ? null : 1000 + 30_000 * this.#random());
    }
    if (this.#happens(heatEveryS)) this.#hotUntilMs = this.#nowMs + 90_000 * this.#random();
    this.#box.throttled = this.#nowMs < this.#hotUntilMs;
  }

  #fault(input: SimInput, kind: FaultKind, forMs: number, periodMs: number): void {
    this.#outcome.faults++;
    input.strike({ kind, sinceMs: this.#nowMs, untilMs: this.#nowMs + forMs, periodMs }, this.#nowMs);
  }

  #wish(id: string | null, forMs: number | null): void {
    this.#outcome.pins++;
    this.#state = withPin(this.#state, id, forMs, this.#nowMs);
    this.#oracle.wished(this.#nowMs);
  }

  #heal(): void {
    for (const input of this.#list) input.strike(null, this.#nowMs);
    this.#box.throttled = false;
    this.#state = withPin(this.#state, null, null, this.#nowMs);
    this.#oracle.wished(this.#nowMs);
  }
}
