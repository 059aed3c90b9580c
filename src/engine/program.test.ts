import { describe, expect, it } from 'vitest';
import { initialHealth, type Sample } from './health.ts';
import { pinStatus } from './pin.ts';
import { type Decision, decideProgram, initialProgram, type ProgramRules, type ProgramSeen, type ProgramState, withPin } from './program.ts';
import { recover } from './recover.ts';

const watch = {
  stallMs: 300,
  frozenMs: 1000,
  blackMs: 1000,
  silenceMs: 1000,
  bitratePercent: 0,
  bitrateMs: 0,
  cadencePercent: 0,
  cadenceMs: 0,
  continuityPerSecond: 0,
  lossPercent: 0,
  retransmitPercent: 0,
  networkMs: 0,
  rttMs: 0,
};
const rules: ProgramRules = {
  switching: { mode: 'standby', holdDownMs: 2000, holdDownMsMax: 60_000, marginPoints: 10, deadPin: 'override', deadPinMs: 0 },
  inputs: ['a', 'b'].map((id) => ({ id, standby: 'hot' as const, watch })),
  slateId: 'slate',
  temperatureMaxC: 80,
};
const good: Sample = {
  delivering: true,
  reason: 'started',
  dataAgeMs: 10,
  stillMs: 0,
  noPictureMs: null,
  blackMs: 0,
  silentMs: 0,
  kbps: 4000,
  expectedKbps: 4000,
  continuityErrors: 0,
  pictures: 0,
  expectedFps: 30,
  lossPercent: null,
  retransmitPercent: null,
  rttMs: null,
  softwareEncoded: false,
};
const gone: Sample = { ...good, delivering: false, reason: 'worker-exited' };
const box = { temperatureC: 50, throttled: false };
const seen = (a: Sample, b: Sample, onAir: string | null, awaited: string | null = null): ProgramSeen => ({
  inputs: [a, b].map((sample) => ({ on: true, sample })),
  onAir,
  awaited,
  box,
});
const kinds = ({ commands }: Decision) => commands.map((one) => ('id' in one ? `${one.kind} ${one.id}` : `${one.notice.what} ${one.notice.reason}`));

/** `a` on air at 1000 ms. */
function onAir(settings = rules): ProgramState {
  return decideProgram(initialProgram, seen(good, good, 'a'), 1000, settings).state;
}

describe('a turn of the engine', () => {
  it('starts the hot inputs, shows the first that delivers, and asks it for a key frame', () => {
    const stopped = { ...gone, reason: 'stopped' } as const;
    const first = decideProgram(
      initialProgram,
      { ...seen(stopped, stopped, null), inputs: [stopped, stopped].map((sample) => ({ on: false, sample })) },
      0,
      rules,
    );
    expect(kinds(first)).toEqual(['start-input a', 'start-input b']);
    expect(kinds(decideProgram(first.state, seen(gone, good, null), 500, rules))).toEqual(['show b', 'ask-key-frame b']);
  });

  it('gives a command again that got lost, and asks again for a key frame that does not come', () => {
    const { state } = decideProgram(onAir(), seen(gone, good, 'a'), 2000, rules);
    expect(kinds(decideProgram(state, seen(gone, good, 'a'), 2050, rules))).toEqual(['show b']);
    expect(kinds(decideProgram(state, seen(gone, good, 'slate', 'b'), 2050, rules))).toEqual([]);
    expect(kinds(decideProgram(state, seen(gone, good, 'slate', 'b'), 2500, rules))).toEqual(['ask-key-frame b']);
  });

  it('shows the slate at once when nothing is left, and after 3 s when nothing ever came', () => {
    expect(kinds(decideProgram(onAir(), seen(gone, gone, 'a'), 2000, rules))).toEqual(['show slate']);
    const { state } = decideProgram(initialProgram, seen(gone, gone, null), 0, rules);
    expect(kinds(decideProgram(state, seen(gone, gone, null), 3000, rules))).toEqual([]);
    expect(kinds(decideProgram(state, seen(gone, gone, null), 3050, rules))).toEqual(['show slate']);
  });
});

describe('a pin', () => {
  const at = (state: ProgramState, nowMs: number) => pinStatus(state.choice, state.inputs[state.choice.pin?.id ?? ''], nowMs, rules);

  it('says when it is a bad idea, once, and when it no longer is', () => {
    const first = decideProgram(withPin(onAir(), 'b', null, 2000), seen(good, gone, 'a'), 2000, rules);
    expect(kinds(first)).toEqual(['program.pin pinned-dead']);
    expect(at(first.state, 2000)).toEqual({
      input: 'b',
      reason: 'pinned-dead',
      text: 'b is pinned, but the encoder process ended: a is on air until it works',
      expiresInMs: null,
    });
    const second = decideProgram(first.state, seen(good, gone, 'a'), 2050, rules);
    expect(kinds(second)).toEqual([]);
    const third = decideProgram(second.state, seen(good, good, 'a'), 9000, rules);
    const fourth = decideProgram(third.state, seen(good, good, 'b'), 11_000, rules);
    expect([...kinds(third), ...kinds(fourth)]).toContain('program.pin recovered');
    expect(at(fourth.state, 11_000)?.text).toBe('b is pinned and on air');
  });

  it('ends after its time', () => {
    const pinned = decideProgram(withPin(onAir(), 'b', 5000, 2000), seen(good, good, 'a'), 2000, rules).state;
    expect(at(pinned, 3000)).toMatchObject({ reason: 'pinned', expiresInMs: 4000 });
    const over = decideProgram(pinned, seen(good, good, 'b'), 7000, rules);
    expect(kinds(over)).toContain('program.pin pin-expired');
    expect(over.state.choice.pin).toBeNull();
  });

  it('taken back while it is a bad idea clears the warning', () => {
    const { state } = decideProgram(withPin(onAir(), 'b', null, 2000), seen(good, gone, 'a'), 2000, rules);
    expect(kinds(decideProgram(withPin(state, null, null, 3000), seen(good, gone, 'a'), 3000, rules))).toEqual(['program.pin recovered']);
  });

  it('on a dead input shows the slate where it is to be obeyed', () => {
    const obey: ProgramRules = { ...rules, switching: { ...rules.switching, deadPin: 'obey' } };
    const { commands } = decideProgram(withPin(onAir(obey), 'b', null, 2000), seen(good, gone, 'a'), 2000, obey);
    expect(commands).toContainEqual({ kind: 'show', id: 'slate' });
  });
});

describe('a broken rule', () => {
  // Time that runs backwards stands for any mistake.
  const breaks = { ...onAir(), choice: { ...onAir().choice, changedMs: Number.POSITIVE_INFINITY } };

  it('is thrown by the decision, and leaves what is on air there', () => {
    expect(() => decideProgram(breaks, seen(good, good, 'b'), 5000, rules)).toThrow(/time runs forward/);
    const decision = recover(breaks, seen(good, good, 'b'), 5000, rules, new Error('time runs forward'));
    expect(kinds(decision)).toEqual(['engine.state internal']);
    expect(decision.state.choice.chosen).toBe('b');
    expect(() => decideProgram(decision.state, seen(good, good, 'b'), 5050, rules)).not.toThrow();
  });

  it('at every turn still shows what delivers, else the slate, and is told once a minute', () => {
    const told: string[] = [];
    let state: ProgramState = breaks;
    for (let nowMs = 5000; nowMs < 130_000; nowMs += 50) {
      const decision = recover(state, seen(gone, nowMs < 60_000 ? good : gone, 'a'), nowMs, rules, new Error('x'));
      told.push(...kinds(decision).filter((one) => one.startsWith('engine')));
      expect(kinds(decision)).toContain(nowMs < 60_000 ? 'show b' : 'show slate');
      ({ state } = decision);
    }
    expect(told).toHaveLength(3);
  });

  it('keeps the pin, and is over after a calm minute', () => {
    const pinned = withPin(breaks, 'b', null, 2000);
    const { state } = recover(pinned, seen(good, good, 'b'), 5000, rules, new Error('x'));
    expect(state.choice.pin?.id).toBe('b');
    expect(kinds(decideProgram(state, seen(good, good, 'b'), 65_000, rules))).toContain('engine.state recovered');
  });
});

it('a strained box is told of, and relieved of spare software encoders only', () => {
  const soft = { ...good, softwareEncoded: true };
  const inputs = ['a', 'b', 'c', 'd'].map((id) => ({ id, standby: 'hot' as const, watch }));
  const four: ProgramRules = { ...rules, inputs };
  const all = (throttled: boolean): ProgramSeen => ({
    inputs: [soft, soft, soft, good].map((sample) => ({ on: true, sample })),
    onAir: 'a',
    awaited: null,
    box: { temperatureC: 60, throttled },
  });
  let state = initialProgram;
  const told: string[] = [];
  for (let nowMs = 1000; nowMs < 60_000; nowMs += 50) {
    const decision = decideProgram(state, all(true), nowMs, four);
    ({ state } = decision);
    told.push(...kinds(decision));
  }
  expect(told.filter((one) => one.startsWith('media'))).toEqual(['media.strain throttled']);
  expect(new Set(told.filter((one) => one.startsWith('stop')))).toEqual(new Set(['stop-input c']));
  expect(state.inputs.a?.health).not.toBe(initialHealth);
});
