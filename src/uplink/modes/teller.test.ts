import { describe, expect, it } from 'vitest';
import { Teller } from './teller.ts';

function told() {
  const events: string[] = [];
  const state = new Teller('gateway', ({ severity, from, to, reason }) => events.push(`${severity} ${from} ${to} ${reason}`));
  state.become('connecting', 'connecting', 'calling', 0);
  return { state, events };
}

describe('a destination tells', () => {
  it('the same failure once, however often it calls again, and that it is over', () => {
    const { state, events } = told();
    for (const nowMs of [100, 300, 700]) {
      state.become('waiting', 'unreachable', 'no answer', nowMs);
      state.become('connecting', 'connecting', 'calling', nowMs + 100);
    }
    state.become('connected', 'connected', 'connected', 900);
    expect(events).toEqual(['info off connecting connecting', 'warning connecting waiting unreachable', 'clear connecting connected connected']);
  });
  it('another failure as well, and the first one again after a connection', () => {
    const { state, events } = told();
    for (const reason of ['unreachable', 'bad-secret', 'bad-secret'] as const) state.become('waiting', reason, '', 100);
    state.become('connected', 'connected', '', 200);
    state.become('waiting', 'bad-secret', '', 300);
    expect(events.filter((event) => event.startsWith('warning'))).toEqual([
      'warning connecting waiting unreachable',
      'warning waiting waiting bad-secret',
      'warning connected waiting bad-secret',
    ]);
  });
  it('why the last try failed, while it tries again', () => {
    const { state } = told();
    state.become('waiting', 'unreachable', 'no answer', 100);
    state.become('connecting', 'connecting', 'calling', 200);
    expect([state.state, state.reason, state.text]).toEqual(['connecting', 'unreachable', 'no answer']);
  });
});
