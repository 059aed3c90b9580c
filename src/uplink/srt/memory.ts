/**
 * Memory that libsrt reads and writes while it is called. It comes from `koffi.alloc`, since a Buffer's address may change, and is never
 * given back: a view can outlive its owner, and then must not touch memory that is no longer ours. So it is made once a process, or once for each of a few long-lived owners.
 */
import koffi from 'koffi';

export interface FixedMemory {
  /** For the C side. */
  readonly address: number;
  /** For our side. */
  readonly bytes: Buffer;
}

export function fixedMemory(length: number): FixedMemory {
  const pointer = koffi.alloc('uint8_t', length);
  const bytes = Buffer.from(koffi.view(pointer, length));
  bytes.fill(0);
  return { address: Number(koffi.address(pointer)), bytes };
}

/** SRT_LIVE_MAX_PLSIZE: a 1500 byte packet less the headers of IPv4, UDP and SRT. Nothing longer can be sent or received in live mode. */
export const payloadBytesMax = 1456;

/** Slots are aligned to cache lines. */
const slotBytes = 1472;

/** `SRT_MSGCTRL` of srt.h: what is said of one payload beside its bytes. The layout is the C compiler's natural one. */
export class MessageControl {
  readonly #memory = fixedMemory(48);

  constructor() {
    const noTimeToLive = -1;
    this.#memory.bytes.writeInt32LE(noTimeToLive, 4);
  }

  get address(): number {
    return this.#memory.address;
  }

  /** Of the packet that was received. */
  get sequence(): number {
    return this.#memory.bytes.readInt32LE(24);
  }

  /** To be called before each payload that is sent: libsrt writes back what it made of it. `timeUs`: when the payload was made, on libsrt's clock. */
  reset(timeUs: number): void {
    const ownNumber = -1;
    this.#memory.bytes.writeBigInt64LE(BigInt(timeUs), 16);
    this.#memory.bytes.writeInt32LE(ownNumber, 24);
    this.#memory.bytes.writeInt32LE(ownNumber, 28);
  }
}

/** Payloads received in one turn; slot `i` starts at `offsetOf(i)` and has `lengths[i]` bytes. Valid until the next turn. */
export class ReceiveBatch {
  readonly slots: number;
  readonly bytes: Buffer;
  readonly lengths: Int32Array;
  /** libsrt's number of each packet, 31 bits: a step of more than one says that some were lost. */
  readonly sequences: Int32Array;
  readonly #address: number;

  constructor(slots = 64) {
    const memory = fixedMemory(slots * slotBytes);
    this.slots = slots;
    this.bytes = memory.bytes;
    this.#address = memory.address;
    this.lengths = new Int32Array(slots);
    this.sequences = new Int32Array(slots);
  }

  offsetOf(i: number): number {
    return i * slotBytes;
  }

  addressOf(i: number): number {
    return this.#address + i * slotBytes;
  }
}
