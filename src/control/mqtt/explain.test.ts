import { expect, test } from 'vitest';
import { explainBroker } from './explain.ts';

const where = 'broker.example.net:8883';
const explain = (code: string | number | null) => explainBroker(code === null ? null : { code }, where, { tls: true });

test.each([
  ['ECONNREFUSED', 'broker-lost', 'is it running'],
  ['ENOTFOUND', 'name-unresolved', 'resolved'],
  ['ETIMEDOUT', 'unreachable', 'does not answer'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'certificate-refused', 'caFile'],
  ['CERT_HAS_EXPIRED', 'certificate-refused', 'clock'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'certificate-refused', 'another host name'],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'certificate-refused', 'certFile'],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'certificate-refused', 'certFile'],
  [0x86, 'not-authorised', 'password'],
  [4, 'not-authorised', 'password'],
  [0x87, 'not-authorised', 'access control'],
  [5, 'not-authorised', 'access control'],
  [0x8e, 'rejected', 'second box'],
  [null, 'broker-lost', 'ended'],
] as const)('%s is told as %s, with what to do', (code, reason, words) => {
  const { reason: told, text } = explain(code);
  expect(told).toBe(reason);
  expect(text).toContain(words);
  expect(text).toContain(where);
});

test('a time-out of the library and the first of several attempts are understood', () => {
  expect(explainBroker(new Error('connack timeout'), where, { tls: false }).reason).toBe('unreachable');
  expect(explainBroker({ errors: [{ code: 'ECONNREFUSED' }, { code: 'ENETUNREACH' }] }, where, { tls: false }).reason).toBe('broker-lost');
});
