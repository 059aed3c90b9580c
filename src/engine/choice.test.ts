import { describe, expect, it } from 'vitest';
import { type ChoiceState, chooseInput, type InputObservation, initialChoice } from './choice.ts';

const config = { holdDownMs: 2000 };
const up = (id: string): InputObservation => ({ id, usable: true, reason: 'recovered' });
const dead = (id: string, reason: InputObservation['reason'] = 'no-data'): InputObservation => ({ id, usable: false, reason });

describe('the choice of the input on air', () => {
  it('takes the most preferred one that works', () => {
    const { change } = chooseInput(initialChoice, [dead('a'), up('b'), up('c')], 0, config);
    expect(change).toEqual({ from: null, to: 'b', reason: 'preferred' });
  });

  it('leaves a dead input at once and says why it died', () => {
    const first = chooseInput(initialChoice, [up('a'), up('b')], 0, config).state;
    expect(chooseInput(first, [dead('a', 'worker-exited'), up('b')], 1, config).change).toEqual({ from: 'a', to: 'b', reason: 'worker-exited' });
  });

  it('returns to the preferred one only after the hold-down', () => {
    let state: ChoiceState = { onAir: 'b', pinned: null, usableSinceMs: { b: 0 } };
    ({ state } = chooseInput(state, [up('a'), up('b')], 1000, config));
    expect(chooseInput(state, [up('a'), up('b')], 2999, config).change).toBeNull();
    expect(chooseInput(state, [up('a'), up('b')], 3000, config).change).toEqual({ from: 'b', to: 'a', reason: 'preferred' });
  });

  it('starts the hold-down anew when the preferred one breaks in between', () => {
    let state: ChoiceState = { onAir: 'b', pinned: null, usableSinceMs: { b: 0 } };
    ({ state } = chooseInput(state, [up('a'), up('b')], 1000, config));
    ({ state } = chooseInput(state, [dead('a'), up('b')], 2000, config));
    ({ state } = chooseInput(state, [up('a'), up('b')], 2500, config));
    expect(chooseInput(state, [up('a'), up('b')], 4000, config).change).toBeNull();
    expect(chooseInput(state, [up('a'), up('b')], 4500, config).change?.to).toBe('a');
  });

  it('never gives up the last input', () => {
    const state: ChoiceState = { onAir: 'a', pinned: null, usableSinceMs: {} };
    expect(chooseInput(state, [dead('a'), dead('b')], 5, config)).toEqual({ state, change: null });
  });

  it('obeys a pin while the pinned input works, and chooses by itself when it does not', () => {
    const state: ChoiceState = { onAir: 'a', pinned: 'b', usableSinceMs: { a: 0, b: 0 } };
    expect(chooseInput(state, [up('a'), up('b')], 1, config).change).toEqual({ from: 'a', to: 'b', reason: 'pinned' });
    const onB = { ...state, onAir: 'b' };
    expect(chooseInput(onB, [up('a'), dead('b')], 2, config).change?.to).toBe('a');
  });
});
