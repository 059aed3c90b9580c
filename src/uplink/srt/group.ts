/**
 * Members of a libsrt socket group: adding one that is held to a network interface, and what each does. Layouts are those of
 * `SRT_SOCKGROUPCONFIG` and `SRT_SOCKGROUPDATA` in srt.h of libsrt 1.5 (LP64: the same on x86_64 and arm64), tested against the C compiler.
 *
 * libsrt makes a member's socket itself, so it cannot be handed one that is bound to a device. But sockets on one local port share one UDP
 * socket: a socket of ours that never connects (the anchor) takes the bound one over, and the member is bound to the anchor's port.
 */

import { AF_INET, AF_INET6 } from '../../net/libc.ts';
import { addressAt, encodeAddress, familyOf, portAt, sockaddrStride } from '../udp/address.ts';
import { closeHandle } from './closing.ts';
import { lastError, SrtError } from './errors.ts';
import { srtLibrary } from './library.ts';
import { fixedMemory } from './memory.ts';
import { SrtSocket } from './socket.ts';
import { readStats, type SrtStats, statAddress } from './stats.ts';

/** Bytes from the start of `SRT_SOCKGROUPCONFIG`; `sockaddr_storage` has 128. */
export const memberConfig = { id: 0, source: 8, peer: 136, weight: 264, config: 272, error: 280, token: 284, bytes: 288 } as const;
/** Bytes from the start of `SRT_SOCKGROUPDATA`. */
export const memberData = { id: 0, peer: 8, socketState: 136, weight: 140, memberState: 144, result: 148, token: 152, bytes: 160 } as const;

/** As many as there may be paths. */
const membersMax = 16;
const joining = fixedMemory(memberConfig.bytes);
const listing = fixedMemory(membersMax * memberData.bytes + 8);
const listingCount = membersMax * memberData.bytes;

/** pending: is connecting. idle: connected, carries nothing now. running: carries the program. broken: is being taken out. */
export type MemberState = 'pending' | 'idle' | 'running' | 'broken';
const memberStates: readonly MemberState[] = ['pending', 'idle', 'running', 'broken'];

export interface MemberPlan {
  remote: { address: string; port: number };
  /** Network interface; null: the routing table chooses. */
  device: string | null;
  /** 0 to 32767; in a backup group the greatest that works carries the program. */
  weight: number;
}

export interface MemberView {
  handle: number;
  state: MemberState;
  peer: { address: string; port: number };
}

/** One connection of a group, from being called until it is closed or has broken. */
export class GroupMember {
  readonly handle: number;
  readonly #anchor: SrtSocket | null;

  /** Starts connecting and returns. @throws SrtError with the system's code (ENODEV …) where the interface cannot be used. */
  static join(group: SrtSocket, { remote, device, weight }: MemberPlan): GroupMember {
    const family = familyOf(remote.address);
    const peer = family === null ? null : encodeAddress(family, remote.address, remote.port);
    if (family === null || peer === null) throw new SrtError('EINVPARAM', `${remote.address} port ${remote.port} is not an IP address and a port`);
    const anchor = device === null ? null : openAnchor(device, remote.address);
    const source = encodeAddress(family, family === AF_INET ? '0.0.0.0' : '::', anchor?.localPort() ?? 0);
    const { bytes, address } = joining;
    bytes.fill(0);
    bytes.writeInt32LE(-1, memberConfig.id);
    source?.copy(bytes, memberConfig.source);
    peer.copy(bytes, memberConfig.peer);
    bytes.writeUInt16LE(weight, memberConfig.weight);
    bytes.writeInt32LE(-1, memberConfig.token);
    const made = srtLibrary().functions.connect_group(group.handle, address, 1);
    const handle = bytes.readInt32LE(memberConfig.id);
    if (made < 0 || handle < 0) {
      const error = lastError(`call ${remote.address} port ${remote.port} as a member of a group`);
      void anchor?.close();
      throw error;
    }
    return new GroupMember(handle, anchor);
  }

  private constructor(handle: number, anchor: SrtSocket | null) {
    this.handle = handle;
    this.#anchor = anchor;
  }

  /** Null while it is not connected. */
  stats(): SrtStats | null {
    return srtLibrary().functions.bistats(this.handle, statAddress, 0, 1) < 0 ? null : readStats();
  }

  /** Takes it out of the group. One that libsrt has taken out already is no error. */
  async close(): Promise<void> {
    await closeHandle(this.handle);
    await this.#anchor?.close();
  }
}

/** The members that `group` has now; one that broke is there no more. */
export function groupMembers(group: SrtSocket): MemberView[] {
  if (group.handle < 0) return [];
  listing.bytes.writeBigUInt64LE(BigInt(membersMax), listingCount);
  const count = srtLibrary().functions.group_data(group.handle, listing.address, listing.address + listingCount);
  return Array.from({ length: Math.max(0, Math.min(count, membersMax)) }, (_, index) => {
    const at = index * memberData.bytes;
    const family = listing.bytes.readUInt16LE(at + memberData.peer);
    const name = listing.bytes.subarray(at + memberData.peer, at + memberData.peer + sockaddrStride);
    return {
      handle: listing.bytes.readInt32LE(at + memberData.id),
      state: memberStates[listing.bytes.readInt32LE(at + memberData.memberState)] ?? 'broken',
      peer: family === AF_INET || family === AF_INET6 ? { address: addressAt(name, 0), port: portAt(name, 0) } : { address: '', port: 0 },
    };
  });
}

function openAnchor(device: string, towards: string): SrtSocket {
  const anchor = SrtSocket.open();
  try {
    anchor.bindToDevice(device, towards);
  } catch (error) {
    void anchor.close();
    throw error;
  }
  return anchor;
}
