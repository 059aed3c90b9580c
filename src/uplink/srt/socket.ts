/**
 * One libsrt socket, never blocking. A fault in its use cannot crash the process: the handle is checked here, closed exactly once, and
 * every call after that answers with a code instead of reaching libsrt. Calls that can fail for a reason a person can act on throw
 * `SrtError`; the calls of the packet path (`send`, `receive`, `state`, `stats`) never throw.
 */
import { bondingAdvice } from '../../model/advice.ts';
import { AF_INET } from '../../net/libc.ts';
import { addressAt, encodeAddress, familyOf, portAt, sockaddrBytes4, sockaddrBytes6, sockaddrStride } from '../udp/address.ts';
import { closeHandle } from './closing.ts';
import { openDeviceSocket } from './device.ts';
import { closedError, EASYNCRCV, EASYNCSND, lastError, type Rejection, rejection, SrtError } from './errors.ts';
import { type SrtFunctions, srtLibrary } from './library.ts';
import { fixedMemory, MessageControl, payloadBytesMax, type ReceiveBatch } from './memory.ts';
import { allowBothFamilies, applyOptions, readReceiveLatency, readStreamId, type SrtOptions } from './options.ts';
import { readStats, type SrtStats, statAddress } from './stats.ts';

export type SrtState = 'init' | 'opened' | 'listening' | 'connecting' | 'connected' | 'broken' | 'closing' | 'closed';
/** broadcast: every payload over every member. backup: over the member with the greatest weight that works. */
export type GroupType = 'broadcast' | 'backup';
/** sent: libsrt has it. full: its buffer is full, the payload is not taken. broken: there is no connection, or the payload is not one. */
export type SendResult = 'sent' | 'full' | 'broken';

/** SRT_SOCKSTATUS of srt.h, from 1; the last is NONEXIST. */
const states: readonly SrtState[] = ['closed', 'init', 'opened', 'listening', 'connecting', 'connected', 'broken', 'closing', 'closed', 'closed'];

const noHandle = -1;

/** The payload that is being sent, of whichever socket: the call is synchronous, on the main thread. */
const outgoing = fixedMemory(payloadBytesMax);
const outgoingControl = new MessageControl();
const incomingControl = new MessageControl();

export class SrtSocket {
  /** Where the connection came from, on an accepted socket. */
  readonly peer: { address: string; port: number } | null;
  readonly #functions: SrtFunctions;
  #handle: number;
  #closing: Promise<void> | null = null;

  /** @throws SrtError for an option that libsrt refuses; FatalError without libsrt. */
  static open(options: SrtOptions = {}): SrtSocket {
    const { functions } = srtLibrary();
    const handle = functions.create_socket();
    if (handle < 0) throw lastError('make an SRT socket');
    const socket = new SrtSocket(handle, null);
    try {
      applyOptions(handle, options);
    } catch (error) {
      void socket.close();
      throw error;
    }
    return socket;
  }

  /**
   * A group of sockets (`srt_create_group`): everything but connecting is as with one. Members are added by `group.ts`.
   * @throws SrtError where libsrt was built without groups, or refuses an option.
   */
  static openGroup(type: GroupType, options: SrtOptions = {}): SrtSocket {
    const { functions } = srtLibrary();
    const handle = functions.create_group(type === 'broadcast' ? 1 : 2);
    if (handle < 0) throw new SrtError('EGROUPS', `this libsrt has no socket groups: ${bondingAdvice}`);
    const socket = new SrtSocket(handle, null);
    try {
      applyOptions(handle, options);
    } catch (error) {
      void socket.close();
      throw error;
    }
    return socket;
  }

  private constructor(handle: number, peer: { address: string; port: number } | null) {
    this.#functions = srtLibrary().functions;
    this.#handle = handle;
    this.peer = peer;
  }

  /** Whether an accepted connection is a group of them (SRTGROUP_MASK). */
  get isGroup(): boolean {
    return this.#handle !== noHandle && (this.#handle & 0x4000_0000) !== 0;
  }

  /** libsrt's number of the socket; −1 once closed. */
  get handle(): number {
    return this.#handle;
  }

  /** @throws SrtError: EBINDCONFLICT or ESOCKFAIL where the port is taken, EINVPARAM where `host` is not an IP address. */
  bind(host: string, port: number): void {
    const name = this.#address('bind an SRT socket', host, port);
    if (this.#functions.bind(this.#handle, name.bytes, name.length) < 0) throw lastError(`bind an SRT socket to ${host} port ${port}`);
  }

  /** Everything leaves and enters by `device`. Before `connect`. @throws SrtError with the system's code: ENODEV, EPERM … */
  bindToDevice(device: string, towards: string): void {
    this.#check(`bind to the network interface ${device}`);
    const fd = openDeviceSocket(device, towards);
    if (this.#functions.bind_acquire(this.#handle, fd.number) < 0) {
      const error = lastError(`bind to the network interface ${device}`);
      fd.close();
      throw error;
    }
  }

  listen(backlog: number): void {
    this.#check('listen');
    if (this.#functions.listen(this.#handle, backlog) < 0) throw lastError('listen');
  }

  /** The next connection that has come in, or null. */
  accept(): SrtSocket | null {
    if (this.#handle === noHandle) return null;
    const name = Buffer.alloc(sockaddrStride);
    const length = Buffer.alloc(4);
    length.writeInt32LE(sockaddrStride);
    const handle = this.#functions.accept(this.#handle, name, length);
    return handle < 0 ? null : new SrtSocket(handle, { address: addressAt(name, 0), port: portAt(name, 0) });
  }

  /** Starts connecting and returns; `state()` tells what comes of it. @throws SrtError where it cannot even start. */
  connect(address: string, port: number): void {
    const name = this.#address('connect', address, port);
    if (this.#functions.connect(this.#handle, name.bytes, name.length) < 0) throw lastError(`connect to ${address} port ${port}`);
  }

  state(): SrtState {
    if (this.#handle === noHandle) return 'closed';
    return states[this.#functions.getsockstate(this.#handle)] ?? 'closed';
  }

  /** Why a connection did not come about; meaningful once the state went from connecting to broken. */
  rejection(): Rejection {
    return rejection(this.#handle === noHandle ? 0 : this.#functions.getrejectreason(this.#handle));
  }

  /** Hands one payload of at most 1456 bytes to libsrt, which copies it. Allocates nothing, waits for nothing. */
  send(source: Buffer, offset: number, length: number): SendResult {
    if (!this.#takes(source, offset, length)) return 'broken';
    if (this.#functions.send(this.#handle, outgoing.address, length) >= 0) return 'sent';
    return this.#functions.getlasterror(null) === EASYNCSND ? 'full' : 'broken';
  }

  /**
   * The same with a payload that was made `agoMs` ago: it is handed out as if it had been sent then. Refused where the connection is not so old; what is
   * older than the latency is given up by libsrt as too late.
   */
  sendLate(source: Buffer, offset: number, length: number, agoMs: number): SendResult {
    if (!this.#takes(source, offset, length)) return 'broken';
    outgoingControl.reset(Number(this.#functions.time_now()) - Math.round(agoMs * 1000));
    if (this.#functions.sendmsg2(this.#handle, outgoing.address, length, outgoingControl.address) >= 0) return 'sent';
    return this.#functions.getlasterror(null) === EASYNCSND ? 'full' : 'broken';
  }

  /** Takes what libsrt has ready, up to a batch; returns how many payloads, 0 when none, −1 when there are none now and the connection is gone; what it still holds may be ready later. */
  receive(batch: ReceiveBatch): number {
    if (this.#handle === noHandle) return -1;
    for (let i = 0; i < batch.slots; i++) {
      const length = this.#functions.recvmsg2(this.#handle, batch.addressOf(i), payloadBytesMax, incomingControl.address);
      if (length <= 0) return i === 0 && (length === 0 || this.#functions.getlasterror(null) !== EASYNCRCV) ? -1 : i;
      batch.lengths[i] = length;
      batch.sequences[i] = incomingControl.sequence;
    }
    return batch.slots;
  }

  /** Figures of the connection, null while there is none. */
  stats(): SrtStats | null {
    const keepCounting = 0;
    const instantaneous = 1;
    if (this.#handle === noHandle || this.#functions.bistats(this.#handle, statAddress, keepCounting, instantaneous) < 0) return null;
    return readStats();
  }

  /** The stream id that the other end gave, on an accepted socket; empty without one. */
  streamId(): string {
    return this.#handle === noHandle ? '' : readStreamId(this.#handle);
  }

  /** How long what is received is held; 0 while nobody knows. */
  receiveLatencyMs(): number {
    const known = this.stats()?.receiveLatencyMs ?? 0;
    return known > 0 || this.#handle === noHandle ? known : readReceiveLatency(this.#handle);
  }

  /** The local port; 0 while unbound. */
  localPort(): number {
    if (this.#handle === noHandle) return 0;
    const name = Buffer.alloc(sockaddrStride);
    const length = Buffer.alloc(4);
    length.writeInt32LE(sockaddrStride);
    return this.#functions.getsockname(this.#handle, name, length) < 0 ? 0 : portAt(name, 0);
  }

  /** Closes once, off the main loop, since libsrt waits for its threads. What was not delivered is lost. Never rejects; a second call gives the same promise. */
  close(): Promise<void> {
    if (this.#closing === null) {
      const handle = this.#handle;
      this.#handle = noHandle;
      this.#closing = closeHandle(handle);
    }
    return this.#closing;
  }

  /** The payload stands where libsrt reads it. */
  #takes(source: Buffer, offset: number, length: number): boolean {
    if (this.#handle === noHandle || offset < 0 || length <= 0 || length > payloadBytesMax || offset + length > source.length) return false;
    source.copy(outgoing.bytes, 0, offset, offset + length);
    return true;
  }

  #check(doing: string): void {
    if (this.#handle === noHandle) throw closedError(doing);
  }

  #address(doing: string, host: string, port: number): { bytes: Buffer; length: number } {
    this.#check(doing);
    const family = familyOf(host);
    const bytes = family === null || !(Number.isInteger(port) && port >= 0 && port <= 65_535) ? null : encodeAddress(family, host, port);
    if (family === null || bytes === null) throw new SrtError('EINVPARAM', `cannot ${doing}: ${host} port ${port} is not an IP address and a port`);
    // Refused once bound or connecting; what follows then says so itself.
    if (family !== AF_INET) attempt(() => allowBothFamilies(this.#handle));
    return { bytes, length: family === AF_INET ? sockaddrBytes4 : sockaddrBytes6 };
  }
}

function attempt(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof SrtError)) throw error;
  }
}
