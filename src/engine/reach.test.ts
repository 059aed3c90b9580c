import { describe, expect, it } from 'vitest';
import { type DestinationSeen, decideDestination, defaultDestinationChoice, initialDestination } from './destination.ts';
import { decidePath, initialPath, type PathSeen } from './path.ts';

describe('the choice of the destination', () => {
  /** @param up whether each is connected once it is called, by time. */
  function run(forMs: number, up: (id: string, nowMs: number) => boolean, how: DestinationSeen['state'] = 'broken', config = defaultDestinationChoice) {
    const ids = ['a', 'b', 'c'];
    let state = initialDestination;
    const log: string[] = [];
    for (let nowMs = 0; nowMs < forMs; nowMs += 10) {
      const seen = ids.map((id, index): DestinationSeen => {
        const works = (state.calls[id]?.called ?? false) && up(id, nowMs);
        return { id, state: works ? 'works' : how, reason: 'unreachable', score: 100 - 40 * index };
      });
      const decision = decideDestination(state, seen, nowMs, config);
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

  it('calls the next soon after a session breaks, goes over when that lasts, and returns by the hold-down over a connection that stands', () => {
    const log = run(60_000, (id, nowMs) => id !== 'a' || nowMs < 10_000 || nowMs >= 20_000);
    expect(log).toEqual(['0 use a requested', '0 call a', '10210 call b', '10510 use b unreachable', '30000 use a preferred', '40000 hang-up b']);
  });

  it('a session that comes back within its grace stays where it is', () => {
    const log = run(60_000, (id, nowMs) => id !== 'a' || nowMs < 10_000 || nowMs >= 10_400);
    expect(log).toEqual(['0 use a requested', '0 call a', '10210 call b', '10400 hang-up b']);
  });

  it('goes over from one that is silent as soon as the next stands: the verdict has had its grace', () => {
    const log = run(15_000, (id, nowMs) => id !== 'a' || nowMs < 10_000, 'silent');
    expect(log).toEqual(['0 use a requested', '0 call a', '10010 call b', '10020 use b unreachable']);
  });

  it('has the program elsewhere with the next packet where all are kept connected, and hangs none up', () => {
    const config = { ...defaultDestinationChoice, spare: 'connected' as const };
    const log = run(60_000, (id, nowMs) => id !== 'a' || nowMs < 10_000 || nowMs >= 20_000, 'silent', config);
    expect(log).toEqual(['0 use a requested', '0 call a', '0 call b', '0 call c', '10000 use b unreachable', '30000 use a preferred']);
  });

  it('gives the first its first call where all are called at once', () => {
    const config = { ...defaultDestinationChoice, spare: 'connected' as const };
    const called = ['0 use a requested', '0 call a', '0 call b', '0 call c'];
    expect(run(10_000, (id, nowMs) => id !== 'a' || nowMs >= 1500, 'broken', config)).toEqual(called);
    expect(run(10_000, (id) => id !== 'a', 'broken', config)).toEqual([...called, '2010 use b unreachable']);
  });

  it('goes by score to the best one that works', () => {
    const config = { ...defaultDestinationChoice, mode: 'active' as const, marginPoints: 15 };
    const log = run(60_000, (id, nowMs) => id === 'c' || nowMs >= 20_000, 'broken', config);
    expect(log).toEqual(['0 use a requested', '0 call a', '0 call b', '0 call c', '10 use c unreachable', '30000 use a better-score']);
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
