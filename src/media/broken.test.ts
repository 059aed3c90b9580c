import { expect, test } from 'vitest';
import type { RehearsalFault, RehearsalFaultKind } from '../model/rehearsal.ts';
import { Broken, type Hands } from './broken.ts';

const kinds: RehearsalFaultKind[] = ['pull-path', 'silence-path', 'limit-path', 'kill-encoder', 'lose-input', 'freeze-input', 'freeze-management'];

function world() {
  const done: string[] = [];
  const hand = (fault: RehearsalFault, on: boolean): number => done.push(`${fault.kind} ${on ? 'broken' : 'whole'}`);
  return { done, broken: new Broken(Object.fromEntries(kinds.map((kind) => [kind, hand])) as unknown as Hands) };
}

test('what nobody mends is mended at its deadline, and once', () => {
  const { done, broken } = world();
  const fault: RehearsalFault = { kind: 'silence-path', path: 'eth' };
  broken.break(fault, 6000);
  broken.turn(6000);
  expect(done).toEqual(['silence-path broken']);
  broken.turn(6010);
  broken.turn(6020);
  broken.mend(fault);
  broken.mendAll();
  expect(done).toEqual(['silence-path broken', 'silence-path whole']);
});

test('all is mended at once when it is over', () => {
  const { done, broken } = world();
  broken.break({ kind: 'pull-path', path: 'eth' }, 1000);
  broken.break({ kind: 'lose-input', input: 'cam' }, 1000);
  broken.mendAll();
  expect(done).toEqual(['pull-path broken', 'lose-input broken', 'pull-path whole', 'lose-input whole']);
});
