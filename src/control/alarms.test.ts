import { expect, test } from 'vitest';
import type { JournaledEvent } from '../model/box.ts';
import { notice, type Severity } from '../model/event.ts';
import { AlarmBoard } from './alarms.ts';

let nextId = 0;
const event = (severity: Severity, id: string, session = 's'): JournaledEvent => ({
  ...notice({ severity, subject: { kind: 'path', id }, what: 'path.state', reason: 'carrier-lost', text: '' }),
  id: ++nextId,
  origin: 'media',
  seq: nextId,
  session,
  bootId: 'b',
  monoMs: 0,
  wallMs: null,
});

test('a later word about the same thing replaces or clears the earlier one', () => {
  const board = new AlarmBoard();
  board.see(event('warning', 'eth'));
  board.see(event('warning', 'lte'));
  board.see(event('alarm', 'eth'));
  expect(board.active().map(({ subject, severity }) => `${subject.id} ${severity}`)).toEqual(['eth alarm', 'lte warning']);
  board.see(event('clear', 'eth'));
  board.see(event('info', 'lte'));
  expect(board.active()).toEqual([]);
});

test('what a dead daemon complained of is forgotten with it', () => {
  const board = new AlarmBoard();
  board.see(event('warning', 'eth', 'old'));
  board.see(event('warning', 'lte', 'new'));
  board.forgetSessionsBut('new');
  expect(board.active().map(({ subject }) => subject.id)).toEqual(['lte']);
});

test('a daemon that raises without end does not fill the memory', () => {
  const board = new AlarmBoard();
  for (let count = 0; count < 1000; count++) board.see(event('warning', `p${count}`));
  expect(board.active().length).toBeLessThanOrEqual(200);
});
