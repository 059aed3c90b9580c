import { expect, test } from 'vitest';
import { rehearsalFaultSchema } from '../model/rehearsal.ts';
import { readPhrase, sayFault } from './phrases.ts';

test.each([
  ['pull eth', { kind: 'pull-path', path: 'eth' }, 'eth pulled'],
  ['pull', { kind: 'pull-path' }, 'the path pulled'],
  ['silence lte', { kind: 'silence-path', path: 'lte' }, 'lte silent'],
  ['limit', { kind: 'limit-path' }, 'the path limited'],
  ['limit lte 800', { kind: 'limit-path', path: 'lte', kbps: 800 }, 'lte limited to 800 kbit/s'],
  ['  kill   cam1 ', { kind: 'kill-encoder', input: 'cam1' }, 'encoder of cam1 killed'],
  ['lose cam1', { kind: 'lose-input', input: 'cam1' }, 'cam1 lost'],
  ['freeze cam1', { kind: 'freeze-input', input: 'cam1' }, 'cam1 hangs'],
  ['freeze management', { kind: 'freeze-management' }, 'management frozen'],
])('“%s” is read, and said again', (text, fault, said) => {
  expect(readPhrase(text)).toEqual(fault);
  expect(rehearsalFaultSchema.parse(fault)).toEqual(fault);
  expect(sayFault(rehearsalFaultSchema.parse(fault))).toBe(said);
});

test.each(['', 'eth', 'pull eth now', 'limit eth fast', 'limit eth 12', 'limit 800 eth 1', 'constructor', 'freeze management 5', 'PULL eth'])(
  '“%s” is none',
  (text) => {
    expect(readPhrase(text)).toBeNull();
  },
);
