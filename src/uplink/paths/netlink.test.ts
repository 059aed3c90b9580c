import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listRequest, parseMessages } from './netlink.ts';
import { InterfaceTable } from './table.ts';

/** A message of rtnetlink(7): header, body, attributes, each padded to four bytes. */
function message(type: number, body: Buffer, attributes: [number, Buffer][]): Buffer {
  const parts = attributes.flatMap(([kind, value]) => {
    const head = Buffer.alloc(4);
    head.writeUInt16LE(4 + value.length, 0);
    head.writeUInt16LE(kind, 2);
    return [head, value, Buffer.alloc((4 - (value.length % 4)) % 4)];
  });
  const head = Buffer.alloc(16);
  const whole = Buffer.concat([head, body, ...parts]);
  whole.writeUInt32LE(whole.length, 0);
  whole.writeUInt16LE(type, 4);
  return whole;
}

function link(index: number, name: string, flags: number, type = 16): Buffer {
  const body = Buffer.alloc(16);
  body.writeInt32LE(index, 4);
  body.writeUInt32LE(flags, 8);
  return message(type, body, [[3, Buffer.from(`${name}\0`)]]);
}

function address(index: number, bytes: number[], { type = 20, scope = 0, flags = 0x80 } = {}): Buffer {
  const body = Buffer.from([bytes.length === 4 ? 2 : 10, 24, flags & 0xff, scope, 0, 0, 0, 0]);
  body.writeUInt32LE(index, 4);
  const word = Buffer.alloc(4);
  word.writeUInt32LE(flags);
  const own = Buffer.from(bytes);
  return message(
    type,
    body,
    bytes.length === 4
      ? [
          [1, Buffer.from([10, 0, 0, 1])],
          [2, own],
          [8, word],
        ]
      : [
          [1, own],
          [8, word],
        ],
  );
}

const parse = (...parts: Buffer[]) => parseMessages(Buffer.concat(parts), Buffer.concat(parts).length);
const upAndCarrier = 0x1_0043;

describe('messages of rtnetlink', () => {
  it('tell of carrier: both up and something plugged in', () => {
    expect(parse(link(2, 'eth0', upAndCarrier), link(3, 'wwan0', 0x1003), link(4, 'eth1', 0x1_0042))).toEqual([
      { kind: 'link', index: 2, name: 'eth0', carrier: true },
      { kind: 'link', index: 3, name: 'wwan0', carrier: false },
      { kind: 'link', index: 4, name: 'eth1', carrier: false },
    ]);
    expect(parse(link(2, 'eth0', 0, 17))).toEqual([{ kind: 'link-gone', index: 2 }]);
  });

  it('tell of addresses: one’s own of a point-to-point interface, none that is link-local or not proved yet', () => {
    const global = [0x20, 1, 0xd, 0xb8, ...Array<number>(11).fill(0), 7];
    expect(parse(address(2, [192, 0, 2, 7]), address(2, global), address(2, global, { scope: 253 }), address(2, global, { flags: 0x40 }))).toEqual([
      { kind: 'address', index: 2, address: '192.0.2.7' },
      { kind: 'address', index: 2, address: '2001:db8:0:0:0:0:0:7' },
    ]);
    expect(parse(address(2, [192, 0, 2, 7], { type: 21 }))).toEqual([{ kind: 'address-gone', index: 2, address: '192.0.2.7' }]);
  });

  it('end a list, or refuse it', () => {
    expect(parse(message(3, Buffer.alloc(4), []), message(2, Buffer.alloc(20), []))).toEqual([{ kind: 'done' }, { kind: 'error' }]);
  });

  it('may be any bytes', () => {
    const whole = Buffer.concat([link(2, 'eth0', upAndCarrier), address(2, [192, 0, 2, 7])]);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 30 }), fc.nat(whole.length), (changes, length) => {
        const bytes = Buffer.from(whole);
        for (const [at, value] of changes) bytes[at] = value;
        parseMessages(bytes, length);
      }),
      { seed: 5, numRuns: 3000 },
    );
  });

  it('are asked for as the kernel wants it', () => {
    expect(listRequest('links', 1)).toHaveLength(32);
    expect(listRequest('addresses', 2).subarray(0, 12).toString('hex')).toBe('18000000160001030200000'.padEnd(24, '0'));
  });
});

describe('the table of interfaces', () => {
  it('changes with what is news, and says so', () => {
    const table = new InterfaceTable();
    expect(parse(link(2, 'eth0', upAndCarrier)).map((fact) => table.learn(fact))).toEqual([true]);
    expect(parse(link(2, 'eth0', upAndCarrier), address(2, [192, 0, 2, 7]), address(2, [192, 0, 2, 7])).map((fact) => table.learn(fact))).toEqual([
      false,
      true,
      false,
    ]);
    // Loses its carrier, keeps its address.
    for (const fact of parse(link(2, 'eth0', 0x1003))) table.learn(fact);
    expect(table.find('eth0')).toMatchObject({ carrier: false, addresses: new Set(['192.0.2.7']) });
    for (const fact of parse(link(2, 'eth0', 0, 17))) table.learn(fact);
    expect(table.find('eth0')).toBeNull();
  });

  it('forgets what a whole list does not have', () => {
    const [table, fresh] = [new InterfaceTable(), new InterfaceTable()];
    for (const fact of parse(link(2, 'eth0', upAndCarrier), link(3, 'wwan0', upAndCarrier))) table.learn(fact);
    for (const fact of parse(link(2, 'eth0', upAndCarrier))) fresh.learn(fact);
    expect(table.replace(fresh)).toBe(true);
    expect(table.replace(fresh)).toBe(false);
    expect(table.all.map(({ name }) => name)).toEqual(['eth0']);
  });
});
