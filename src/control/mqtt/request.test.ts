import fc from 'fast-check';
import { expect, test } from 'vitest';
import { commandSchema } from '../../model/command.ts';
import { type Incoming, readRequest } from './request.ts';

const root = 'tandem/v1/box7/';
const nowMs = 1_760_000_000_000;
const incoming = (name: string, body: unknown, more: Partial<Incoming> = {}): Incoming => ({
  name,
  payload: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  retained: false,
  responseTopic: null,
  correlationData: null,
  expirySeconds: null,
  ...more,
});
const read = (one: Incoming, wallMs: number | null = nowMs) => readRequest(one, root, wallMs);

test('arguments are separated from what belongs to the request', () => {
  const request = read(incoming('pin-input', { input: 'cam1', correlation: 'a', by: 'anna', responseTopic: 'desk/x' }));
  expect(request).toMatchObject({ args: { input: 'cam1' }, refusal: null, correlation: 'a', by: 'anna', replyTo: 'desk/x' });
});

test('properties of the packet win over the payload', () => {
  const request = read(incoming('stop', { correlation: 'b', responseTopic: 'desk/b' }, { responseTopic: 'desk/a', correlationData: Buffer.from('a') }));
  expect(request).toMatchObject({ correlation: 'a', replyTo: 'desk/a' });
});

test('correlation data that is no text comes back as hexadecimal', () => {
  expect(read(incoming('stop', '', { correlationData: Buffer.from([0, 255]) })).correlation).toBe('00ff');
});

test('a command with an expiry is refused late, and while nobody knows the time', () => {
  expect(read(incoming('stop', { expiresAt: nowMs })).refusal?.reason).toBe('expired');
  expect(read(incoming('stop', { expiresAt: nowMs + 1 })).refusal).toBeNull();
  expect(read(incoming('stop', { expiresAt: nowMs + 1 }), null).refusal?.reason).toBe('clock-unset');
  expect(read(incoming('stop', {}, { expirySeconds: 0 })).refusal?.reason).toBe('expired');
});

test.each(['#', 'a/+/b', '$SYS/x', 'a\u0000b', `${root}cmd/stop`, `${root}status`, 'tandem/v1/other/cmd/stop', 'x'.repeat(257)])(
  'the response topic %j is never used',
  (topic) => {
    expect(read(incoming('stop', '', { responseTopic: topic }))).toMatchObject({ replyTo: null, args: null, refusal: { ok: false, reason: 'invalid' } });
    expect(read(incoming('stop', { responseTopic: topic })).replyTo).toBeNull();
  },
);

test('whatever comes, it never throws, and what it lets through is a valid command', () => {
  const names = fc.oneof(fc.constantFrom('start', 'stop', 'pin-input', 'set-bitrate', '__proto__', 'constructor', 'toString'), fc.string());
  const bodies = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc.json().map((text) => Buffer.from(text)),
    fc
      .record({ input: fc.anything(), kbps: fc.anything(), by: fc.anything(), correlation: fc.anything(), expiresAt: fc.anything() }, { requiredKeys: [] })
      .map((body) => {
        try {
          return Buffer.from(JSON.stringify(body));
        } catch {
          return Buffer.alloc(0);
        }
      }),
  );
  fc.assert(
    fc.property(names, bodies, fc.boolean(), fc.option(fc.string()), (name, payload, retained, responseTopic) => {
      const request = read({ name, payload, retained, responseTopic, correlationData: null, expirySeconds: null });
      expect(request.args === null).toBe(request.refusal !== null);
      if (request.args === null) return;
      expect(retained).toBe(false);
      expect(commandSchema.safeParse({ ...request.args, name }).success).toBe(true);
    }),
    { numRuns: 2000 },
  );
});
