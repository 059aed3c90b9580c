import { expect, test } from 'vitest';
import type { CommandReply } from '../../model/command.ts';
import { Newest } from './newest.ts';

const done: CommandReply = { ok: true, reason: 'requested', text: 'done' };

test('of settings that wait the newest is looked at, and the others are answered at once', async () => {
  const turns: (() => Promise<void>)[] = [];
  const looked: string[] = [];
  const newest = new Newest<string>(
    (work) => turns.push(work),
    async (what) => {
      looked.push(what);
      return done;
    },
  );
  const replies = [1, 3, 2].map((rev) => newest.add(rev, `settings ${rev}`));
  expect(await replies[0]).toMatchObject({ ok: false, reason: 'outdated' });
  expect(await replies[2]).toMatchObject({ ok: false, reason: 'outdated' });
  expect(turns).toHaveLength(1);
  await turns.shift()?.();
  expect(await replies[1]).toEqual(done);
  expect(looked).toEqual(['settings 3']);
});

test('the same number twice is looked at once, and one that comes later has its own turn', async () => {
  const turns: (() => Promise<void>)[] = [];
  const newest = new Newest<number>(
    (work) => turns.push(work),
    async () => done,
  );
  const [first, second] = [newest.add(7, 1), newest.add(7, 2)];
  expect(await first).toMatchObject({ reason: 'outdated' });
  await turns.shift()?.();
  expect(await second).toEqual(done);
  void newest.add(8, 3);
  expect(turns).toHaveLength(1);
});
