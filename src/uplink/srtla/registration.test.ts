import { expect, it } from 'vitest';
import { Registration } from './registration.ts';

const counting = () => {
  let value = 0;
  return (count: number) => Buffer.alloc(count, ++value);
};

it('takes the id that the receiver completes, once, and only in answer to its own half', () => {
  const registration = new Registration(counting());
  const answer = Buffer.concat([registration.toSend.subarray(0, 128), Buffer.alloc(128, 0xee)]);
  expect(registration.offered(Buffer.alloc(256, 9))).toBe(false);
  expect(registration.offered(answer.subarray(0, 200))).toBe(false);
  expect(registration.offered(answer)).toBe(true);
  expect(registration.toSend.equals(answer)).toBe(true);
  expect(registration.offered(answer)).toBe(false);
});

it('asks with another id after the receiver has forgotten the group', () => {
  const registration = new Registration(counting());
  const first = Buffer.from(registration.toSend);
  registration.offered(Buffer.concat([first.subarray(0, 128), Buffer.alloc(128)]));
  registration.forgotten();
  expect(registration.id).toBeNull();
  expect(registration.toSend.equals(first)).toBe(false);
});
