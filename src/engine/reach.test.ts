import { describe, expect, it } from 'vitest';
import { type DestinationSeen, decideDestination, initialDestination } from './destination.ts';
import { decidePath, initialPath, type PathSeen } from './path.ts';

describe('the choice of the destination', () => {
  /** @param up whether each is connected once it is called, by time. */
  function run(forMs: number, up: (id: string, nowMs: number) => boolean, ids = ['a', 'b', 'c']) {
    let state = initialDestination;
    const log: string[] = [];
    for (let nowMs = 0; nowMs < forMs; nowMs += 10) {
      const seen = ids.map((id): DestinationSeen => ({ id, connected: (state.calls[id]?.called ?? false) && up(id, nowMs), reason: 'unreachable' }));
      const decision = decideDestination(state, seen, nowMs);
      ({ state } = decision);
      for (const one of decision.commands) log.push(`${nowMs} ${one.kind} ${one.id}${one.kind === 'use' ? ` ${one.reason}` : ''}`);
    }
    return log;
  }

  it('calls the first, and no other while it answers', () => {
    expect(run(60_000, () => true)).toEqual(['0 use a requested', '0 call a']);
  });

  it('calls the next beside one that does not answer, and uses what connects first', () => {
    const log = run(20_000, (id) => id === 'c');
    expect(log).toEqual(['0 use a requested', '0 call a', '2010 call b', '4020 call c', '4030 use c unreachable']);
  });

  it('goes over when a session has been broken for 2 s, and returns by the hold-down over a connection that stands', () => {
    const log = run(60_000, (id, nowMs) => id !== 'a' || nowMs < 10_000 || nowMs >= 20_000);
    expect(log).toEqual(['0 use a requested', '0 call a', '11010 call b', '12010 use b unreachable', '30000 use a preferred', '40000 hang-up b']);
  });

  it('a session that comes back within its grace stays where it is', () => {
    const log = run(60_000, (id, nowMs) => id !== 'a' || nowMs < 10_000 || nowMs >= 11_500);
    expect(log).toEqual(['0 use a requested', '0 call a', '11010 call b', '11500 hang-up b']);
  });
});

describe('the choice of the path', () => {
  const path = (id: string, state: PathSeen['state']): PathSeen => ({ id, state, reason: state === 'failed' ? 'unreachable' : 'connected' });

  it('takes the next when one fails, the preferred again when both have, and never breaks a session for one that nobody probed', () => {
    let state = initialPath;
    const at = (nowMs: number, ...seen: PathSeen[]) => {
      const decision = decidePath(state, seen, nowMs);
      ({ state } = decision);
      return decision.path;
    };
    expect(at(0, path('eth', 'unknown'), path('lte', 'unknown'))).toBe('eth');
    expect(at(10, path('eth', 'carries'), path('lte', 'unknown'))).toBe('eth');
    expect(at(5000, path('eth', 'failed'), path('lte', 'unknown'))).toBe('lte');
    expect(at(5010, path('eth', 'failed'), path('lte', 'carries'))).toBe('lte');
    expect(at(600_000, path('eth', 'unknown'), path('lte', 'carries'))).toBe('lte');
    expect(at(600_010, path('eth', 'works'), path('lte', 'carries'))).toBe('lte');
    expect(at(610_010, path('eth', 'works'), path('lte', 'carries'))).toBe('eth');
    expect(at(620_000, path('eth', 'failed'), path('lte', 'failed'))).toBe('eth');
    expect(at(621_000, path('eth', 'failed'), path('lte', 'unknown'))).toBe('lte');
  });
});
