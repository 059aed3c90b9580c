import { describe, expect, it } from 'vitest';
import type { Candidate, CandidateRecord, Change, ChoiceConfig, ChoiceState } from './choice.ts';
import { BrokenInvariant, checkChoice, type Invariant } from './invariants.ts';

const config: ChoiceConfig = { mode: 'standby', holdDownMs: 2000, holdDownMsMax: 60_000, marginPoints: 10, deadPin: 'override' };
const up = (id: string): Candidate => ({ id, usable: true, delivers: true, idle: false, reason: 'recovered', score: 100 });
const dead = (id: string): Candidate => ({ id, usable: false, delivers: false, idle: false, reason: 'no-data', score: 0 });
const frozen = (id: string): Candidate => ({ ...dead(id), delivers: true, reason: 'frozen-picture' });
const record = (usableSinceMs: number | null, failures = 0): CandidateRecord => ({ usableSinceMs, failures, countedMs: 0, betterSinceMs: null });
const state = (chosen: string | null, records: ChoiceState['records'] = {}): ChoiceState => ({ chosen, changedMs: 0, pin: null, records });
const change = (from: string | null, to: string | null, reason: Change['reason'] = 'no-data'): Change => ({ from, to, reason });

function broken(before: ChoiceState, after: ChoiceState, made: Change | null, candidates: Candidate[], nowMs = 10_000, settings = config): Invariant | null {
  try {
    checkChoice(before, after, made, candidates, nowMs, settings);
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(BrokenInvariant);
    return (error as BrokenInvariant).invariant;
  }
}

describe('the rules that are checked after each choice', () => {
  it('let a right choice pass', () => {
    expect(broken(state('a'), state('b'), change('a', 'b'), [dead('a'), up('b')])).toBeNull();
    expect(broken(state('b'), state('a', { a: record(7000) }), change('b', 'a', 'preferred'), [up('a'), up('b')])).toBeNull();
    expect(broken(state(null), state(null), null, [dead('a')])).toBeNull();
  });

  it.each<[Invariant, () => Invariant | null]>([
    ['time runs forward', () => broken({ ...state('a'), changedMs: 20_000 }, state('a'), null, [up('a')])],
    ['at most one is chosen, and it exists', () => broken(state('a'), state('x'), change('a', 'x'), [up('a')])],
    ['every change is told, with a reason from the list', () => broken(state('a'), state('b'), null, [dead('a'), up('b')])],
    ['every change is told, with a reason from the list', () => broken(state('a'), state('b'), change('a', 'b', 'because' as never), [dead('a'), up('b')])],
    ['never an unusable one while a usable one exists', () => broken(state('a'), state('a'), null, [frozen('a'), up('b')])],
    ['the last one that delivers is never gated', () => broken(state('a'), state(null), change('a', null), [frozen('a'), dead('b')])],
    ['no return before the hold-down', () => broken(state('b'), state('a', { a: record(8500) }), change('b', 'a', 'preferred'), [up('a'), up('b')])],
    ['no return before the hold-down', () => broken(state('b'), state('a', { a: record(7000, 2) }), change('b', 'a', 'preferred'), [up('a'), up('b')])],
  ])('%s', (invariant, found) => {
    expect(found()).toBe(invariant);
  });

  it('let a person have their way, where that is configured', () => {
    const pin = { id: 'a', sinceMs: 0, untilMs: null };
    const obey: ChoiceConfig = { ...config, deadPin: 'obey' };
    expect(broken({ ...state('a'), pin }, { ...state('a'), pin }, null, [frozen('a'), up('b')], 10_000, obey)).toBeNull();
    expect(broken({ ...state('a'), pin }, { ...state('a'), pin }, null, [frozen('a'), up('b')])).toBe('never an unusable one while a usable one exists');
  });
});
