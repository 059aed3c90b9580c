import { describe, expect, it } from 'vitest';
import { type ChoiceState, initialChoice, type Pin } from './choice.ts';
import { decidePath, initialPath, type PathSeen, withPathPin } from './path.ts';
import { decidePathPin, followPin, noPathPin, type PathPinSeen, type PathPinState, pathPinStatus } from './path-pin.ts';

const works = (id: string): PathSeen => ({ id, state: 'works', reason: 'connected' });
const dead = (id: string, reason: PathSeen['reason'] = 'carrier-lost'): PathSeen => ({ id, state: 'failed', reason });
const unknown = (id: string): PathSeen => ({ id, state: 'unknown', reason: 'connecting' });
const pinOn = (id: string, sinceMs = 0, untilMs: number | null = null): Pin => ({ id, sinceMs, untilMs });
const holdDown = { holdDownMs: 10_000, holdDownMsMax: 300_000 };

/** What the program keeps to, each time that it changes, with `lte` pinned from the beginning. */
function kept(forMs: number, seen: (nowMs: number) => PathSeen[]): string[] {
  let state: ChoiceState = initialChoice;
  let last: string | null = null;
  const log: string[] = [];
  for (let nowMs = 0; nowMs <= forMs; nowMs += 10) {
    const followed = followPin(state, pinOn('lte'), seen(nowMs), nowMs, holdDown);
    ({ state } = followed);
    if (nowMs === 0 || followed.only !== last) log.push(`${nowMs} ${followed.only ?? 'all'}`);
    last = followed.only;
  }
  return log;
}

describe('a pin on a path, in a mode that uses several at once', () => {
  it('is followed at once and for as long as the path works', () => {
    expect(kept(600_000, () => [works('eth'), works('lte')])).toEqual(['0 lte']);
  });

  it('is left in the moment in which the path fails, and followed again after its hold-down', () => {
    const log = kept(60_000, (nowMs) => [works('eth'), nowMs >= 5000 && nowMs < 8000 ? dead('lte') : works('lte')]);
    expect(log).toEqual(['0 lte', '5000 all', '18000 lte']);
  });

  it('on what never works changes nothing: the others are never given up for it', () => {
    expect(kept(600_000, () => [works('eth'), dead('lte')])).toEqual(['0 all']);
    expect(kept(60_000, () => [dead('eth'), dead('lte')])).toEqual(['0 all']);
  });

  it('waits for a path that is only being connected', () => {
    expect(kept(10_000, (nowMs) => [works('eth'), nowMs < 2000 ? unknown('lte') : works('lte')])).toEqual(['0 all', '2000 lte']);
  });

  it('on none of the destination’s paths changes nothing there', () => {
    expect(kept(10_000, () => [works('eth'), works('wifi')])).toEqual(['0 all']);
  });
});

describe('a pin on a path, in standby mode', () => {
  it('takes the program there at once, back after the pin by the hold-down, and away while the path is dead', () => {
    let state = initialPath;
    const log: string[] = [];
    for (let nowMs = 0; nowMs < 90_000; nowMs += 10) {
      if (nowMs === 20_000) state = withPathPin(state, pinOn('lte', nowMs));
      if (nowMs === 60_000) state = withPathPin(state, null);
      const lte = nowMs >= 30_000 && nowMs < 35_000 ? dead('lte', 'path-silent') : works('lte');
      const decision = decidePath(state, [works('eth'), lte], nowMs, holdDown);
      ({ state } = decision);
      if (decision.change !== null) log.push(`${nowMs} ${decision.path} ${decision.change.reason}`);
    }
    expect(log).toEqual(['0 eth preferred', '20000 lte pinned', '30000 eth path-silent', '45000 lte pinned', '60000 eth preferred']);
  });
});

describe('what is told of a pin on a path', () => {
  const at = (does: PathPinSeen['does'], path: PathSeen | null, destination = 'cloud'): PathPinSeen => ({ destination, does, path });

  function told(pin: Pin, forMs: number, seen: (nowMs: number) => PathPinSeen[], deadPinMs = 0): string[] {
    let state: PathPinState = { ...noPathPin, pin };
    const log: string[] = [];
    for (let nowMs = 0; nowMs <= forMs; nowMs += 100) {
      const decision = decidePathPin(state, seen(nowMs), nowMs, deadPinMs);
      ({ state } = decision);
      for (const one of decision.notices) log.push(`${nowMs} ${one.severity} ${one.reason}: ${one.text}`);
    }
    return log;
  }

  it('is nothing while all is well', () => {
    expect(told(pinOn('lte'), 60_000, () => [at('follows', works('lte'))])).toEqual([]);
  });

  it('is once that the path is dead and why, that it has to prove itself, and that all is well again', () => {
    const seen = (nowMs: number) => [nowMs < 5000 ? at('follows', works('lte')) : nowMs < 9000 ? at('others', dead('lte')) : at('others', works('lte'))];
    expect(told(pinOn('lte'), 19_000, (nowMs) => (nowMs < 19_000 ? seen(nowMs) : [at('follows', works('lte'))]))).toEqual([
      '5000 warning pinned-dead: path lte is pinned, but the network interface has no carrier: the other paths carry the program until it works',
      '9000 warning unsteady: path lte is pinned, but failed lately: the other paths carry the program until it has worked for its hold-down',
      '19000 clear recovered: path lte is pinned and carries the program',
    ]);
  });

  it('is that its time is over', () => {
    expect(told(pinOn('lte', 0, 30_000), 60_000, () => [at('follows', works('lte'))])).toEqual([
      '30000 info pin-expired: the pin on lte has run out: the engine chooses again',
    ]);
  });

  it('is that it is taken from a path that has been dead for long, and that clears the warning', () => {
    expect(told(pinOn('lte'), 60_000, () => [at('others', dead('lte'))], 20_000).at(-1)).toBe(
      '20000 clear pin-expired: the pin on lte is over, since lte does not work: the engine chooses again',
    );
  });

  it('names the destination that is not reached over it, whatever the others do', () => {
    const status = pathPinStatus({ ...noPathPin, pin: pinOn('lte') }, [at('follows', works('lte')), at('others', null, 'second')], 0);
    expect(status).toMatchObject({ path: 'lte', reason: 'pinned-dead', text: expect.stringContaining('second is not reached over it') });
  });

  it('says where a mode chooses by itself', () => {
    const status = pathPinStatus({ ...noPathPin, pin: pinOn('lte') }, [at('cannot', null)], 0);
    expect(status).toMatchObject({ reason: 'unsupported', text: 'path lte is pinned, but the mode of cloud chooses among its paths by itself' });
  });
});
