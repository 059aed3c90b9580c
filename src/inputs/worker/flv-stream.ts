/** A publisher's packets as one FLV stream whose time begins where it belongs on the pipeline's clock. */
import { createRequire } from 'node:module';

/** What a publisher sends: one FLV tag without its header. */
export interface MediaPacket {
  /** FLV tag type: 8 sound, 9 picture, 18 data. */
  codec_type: number;
  /** ms */
  dts: number;
  size: number;
  /** May be longer than `size`, and is used again for the next packet. */
  data: Buffer;
}

const Flv = createRequire(import.meta.url)('node-media-server/src/protocol/flv.js') as {
  createHeader(hasAudio: boolean, hasVideo: boolean): Buffer;
  createMessage(packet: MediaPacket): Buffer;
};

const sound = 8;
const picture = 9;

export class FlvStream {
  readonly #write: (bytes: Buffer) => void;
  readonly #firstMs: () => number;
  #begun = false;
  #shiftMs: number | null = null;

  /** `firstMs`: when on the pipeline's clock the first picture or sound is due, asked when it comes. */
  constructor(write: (bytes: Buffer) => void, firstMs: () => number) {
    this.#write = write;
    this.#firstMs = firstMs;
  }

  add(packet: MediaPacket): void {
    if (packet.codec_type !== sound && packet.codec_type !== picture) return;
    if (!this.#begun) this.#write(Flv.createHeader(true, true));
    this.#begun = true;
    // Headers may carry a time of 0 before a stream that runs for hours already.
    if (this.#shiftMs === null && !isHeader(packet)) this.#shiftMs = this.#firstMs() - packet.dts;
    packet.dts = Math.max(0, Math.round(packet.dts + (this.#shiftMs ?? 0)));
    this.#write(Flv.createMessage(packet));
  }
}

/** The decoder's configuration (FLV: AACPacketType and AVCPacketType 0), which comes once before the first picture and sound. */
function isHeader({ codec_type, data }: MediaPacket): boolean {
  const first = data[0] ?? 0;
  const codec = codec_type === sound ? first >> 4 : first & 0x0f;
  return ((codec_type === sound && codec === 10) || (codec_type === picture && codec === 7)) && data[1] === 0;
}
