import { expect, test } from 'vitest';

interface Verdict {
  title: string;
  tone: string;
  why: string;
  but: string[];
}

// Plain JavaScript for browsers, without types.
const { verdict } = (await import(new URL('./verdict.js', import.meta.url).href)) as {
  verdict(box: unknown, reasons: Record<string, string>, droppedLately?: number): Verdict;
};

const reasons = { 'carrier-lost': 'the network interface has no carrier', 'frozen-picture': 'the picture does not change' };

function box(change: { program?: object; cam1?: object; backup?: object; eth?: object } = {}): unknown {
  return {
    media: { state: 'connected', text: '' },
    status: {
      program: { state: 'on-air', text: 'the program is on air', input: 'cam1', pinned: null, destination: 'cloud', ...change.program },
      inputs: [
        { id: 'cam1', state: 'running', reason: 'started', text: 'cam1 delivers pictures', ...change.cam1 },
        { id: 'backup', state: 'running', reason: 'started', text: 'backup delivers pictures', ...change.backup },
      ],
      paths: [
        { id: 'eth', destination: 'cloud', state: 'up', reason: 'started', ...change.eth },
        { id: 'lte', destination: 'cloud', state: 'up', reason: 'started' },
      ],
    },
  };
}
const judge = (change: Parameters<typeof box>[0], dropped = 0): string[] => {
  const { title, tone, why, but } = verdict(box(change), reasons, dropped);
  return [title, tone, why, ...but];
};

test('when all is well it says that viewers get a good picture, and nothing else', () => {
  expect(judge({})).toEqual(['On air', 'good', 'viewers get a good picture from cam1']);
});

test('a lost reserve is told apart from what viewers see', () => {
  expect(judge({ eth: { state: 'down', reason: 'carrier-lost' }, backup: { state: 'waiting', text: 'no sender has connected yet' } })).toEqual([
    'On air',
    'warn',
    'viewers get a good picture from cam1, but not all is well',
    'backup does not work: no sender has connected yet',
    'eth is down: the network interface has no carrier',
  ]);
});

test('the backup on air is told with what the preferred input lacks', () => {
  expect(judge({ program: { input: 'backup' }, cam1: { state: 'degraded', text: 'cam1: the picture is black' } })).toEqual([
    'On air',
    'warn',
    'viewers get a good picture from backup, but not all is well',
    'backup is shown instead of cam1: the picture is black',
  ]);
});

test('a frozen picture on air is bad, though everything runs', () => {
  expect(judge({ cam1: { state: 'degraded', reason: 'frozen-picture', text: 'cam1: the picture does not change' } })).toEqual([
    'On air',
    'bad',
    'viewers get cam1, but the picture does not change',
  ]);
});

test('the slate on air is no good picture', () => {
  expect(judge({ program: { input: 'slate' }, cam1: { state: 'waiting', text: 'the camera is gone' } })).toEqual([
    'Slate',
    'bad',
    'viewers see the slate: no input works',
    'slate is shown instead of cam1: the camera is gone',
  ]);
});

test('packets that came too late are damage that viewers see', () => {
  expect(judge({}, 12)[2]).toBe('viewers get cam1 with damage: 12 packets came too late in the last 10 s');
});

test('without the media daemon nothing is known', () => {
  expect(verdict({ media: { state: 'waiting', text: 'media does not answer' }, status: null }, reasons)).toMatchObject({ title: 'Not known', tone: 'unknown' });
});
