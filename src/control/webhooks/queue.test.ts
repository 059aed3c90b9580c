import { expect, test } from 'vitest';
import { notice } from '../../model/event.ts';
import { signature } from './post.ts';
import { HookQueue, sameKindEveryMs } from './queue.ts';

const event = (id: number, subject = 'eth', severity: 'warning' | 'clear' = 'warning') => ({
  ...notice({ severity, subject: { kind: 'path', id: subject }, what: 'path.state', reason: 'carrier-lost', text: '' }),
  id,
  seq: id,
  origin: 'media' as const,
  session: 's',
  bootId: 'b',
  monoMs: 0,
  wallMs: null,
});

test('of one kind one a minute goes, and the newest follows with the count', () => {
  const queue = new HookQueue();
  expect(queue.offer(event(1), 0)).toBe(true);
  queue.sent(event(1), 0);
  for (let id = 2; id <= 9; id++) expect(queue.offer(event(id), id * 100)).toBe(false);
  expect(queue.due(sameKindEveryMs - 1)).toBeNull();
  expect(queue.nextMs()).toBe(sameKindEveryMs);
  expect(queue.due(sameKindEveryMs)).toMatchObject({ count: 8, event: { id: 9 } });
  queue.sent(event(9), sameKindEveryMs);
  expect(queue.due(10 * sameKindEveryMs)).toBeNull();
});

test('another path, and the end of it, are not the same kind', () => {
  const queue = new HookQueue();
  queue.sent(event(1), 0);
  expect(queue.offer(event(2, 'lte'), 1)).toBe(true);
  expect(queue.offer(event(3, 'eth', 'clear'), 1)).toBe(true);
});

test('what was held back survives a restart', () => {
  const queue = new HookQueue();
  queue.sent(event(1), 0);
  queue.offer(event(2), 1);
  expect(new HookQueue(queue.held, 500).due(500 + sameKindEveryMs)).toMatchObject({ count: 1, event: { id: 2 } });
});

test('the signature is what openssl makes of the same', () => {
  // printf '1760000000.{}' | openssl dgst -sha256 -hmac secret
  expect(signature('secret', '{}', 1_760_000_000_500)).toBe('t=1760000000,v1=53dc054739ad94d3532227ba8d397f66ed2166a6b66940c2006692fa6db6829f');
});
