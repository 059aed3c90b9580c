/**
 * Registering a group with an SRTLA receiver (v2). Pure: what came in and the time go in, what to send comes out.
 * On one link REG1 with a random id asks for a group; REG2 gives it; REG2 with the full id on every link asks to join it,
 * REG3 accepts. REG_NGP says that the receiver has forgotten the group: it is asked for anew.
 */
import { groupIdBytes, senderIdBytes } from './wire.ts';

/** A lost registration packet is sent again after this: a long round trip and a bit. */
export const registerAgainMs = 500;
/** After REG_ERR: the receiver is busy, or our last group is not gone yet. */
export const backOffMs = 2000;

export class Registration {
  /** The full id once the receiver gave it. */
  id: Buffer | null = null;
  #asked: Buffer;
  readonly #randomBytes: (count: number) => Buffer;

  constructor(randomBytes: (count: number) => Buffer) {
    this.#randomBytes = randomBytes;
    this.#asked = randomBytes(groupIdBytes);
  }

  /** The id to send: in REG1 while there is no group, in REG2 afterwards. */
  get toSend(): Buffer {
    return this.id ?? this.#asked;
  }

  /** A REG2 came. True when it answers our REG1; one with another sender's half is somebody else's or forged. */
  offered(id: Buffer): boolean {
    if (this.id !== null || id.length < groupIdBytes || !id.subarray(0, senderIdBytes).equals(this.#asked.subarray(0, senderIdBytes))) return false;
    this.id = Buffer.from(id.subarray(0, groupIdBytes));
    return true;
  }

  /** The receiver does not know the group: another one is needed. */
  forgotten(): void {
    this.id = null;
    this.#asked = this.#randomBytes(groupIdBytes);
  }
}
