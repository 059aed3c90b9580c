import { describe, expect, it } from 'vitest';
import { parseFault } from './faults.ts';

describe('a fault on schedule', () => {
  it.each([
    ['10s path eth down', 10_000, { kind: 'path', path: 'eth', change: { down: true } }],
    ['500ms path lte loss 12.5%', 500, { kind: 'path', path: 'lte', change: { lossPercent: 12.5 } }],
    ['1m path lte delay 200ms', 60_000, { kind: 'path', path: 'lte', change: { delayMs: 200 } }],
    ['3s path eth rate 300kbit', 3000, { kind: 'path', path: 'eth', change: { rateKbps: 300 } }],
    ['25s kill media', 25_000, { kind: 'process', process: 'media', action: 'kill' }],
  ])('reads %s', (text, atMs, fault) => {
    expect(parseFault(text)).toMatchObject({ atMs, fault });
  });
  it.each([
    '',
    '10s',
    'path eth down',
    '10s path wifi down',
    '10s path eth loss',
    '10s path eth loss 200%',
    '10s kill everything',
    '10s path eth down now',
    '10 kill media',
  ])('refuses "%s" and says what is allowed', (text) => {
    expect(() => parseFault(text)).toThrow(/path eth\|lte down/);
  });
});
