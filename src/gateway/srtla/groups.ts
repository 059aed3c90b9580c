/** What an SRTLA receiver knows of its senders: groups, their links, and how long each is kept. Pure but for the random half of an id. */
import { timingSafeEqual } from 'node:crypto';
import { ackSequences, groupIdBytes, senderIdBytes } from '../../uplink/srtla/wire.ts';
import type { PeerHandle, PeerKey, UdpBatchSocket } from '../../uplink/udp/socket.ts';

export const groupsMax = 200;
export const linksMax = 16;
/** As deployed receivers do: a phone that was in a lift comes back within it. */
export const linkSilentMsMax = 10_000;
export const groupSilentMsMax = 15_000;
/** REG1 is answered before anything is known of its sender: floods of it are bounded by making few new groups a second. */
export const newGroupsASecondMax = 20;

export interface ReceiverLink {
  peer: PeerHandle;
  group: Group;
  heardMs: number;
  /** Sequence numbers that came over this link and were not told of yet. */
  sequences: Int32Array;
  sequenceCount: number;
  packets: number;
  bytes: number;
}

export interface Group {
  id: Buffer;
  links: ReceiverLink[];
  /** Towards the SRT listener, which tells groups apart by its port. */
  socket: UdpBatchSocket | null;
  lastHeard: ReceiverLink | null;
  heardMs: number;
  lastAckNumber: number;
}

export class Groups {
  readonly all: Group[] = [];
  readonly links = new Map<PeerKey, ReceiverLink>();
  readonly #randomBytes: (count: number) => Buffer;
  #secondMs = 0;
  #newThisSecond = 0;

  constructor(randomBytes: (count: number) => Buffer) {
    this.#randomBytes = randomBytes;
  }

  /** A group for the sender's half of an id, or null when there is no room. The same half asked again gets the same group: the answer was lost. */
  register(asked: Buffer, nowMs: number): Group | null {
    const half = asked.subarray(0, senderIdBytes);
    const known = this.all.find((group) => group.links.length === 0 && timingSafeEqual(group.id.subarray(0, senderIdBytes), half));
    if (known !== undefined) return known;
    if (nowMs - this.#secondMs >= 1000) {
      this.#secondMs = nowMs;
      this.#newThisSecond = 0;
    }
    if (this.all.length >= groupsMax || ++this.#newThisSecond > newGroupsASecondMax) return null;
    const group: Group = {
      id: Buffer.concat([half, this.#randomBytes(groupIdBytes - senderIdBytes)]),
      links: [],
      socket: null,
      lastHeard: null,
      heardMs: nowMs,
      lastAckNumber: -1,
    };
    this.all.push(group);
    return group;
  }

  find(id: Buffer): Group | null {
    return this.all.find((group) => timingSafeEqual(group.id, id)) ?? null;
  }

  /** The link of `peer` in `group`, made where it is new; null when the group is full. */
  join(group: Group, peer: PeerHandle, nowMs: number): ReceiverLink | null {
    const known = this.links.get(peer.key);
    if (known !== undefined && known.group === group) return known;
    if (group.links.length >= linksMax) return null;
    if (known !== undefined) this.#remove(known);
    const link: ReceiverLink = { peer, group, heardMs: nowMs, sequences: new Int32Array(ackSequences), sequenceCount: 0, packets: 0, bytes: 0 };
    group.links.push(link);
    this.links.set(peer.key, link);
    return link;
  }

  /** Forgets what has been silent for too long. Returns the groups that are gone, whose sockets are to be closed. */
  expire(nowMs: number): Group[] {
    for (const link of [...this.links.values()]) if (nowMs - link.heardMs > linkSilentMsMax) this.#remove(link);
    const gone = this.all.filter((group) => nowMs - group.heardMs > groupSilentMsMax);
    for (const group of gone) {
      for (const link of [...group.links]) this.#remove(link);
      this.all.splice(this.all.indexOf(group), 1);
    }
    return gone;
  }

  #remove(link: ReceiverLink): void {
    const { group } = link;
    group.links.splice(group.links.indexOf(link), 1);
    if (group.lastHeard === link) group.lastHeard = group.links[0] ?? null;
    this.links.delete(link.peer.key);
  }
}
