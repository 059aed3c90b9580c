/** Socket groups of the real libsrt, both ends in this process: only where it was built with them (`./tandem srt-bonding`). */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { GroupMember, groupMembers, memberConfig, memberData } from '../../src/uplink/srt/group.ts';
import { bondingLibrary, srtLibrary } from '../../src/uplink/srt/library.ts';
import { ReceiveBatch } from '../../src/uplink/srt/memory.ts';
import { SrtSocket } from '../../src/uplink/srt/socket.ts';
import { Place, until } from './processes.ts';

const place = new Place();
afterAll(() => place.end());
const open: { close(): Promise<void> }[] = [];
const keep = <T extends { close(): Promise<void> }>(one: T): T => {
  open.push(one);
  return one;
};
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

const batch = new ReceiveBatch();
const payload = (n: number): Buffer => {
  const bytes = Buffer.alloc(1316);
  bytes.writeUInt32BE(n);
  return bytes;
};

async function connect(type: 'broadcast' | 'backup', host: string, device: string | null) {
  const listener = keep(SrtSocket.open({ latencyMs: 120, acceptGroups: true, passphrase: 'a-good-passphrase' }));
  listener.bind(host, 0);
  listener.listen(8);
  const group = keep(SrtSocket.openGroup(type, { latencyMs: 120, streamId: 'cam-7', passphrase: 'a-good-passphrase', connectTimeoutMs: 20_000 }));
  const remote = { address: host, port: listener.localPort() };
  const join = (weight: number) => keep(GroupMember.join(group, { remote, device, weight }));
  const members = [join(20), join(10)] as const;
  const accepted = keep(await until('the group', () => listener.accept()));
  await until('both members', () => groupMembers(group).filter(({ state }) => state !== 'pending').length === 2);
  return { listener, group, members, accepted, join };
}

/** Sends `count` numbered payloads and takes what comes out; `during` happens after half of them. */
async function carry(group: SrtSocket, accepted: SrtSocket, count: number, during: () => void, first = 0): Promise<number[]> {
  const got: number[] = [];
  const take = () => {
    for (let received = accepted.receive(batch); received > 0; received = accepted.receive(batch))
      for (let i = 0; i < received; i++) got.push(batch.bytes.readUInt32BE(batch.offsetOf(i)));
  };
  for (let n = 0; n < count; n++) {
    if (n === count >> 1) during();
    expect(group.send(payload(first + n), 0, 1316)).toBe('sent');
    if (n % 4 !== 3) continue;
    await new Promise((resolve) => setTimeout(resolve, 5));
    take();
  }
  await until('all payloads', () => {
    take();
    return got.length >= count;
  });
  return got;
}

// One line of skipping, not one a test: there is one reason.
if (srtLibrary().bonding) describe('a group of SRT sockets', groups);
else it('a group of SRT sockets, and the modes broadcast and backup', (context) => context.skip('needs libsrt with bonding: ./tandem srt-bonding builds it'));

function groups(): void {
  it.each([
    ['backup', '127.0.0.1'],
    ['broadcast', '127.0.0.1'],
    ['backup', '::1'],
    ['broadcast', '::1'],
  ] as const)('(%s to %s, held to an interface) loses nothing when the less preferred member is closed, and takes it in again', async (type, host) => {
    const { group, members, accepted, join } = await connect(type, host, 'lo');
    expect(accepted.isGroup).toBe(true);
    expect(accepted.streamId()).toBe('cam-7');
    const got = await carry(group, accepted, 800, () => void members[1].close());
    expect(got).toEqual(Array.from({ length: 800 }, (_, n) => n));
    expect(groupMembers(group).map(({ handle }) => handle)).toEqual([members[0].handle]);
    const again = join(30);
    await until('the new member', () => groupMembers(group).some(({ handle, state }) => handle === again.handle && state !== 'pending'));
    expect(again.stats()?.rttMs).toBeGreaterThan(0);
  });

  it('sends over one member in backup, over each in broadcast', async () => {
    for (const [type, running] of [
      ['backup', ['idle', 'running']],
      ['broadcast', ['running', 'running']],
    ] as const) {
      const { group, accepted } = await connect(type, '127.0.0.1', null);
      const states = () =>
        groupMembers(group)
          .map(({ state }) => state)
          .sort();
      // While a machine stands still libsrt takes the idle one in, and lets it rest again once the other has proved itself for a while.
      let sent = 0;
      do {
        await carry(group, accepted, 100, () => undefined, sent);
        sent += 100;
      } while (sent < 10_000 && states().join() !== running.join());
      expect(states()).toEqual(running);
    }
  });

  it('says which interface is missing, and survives every use after its end', async () => {
    const { group, members } = await connect('backup', '127.0.0.1', null);
    expect(() => GroupMember.join(group, { remote: { address: '127.0.0.1', port: 9 }, device: 'nosuch0', weight: 1 })).toThrow(
      expect.objectContaining({ code: 'ENODEV' }),
    );
    await members[0].close();
    await members[0].close();
    expect(members[0].stats()).toBeNull();
    await group.close();
    expect([groupMembers(group), group.state(), group.send(payload(1), 0, 1316)]).toEqual([[], 'closed', 'broken']);
  });

  it('has the layout that the C compiler gives it', () => {
    const fields = [
      ...Object.entries({ id: 'id', source: 'srcaddr', peer: 'peeraddr', weight: 'weight', config: 'config', error: 'errorcode', token: 'token' }).map(
        ([ours, theirs]) => [memberConfig[ours as keyof typeof memberConfig], `offsetof(SRT_SOCKGROUPCONFIG, ${theirs})`] as const,
      ),
      ...Object.entries({
        id: 'id',
        peer: 'peeraddr',
        socketState: 'sockstate',
        weight: 'weight',
        memberState: 'memberstate',
        result: 'result',
        token: 'token',
      }).map(([ours, theirs]) => [memberData[ours as keyof typeof memberData], `offsetof(SRT_SOCKGROUPDATA, ${theirs})`] as const),
      [memberConfig.bytes, 'sizeof(SRT_SOCKGROUPCONFIG)'],
      [memberData.bytes, 'sizeof(SRT_SOCKGROUPDATA)'],
      [57, 'SRTO_GROUPCONNECT'],
      [58, 'SRTO_GROUPMINSTABLETIMEO'],
    ] as const;
    const source = place.path('layout.cpp');
    const asserts = fields.map(([ours, theirs]) => `static_assert(${theirs} == ${ours}, "${theirs.replaceAll('"', '')}");`);
    writeFileSync(source, `#define ENABLE_BONDING 1\n#include <cstddef>\n#include <srt.h>\n${asserts.join('\n')}\nint main() {}\n`);
    execFileSync('g++', ['-fsyntax-only', '-I', join(dirname(bondingLibrary), 'include'), source], { stdio: ['ignore', 'ignore', 'pipe'] });
  });
}
