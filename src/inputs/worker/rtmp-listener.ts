/**
 * Takes the stream of one publisher over RTMP and hands it on as FLV. The protocol is node-media-server's; its parser trusts its peer
 * (lengths up to 16 MB each, exceptions on what it does not expect), so here it is given little before the stream key was right.
 */
import { timingSafeEqual } from 'node:crypto';
import { createRequire } from 'node:module';
import { createServer, type Server, type Socket } from 'node:net';
import { FlvStream, type MediaPacket } from './flv-stream.ts';

/** What a publisher says of itself; `query` is what follows a `?` in the name. */
interface PublishRequest {
  app: string | undefined;
  name: string;
  query: Record<string, string | string[] | undefined>;
}

/** The part of node-media-server's protocol class that is used. */
interface Protocol {
  inChunkSize: number;
  readonly inPackets: Map<number, unknown>;
  readonly parserPacket: { header: { length: number } };
  onConnectCallback: (request: PublishRequest) => void;
  onPushCallback: () => void;
  onPlayCallback: () => void;
  onPacketCallback: (packet: MediaPacket) => void;
  onOutputCallback: (bytes: Buffer) => void;
  onConnect(message: { cmdObj?: { tcUrl?: unknown; app?: unknown } }): void;
  onDeleteStream(): void;
  /** Reserves memory for a message whose header has been read. */
  packetAlloc(): void;
  respondPublish(): void;
  sendACK(bytes: number): void;
  parserData(bytes: Buffer): string | null;
}
const Rtmp = createRequire(import.meta.url)('node-media-server/src/protocol/rtmp.js') as new () => Protocol;

/** Handshake and commands take 4 kB; who sends more without the right key wants something else. */
const strangerBytesMax = 64 * 1024;
const strangerMsMax = 5000;
/** Of one message. A key frame of 4K at 50 Mbit/s is below 4 MB. */
const messageBytesMax = 8 * 1024 * 1024;
/** Publishers use three or four chunk streams. */
const chunkStreamsMax = 32;
/** Connections that have not shown the key. Who holds them all costs the oldest its place, never the camera that comes next. */
const strangersMax = 16;
/** Chunks of RTMP may not be longer (5.4.1 of the RTMP 1.0 specification gives 31 bits; nobody uses more than 64 kB). */
const chunkBytesMax = 1024 * 1024;
/** The package announces a window of 5 MB (5.4.4): some senders wait, once they have sent so much, until they hear that it came (5.4.3). */
const acknowledgeBytes = 2_500_000;
/** Answers to a peer that does not read them. */
const unreadBytesMax = 256 * 1024;

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
  /** In order of arrival. */
  readonly #strangers = new Set<Socket>();
  #publisher: Socket | null = null;

  constructor(options: RtmpListenerOptions) {
    this.#options = options;
    this.#key = Buffer.from(options.key);
    this.#server = createServer((socket) => this.#take(socket));
    this.#server.on('error', (error: NodeJS.ErrnoException) => options.onError(error.code ?? error.message));
    this.#server.listen(options.port, options.host);
  }

  #take(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    const [oldest] = this.#strangers;
    if (this.#strangers.size >= strangersMax) oldest?.destroy();
    this.#strangers.add(socket);
    const timer = setTimeout(() => this.#publisher !== socket && socket.destroy(), strangerMsMax);
    socket.setNoDelay(true);
    const protocol = this.#protocol(socket);
    let strangerBytes = 0;
    let acknowledged = 0;
    socket.on('data', (bytes) => {
      strangerBytes += this.#publisher === socket ? 0 : bytes.length;
      try {
        if (strangerBytes > strangerBytesMax || protocol.parserData(bytes) !== null) socket.destroy();
        if (socket.bytesRead - acknowledged < acknowledgeBytes) return;
        acknowledged = socket.bytesRead;
        // A sequence number of 32 bits.
        protocol.sendACK(acknowledged >>> 0);
      } catch {
        // Whatever it was, it was not RTMP.
        socket.destroy();
      }
    });
    socket.on('close', () => {
      clearTimeout(timer);
      this.#strangers.delete(socket);
      if (this.#publisher !== socket) return;
      this.#publisher = null;
      this.#options.onGone();
    });
  }

  #protocol(socket: Socket): Protocol {
    const protocol = new Rtmp();
    const stream = new FlvStream(this.#options.onFlv, this.#options.firstMs);
    let allowed = false;
    protocol.onOutputCallback = (bytes) => {
      if (socket.writableLength > unreadBytesMax) socket.destroy();
      else socket.write(bytes);
    };
    const connect = protocol.onConnect.bind(protocol);
    protocol.onConnect = (message) => {
      // The package takes the URL apart, which we have no use for and some senders leave out.
      if (message.cmdObj !== undefined && !URL.canParse(String(message.cmdObj.tcUrl))) message.cmdObj.tcUrl = 'rtmp://unknown/';
      connect(message);
    };
    protocol.onConnectCallback = (request) => {
      allowed = this.#isAllowed(request);
    };
    // The answer comes before the question was asked in the package: here nobody is told yes who is then turned away.
    const accept = protocol.respondPublish.bind(protocol);
    protocol.respondPublish = () => undefined;
    protocol.onPlayCallback = () => socket.destroy();
    protocol.onPushCallback = () => {
      if (!allowed || this.#publisher !== null) {
        // Who publishes twice over one connection begins a second stream in the midst of the first: it may call again.
        if (this.#publisher !== socket) this.#options.onRefused(allowed ? 'occupied' : 'wrong-key');
        socket.destroy();
        return;
      }
      accept();
      this.#publisher = socket;
      this.#strangers.delete(socket);
    };
    // A sender that stops and leaves the connection open has gone all the same.
    protocol.onDeleteStream = () => this.#publisher === socket && socket.destroy();
    protocol.onPacketCallback = (packet) => this.#publisher === socket && stream.add(packet);
    this.#limitMemory(protocol, socket);
    return protocol;
  }

  #limitMemory(protocol: Protocol, socket: Socket): void {
    const reserve = protocol.packetAlloc.bind(protocol);
    protocol.packetAlloc = () => {
      const most = this.#publisher === socket ? messageBytesMax : strangerBytesMax;
      if (protocol.parserPacket.header.length > most || protocol.inPackets.size > chunkStreamsMax) throw new Error('too long');
      if (!(protocol.inChunkSize > 0 && protocol.inChunkSize <= chunkBytesMax)) throw new Error('no such chunk');
      reserve();
    };
  }

  /** The key is the stream's name, or a query's `key`: after the name, as OBS has it, or after the application. */
  #isAllowed({ app = '', name, query }: PublishRequest): boolean {
    const [path = '', rest = ''] = app.split('?');
    if (path.replace(/\/+$/, '') !== this.#options.app) return false;
    const given = [name, query.key, new URLSearchParams(rest).get('key')];
    return given.some((one) => typeof one === 'string' && this.#isKey(one));
  }

  #isKey(name: string): boolean {
    const given = Buffer.from(name);
    return given.length === this.#key.length && timingSafeEqual(given, this.#key);
  }
}
