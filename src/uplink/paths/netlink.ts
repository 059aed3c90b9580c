/**
 * Messages of rtnetlink(7) about interfaces and addresses. Pure: bytes in, facts out. Integers are in host byte order, which is
 * little-endian on both architectures; whatever is malformed is passed over.
 */

export type LinkFact =
  /** RTM_NEWLINK. `carrier`: up, and something is plugged in (IFF_UP and IFF_LOWER_UP). */
  | { kind: 'link'; index: number; name: string; carrier: boolean }
  /** RTM_DELLINK. */
  | { kind: 'link-gone'; index: number }
  /** RTM_NEWADDR, RTM_DELADDR. Link-local IPv6 addresses and those not proved to be unique are not told. */
  | { kind: 'address' | 'address-gone'; index: number; address: string }
  /** The kernel's list is complete (NLMSG_DONE), or it refused (NLMSG_ERROR). */
  | { kind: 'done' }
  | { kind: 'error' };

const headerBytes = 16; // nlmsghdr
const type = { error: 2, done: 3, newLink: 16, delLink: 17, getLink: 18, newAddress: 20, delAddress: 21, getAddress: 22 } as const;
const linkBytes = 16; // ifinfomsg
const addressBytes = 8; // ifaddrmsg
const attribute = { interfaceName: 3, address: 1, localAddress: 2, addressFlags: 8 } as const;
const flagUp = 0x1;
const flagLowerUp = 0x1_0000;
/** IFA_F_TENTATIVE and IFA_F_DADFAILED: the address may not be used yet, or at all. */
const addressUnproved = 0x40 | 0x08;
const scopeLink = 253;
const familyInet6 = 10;

/** The groups that a socket must be bound to: RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR. */
export const watchedGroups = 0x1 | 0x10 | 0x100;

/** Asks for the whole list (NLM_F_REQUEST | NLM_F_DUMP); the kernel answers one such question at a time. */
export function listRequest(what: 'links' | 'addresses', sequence: number): Buffer {
  const bytes = Buffer.alloc(headerBytes + (what === 'links' ? linkBytes : addressBytes));
  bytes.writeUInt32LE(bytes.length, 0);
  bytes.writeUInt16LE(what === 'links' ? type.getLink : type.getAddress, 4);
  bytes.writeUInt16LE(0x301, 6);
  bytes.writeUInt32LE(sequence, 8);
  return bytes;
}

/** The facts in one datagram of `length` bytes. */
export function parseMessages(bytes: Buffer, length: number): LinkFact[] {
  const facts: LinkFact[] = [];
  for (let at = 0; at + headerBytes <= length; ) {
    const size = bytes.readUInt32LE(at);
    if (size < headerBytes || at + size > length) break;
    const fact = parseMessage(bytes.subarray(at, at + size));
    if (fact !== null) facts.push(fact);
    at += (size + 3) & ~3;
  }
  return facts;
}

function parseMessage(message: Buffer): LinkFact | null {
  const body = message.subarray(headerBytes);
  switch (message.readUInt16LE(4)) {
    case type.done:
      return { kind: 'done' };
    case type.error:
      return { kind: 'error' };
    case type.newLink: {
      if (body.length < linkBytes) return null;
      const name = attributes(body, linkBytes).get(attribute.interfaceName);
      const flags = body.readUInt32LE(8);
      const carrier = (flags & flagUp) !== 0 && (flags & flagLowerUp) !== 0;
      return name === undefined ? null : { kind: 'link', index: body.readInt32LE(4), name: text(name), carrier };
    }
    case type.delLink:
      return body.length < linkBytes ? null : { kind: 'link-gone', index: body.readInt32LE(4) };
    case type.newAddress:
      return parseAddress(body, 'address');
    case type.delAddress:
      return parseAddress(body, 'address-gone');
    default:
      return null;
  }
}

function parseAddress(body: Buffer, kind: 'address' | 'address-gone'): LinkFact | null {
  if (body.length < addressBytes) return null;
  const inet6 = body[0] === familyInet6;
  if (inet6 && body[3] === scopeLink) return null;
  const found = attributes(body, addressBytes);
  const flags = found.get(attribute.addressFlags)?.readUInt32LE(0) ?? body[2] ?? 0;
  if (kind === 'address' && (flags & addressUnproved) !== 0) return null;
  // Point-to-point interfaces have their own address in IFA_LOCAL, the other end's in IFA_ADDRESS.
  const own = found.get(attribute.localAddress) ?? found.get(attribute.address);
  if (own === undefined || own.length !== (inet6 ? 16 : 4)) return null;
  return { kind, index: body.readUInt32LE(4), address: inet6 ? hexWords(own) : own.join('.') };
}

function attributes(body: Buffer, from: number): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = from; at + 4 <= body.length; ) {
    const size = body.readUInt16LE(at);
    if (size < 4 || at + size > body.length) break;
    // The upper two bits say how it is encoded.
    found.set(body.readUInt16LE(at + 2) & 0x3fff, body.subarray(at + 4, at + size));
    at += (size + 3) & ~3;
  }
  return found;
}

const text = (bytes: Buffer): string => bytes.toString('latin1', 0, bytes.indexOf(0) < 0 ? bytes.length : bytes.indexOf(0));
const hexWords = (bytes: Buffer): string => Array.from({ length: 8 }, (_, word) => bytes.readUInt16BE(word * 2).toString(16)).join(':');
