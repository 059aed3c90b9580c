/**
 * Which payloads matter most: pieces of key frames, sound, and tables. Looks at MPEG-TS headers alone (ISO/IEC 13818-1, 2.4.3), before
 * libsrt encrypts them.
 */
const packetBytes = 188;
const pids = 8192;
/** What is known of a PID. */
const kind = { unknown: 0, ordinary: 1, key: 2, always: 3 } as const;

export class Importance {
  readonly #kinds = new Uint8Array(pids);

  /** True when any packet of the payload matters. */
  look(payload: Buffer, offset: number, length: number): boolean {
    let important = false;
    for (let at = offset; at + packetBytes <= offset + length; at += packetBytes) if (this.#packet(payload, at)) important = true;
    return important;
  }

  #packet(bytes: Buffer, at: number): boolean {
    const second = bytes[at + 1] as number;
    const pid = ((second & 0x1f) << 8) | (bytes[at + 2] as number);
    if (pid === pids - 1) return false;
    if ((second & 0x40) !== 0) this.#kinds[pid] = kindAt(bytes, at);
    return (this.#kinds[pid] as number) >= kind.key;
  }
}

/** Of the unit that begins in this packet. */
function kindAt(bytes: Buffer, at: number): number {
  const control = (bytes[at + 3] as number) & 0x30;
  const fieldBytes = (control & 0x20) === 0 ? 0 : 1 + (bytes[at + 4] as number);
  const start = at + 4 + fieldBytes;
  if ((control & 0x10) === 0 || start + 4 > at + packetBytes) return kind.unknown;
  // No start code of a PES packet: a table.
  if (bytes[start] !== 0 || bytes[start + 1] !== 0 || bytes[start + 2] !== 1) return kind.always;
  const isVideo = ((bytes[start + 3] as number) & 0xf0) === 0xe0;
  if (!isVideo) return kind.always;
  const randomAccess = fieldBytes > 1 && ((bytes[at + 5] as number) & 0x40) !== 0;
  return randomAccess ? kind.key : kind.ordinary;
}
