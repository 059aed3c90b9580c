/**
 * The kernel's news of interfaces and addresses: a netlink socket that is read without waiting. Every change since the last turn is in
 * it, however short: nothing is missed as it would be by looking. When the socket overflows, and now and then in case the kernel's
 * word and ours came apart, the whole list is read anew. Recorded in docs/adr/0034-netlink.md.
 */
import koffi from 'koffi';
import * as libc from '../../net/libc.ts';
import { listRequest, parseMessages, watchedGroups } from './netlink.ts';
import { InterfaceTable } from './table.ts';

const library = koffi.load(null);
const receive = library.func('int64_t recv(int fd, void *bytes, uint64_t length, int flags)') as (
  fd: number,
  bytes: Buffer,
  length: number,
  flags: number,
) => number;
const send = library.func('int64_t send(int fd, const void *bytes, uint64_t length, int flags)') as (
  fd: number,
  bytes: Buffer,
  length: number,
  flags: number,
) => number;

const familyNetlink = 16;
const socketRaw = 3;
/** The kernel's own largest datagram of a list. */
const messageBytesMax = 32_768;
const backstopMs = 30_000;
/** A list that did not end by then is asked for again. */
const listMsMax = 2000;
const messagesATurnMax = 256;

export class KernelInterfaces {
  readonly table = new InterfaceTable();
  readonly #bytes = Buffer.alloc(messageBytesMax);
  #fd: number;
  #sequence = 0;
  /** The list that is being read. */
  #fresh: InterfaceTable | null = null;
  #asked: 'links' | 'addresses' = 'links';
  #listMs = Number.NEGATIVE_INFINITY;
  #listed = false;

  /** Never throws: without the socket (a system that forbids it) `works` is false. */
  constructor() {
    this.#fd = libc.socket(familyNetlink, socketRaw | libc.SOCK_NONBLOCK | libc.SOCK_CLOEXEC, 0);
    if (this.#fd < 0) return;
    const name = Buffer.alloc(12); // sockaddr_nl
    name.writeUInt16LE(familyNetlink, 0);
    name.writeUInt32LE(watchedGroups, 8);
    if (libc.bind(this.#fd, name, name.length) !== 0) this.close();
  }

  get works(): boolean {
    return this.#fd >= 0;
  }

  /** The first list is complete. */
  get listed(): boolean {
    return this.#listed;
  }

  /** Takes what the kernel has said since; true when the table changed. */
  turn(nowMs: number): boolean {
    if (this.#fd < 0) return false;
    let changed = false;
    for (let n = 0; n < messagesATurnMax; n++) {
      const length = receive(this.#fd, this.#bytes, this.#bytes.length, libc.MSG_DONTWAIT);
      if (length <= 0) {
        // Messages were lost: only the whole list tells what they were.
        if (length < 0 && libc.lastErrno() === libc.ENOBUFS) this.#list(nowMs);
        break;
      }
      for (const fact of parseMessages(this.#bytes, length)) {
        if (fact.kind === 'done') changed = this.#endOfList() || changed;
        else if (fact.kind === 'error') this.#fresh = null;
        else {
          this.#fresh?.learn(fact);
          changed = this.table.learn(fact) || changed;
        }
      }
    }
    if (nowMs - this.#listMs > (this.#fresh === null ? backstopMs : listMsMax)) this.#list(nowMs);
    return changed;
  }

  close(): void {
    if (this.#fd >= 0) libc.close(this.#fd);
    this.#fd = -1;
  }

  #list(nowMs: number): void {
    this.#listMs = nowMs;
    this.#fresh = new InterfaceTable();
    this.#ask('links');
  }

  #ask(what: 'links' | 'addresses'): void {
    this.#asked = what;
    const request = listRequest(what, ++this.#sequence);
    send(this.#fd, request, request.length, libc.MSG_DONTWAIT);
  }

  #endOfList(): boolean {
    if (this.#fresh === null) return false;
    if (this.#asked === 'links') {
      this.#ask('addresses');
      return false;
    }
    const changed = this.table.replace(this.#fresh);
    this.#fresh = null;
    const first = !this.#listed;
    this.#listed = true;
    return changed || first;
  }
}
