import { describe, expect, it } from 'vitest';
import { Teller } from './teller.ts';

function told() {
  const events: string[] = [];
  const options = {
    onNotice: ({ severity, what, to, reason }: { severity: string; what: string; to: string | null; reason: string }) =>
      events.push(`${severity} ${what} ${to ?? ''} ${reason}`),
    onChange: () => events.push('changed'),
  };
  return { teller: new Teller('cam', options, 0), events };
}

describe('an input tells', () => {
  it('each change of state before it is acted upon, and the same state once', () => {
    const { teller, events } = told();
    teller.become('waiting', 'no-data', 'no data for 2000 ms', 100);
    teller.become('waiting', 'no-data', 'no picture for 2000 ms', 200);
    teller.become('running', 'recovered', 'delivers', 300);
    expect(events).toEqual(['warning input.state waiting no-data', 'changed', 'clear input.state running recovered', 'changed']);
  });
  it('in its status the last text, also where that is no event', () => {
    const { teller } = told();
    teller.become('waiting', 'no-data', 'no data for 2000 ms', 100);
    teller.become('waiting', 'no-data', 'no picture for 2000 ms', 200);
    expect([teller.text, teller.sinceMs]).toEqual(['no picture for 2000 ms', 100]);
  });
  it('of somebody who tries a thousand keys once a minute', () => {
    const { teller, events } = told();
    for (let nowMs = 0; nowMs < 150_000; nowMs += 150) teller.refused('bad-secret', 'a wrong key', nowMs);
    expect(events).toEqual(Array(3).fill('warning input.refused  bad-secret'));
  });
});
