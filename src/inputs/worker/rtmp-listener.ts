/**
 * Takes the stream of one publisher over RTMP and hands it on as FLV. The protocol is node-media-server's; its parser trusts its peer
 * (lengths up to 16 MB each, exceptions on what it does not expect), so here it is given little before the stream key was right.
 */
import { timingSafeEqual } from 'node:crypto';
import { createRequire } from 'node:module';
import { createServer, type Server, type Socket } from 'node:net';

const load = createRequire(import.meta.url);

/** What a publisher sends: one FLV tag without its header. */
interface MediaPacket {
  /** FLV tag type: 8 sound, 9 picture, 18 data. */
  codec_type: number;
  /** ms */
  dts: number;
  size: number;
  data: Buffer;
}

/** The part of node-media-server's protocol class that is used. */
interface Protocol {
  inChunkSize: number;
  readonly inPackets: Map<number, unknown>;
  readonly parserPacket: { header: { length: number } };
  onConnectCallback: (request: { app: string; name: string }) => void;
  onPushCallback: () => void;
  onPlayCallback: () => void;
  onPacketCallback: (packet: MediaPacket) => void;
  onOutputCallback: (bytes: Buffer) => void;
  /** Reserves memory for a message whose header has been read. */
  packetAlloc(): void;
  respondPublish(): void;
  parserData(bytes: Buffer): string | null;
}
const Rtmp = load('node-media-server/src/protocol/rtmp.js') as new () => Protocol;
const Flv = load('node-media-server/src/protocol/flv.js') as {
  createHeader(hasAudio: boolean, hasVideo: boolean): Buffer;
  createMessage(packet: MediaPacket): Buffer;
};

/** Handshake and commands take 4 kB; who sends more without the right key wants something else. */
const strangerBytesMax = 64 * 1024;
const strangerMsMax = 5000;
/** Of one message. A key frame of 4K at 50 Mbit/s is below 4 MB. */
const messageBytesMax = 8 * 1024 * 1024;
/** Publishers use three or four chunk streams. */
const chunkStreamsMax = 32;
/** Waiting in line, the publisher included. */
const connectionsMax = 8;
/** Chunks of RTMP may not be longer (5.4.1 of the RTMP 1.0 specification gives 31 bits; nobody uses more than 64 kB). */
const chunkBytesMax = 1024 * 1024;

export interface RtmpListenerOptions {
  host: string;
  port: number;
  app: string;
  key: string;
  /** FLV, whole tags. `time` of a tag is the publisher's, ms. */
  onFlv(bytes: Buffer): void;
  /** The publisher has gone. */
  onGone(): void;
  /** Somebody was turned away; the sentence names no key. */
  onRefused(why: 'wrong-key' | 'occupied'): void;
  /** The port cannot be listened on, with the system's error code. */
  onError(code: string): void;
  /** Time stamps are moved so that the first one is this, ms. */
  firstMs(): number;
}

export class RtmpListener {
  readonly #options: RtmpListenerOptions;
  readonly #server: Server;
  readonly #key: Buffer;
  #publisher: Socket | null = null;
  #connections = 0;

  constructor(options: RtmpListenerOptions) {
    this.#options = options;
    this.#key = Buffer.from(options.key);
    this.#server = createServer((socket) => this.#take(socket));
    this.#server.on('error', (error: NodeJS.ErrnoException) => options.onError(error.code ?? error.message));
    this.#server.listen(options.port, options.host);
  }

  #take(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    if (this.#connections >= connectionsMax) {
      socket.destroy();
      return;
    }
    this.#connections++;
    const timer = setTimeout(() => this.#publisher !== socket && socket.destroy(), strangerMsMax);
    socket.setNoDelay(true);
    const protocol = this.#protocol(socket);
    let strangerBytes = 0;
    socket.on('data', (bytes) => {
      strangerBytes += this.#publisher === socket ? 0 : bytes.length;
      try {
        if (strangerBytes > strangerBytesMax || protocol.parserData(bytes) !== null) socket.destroy();
      } catch {
        // Whatever it was, it was not RTMP.
        socket.destroy();
      }
    });
    socket.on('close', () => {
      clearTimeout(timer);
      this.#connections--;
      if (this.#publisher !== socket) return;
      this.#publisher = null;
      this.#options.onGone();
    });
  }

  #protocol(socket: Socket): Protocol {
    const protocol = new Rtmp();
    let allowed = false;
    let shiftMs: number | null = null;
    protocol.onOutputCallback = (bytes) => socket.write(bytes);
    protocol.onConnectCallback = ({ app, name }) => {
      allowed = app === this.#options.app && this.#isKey(name);
    };
    // The answer comes before the question was asked in the package: here nobody is told yes who is then turned away.
    const accept = protocol.respondPublish.bind(protocol);
    protocol.respondPublish = () => undefined;
    protocol.onPlayCallback = () => socket.destroy();
    protocol.onPushCallback = () => {
      if (!allowed || (this.#publisher !== null && this.#publisher !== socket)) {
        this.#options.onRefused(allowed ? 'occupied' : 'wrong-key');
        socket.destroy();
        return;
      }
      accept();
      this.#publisher = socket;
      this.#options.onFlv(Flv.createHeader(true, true));
    };
    protocol.onPacketCallback = (packet) => {
      if (this.#publisher !== socket) return;
      // Headers may carry a time of 0 before a stream that runs for hours already.
      if (shiftMs === null && packet.codec_type !== 18 && !isHeader(packet)) shiftMs = this.#options.firstMs() - packet.dts;
      packet.dts = Math.max(0, Math.round(packet.dts + (shiftMs ?? 0)));
      this.#options.onFlv(Flv.createMessage(packet));
    };
    const reserve = protocol.packetAlloc.bind(protocol);
    protocol.packetAlloc = () => {
      const most = this.#publisher === socket ? messageBytesMax : strangerBytesMax;
      if (protocol.parserPacket.header.length > most || protocol.inPackets.size > chunkStreamsMax) throw new Error('too long');
      if (!(protocol.inChunkSize > 0 && protocol.inChunkSize <= chunkBytesMax)) throw new Error('no such chunk');
      reserve();
    };
    return protocol;
  }

  #isKey(name: string): boolean {
    const given = Buffer.from(name);
    return given.length === this.#key.length && timingSafeEqual(given, this.#key);
  }
}

/** The decoder's configuration (FLV: AACPacketType and AVCPacketType 0), which comes once before the first picture and sound. */
function isHeader({ codec_type, data }: MediaPacket): boolean {
  const first = data[0] ?? 0;
  const codec = codec_type === 8 ? first >> 4 : first & 0x0f;
  return ((codec_type === 8 && codec === 10) || (codec_type === 9 && codec === 7)) && data[1] === 0;
}
