import { describe, expect, it } from 'vitest';
import type { PeerHandle } from '../../uplink/udp/socket.ts';
import { Groups, groupSilentMsMax, groupsMax, linkSilentMsMax, linksMax, newGroupsASecondMax } from './groups.ts';

const random = (count: number) => Buffer.alloc(count, 0xab);
const asked = (value: number) => {
  const id = Buffer.alloc(256);
  id.writeUInt32BE(value);
  return id;
};
const peer = (key: number) => ({ key, address: '192.0.2.1', port: key, bytes: Buffer.alloc(0), bytesUsed: 0 }) as PeerHandle;

describe('the groups of an SRTLA receiver', () => {
  it('answer the same half with the same group while nobody has joined: the answer may have been lost', () => {
    const groups = new Groups(random);
    expect(groups.register(asked(1), 0)).toBe(groups.register(asked(1), 5));
    expect(groups.all).toHaveLength(1);
  });
  it('bound a flood of registrations a second, and in all', () => {
    const groups = new Groups(random);
    let made = 0;
    for (let i = 0; i < 1000; i++) if (groups.register(asked(i), 10_000) !== null) made++;
    expect(made).toBe(newGroupsASecondMax);
    for (let i = 0; i < 3000; i++) groups.register(asked(1000 + i), 20_000 + i * 100);
    expect(groups.all.length).toBeLessThanOrEqual(groupsMax);
  });
  it('take so many links and no more, and let a link move to another group', () => {
    const groups = new Groups(random);
    const [first, second] = [groups.register(asked(1), 5000), groups.register(asked(2), 5000)];
    if (first === null || second === null) throw new Error('no group');
    for (let i = 0; i < linksMax; i++) expect(groups.join(first, peer(i), 0)).not.toBeNull();
    expect(groups.join(first, peer(99), 0)).toBeNull();
    expect(groups.join(second, peer(3), 0)?.group).toBe(second);
    expect(first.links).toHaveLength(linksMax - 1);
  });
  it('forget links and then groups that have gone silent', () => {
    const groups = new Groups(random);
    const group = groups.register(asked(1), 5000);
    if (group === null) throw new Error('no group');
    groups.join(group, peer(1), 5000);
    expect(groups.expire(5000 + linkSilentMsMax + 1)).toEqual([]);
    expect(groups.links.size).toBe(0);
    expect(groups.expire(5000 + groupSilentMsMax + 1)).toEqual([group]);
    expect(groups.all).toEqual([]);
  });
});
