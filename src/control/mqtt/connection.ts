/** One connection to the broker, from connecting to its end. Never reconnects: that is decided a floor higher (link.ts). */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Duplex } from 'node:stream';
import type Mqtt from 'mqtt';
import type { IClientOptions, IPublishPacket, MqttClient } from 'mqtt';
import type { MqttConfig } from '../../config/schema.ts';
import { type BoxStatus, topicRoot } from '../../model/mqtt.ts';
import { hostOf, isSecure, isWebSocket, portOf, reach, type Target } from './reach.ts';
import type { Way } from './ways.ts';
import { SendWindow } from './window.ts';

/** The broker sends the last will after one and a half of it: a box that vanished is known within 15 s. */
const keepAliveSeconds = 10;
/** From the connection to the broker's word on it. */
const acceptMsMax = 10_000;
/** For the goodbye to a broker that may not be reached any more. */
const leaveMsMax = 1500;
/** The largest honest command is a few hundred bytes. A broker that speaks MQTT 5 drops larger ones before they reach us. */
const packetBytesMax = 64 * 1024;
/** Commands that are not answered yet. What is more waits at the broker, whose queue is its own affair. */
const receiveMax = 32;
/** To the package: go on without acknowledging this message. Ours follows. */
const acknowledgedLater = new Error('acknowledged later');

export interface ConnectionOptions {
  config: MqttConfig & { url: string };
  box: string;
  way: Way;
  /** 5, or 4 for MQTT 3.1.1. */
  protocolVersion: 4 | 5;
  will: BoxStatus;
  /** A promise: the message is acknowledged when it resolves. It never rejects. */
  onMessage(topic: string, payload: Buffer, packet: IPublishPacket): Promise<void> | undefined;
  /** Once, when it is over. `error` is null for an end without a word. */
  onEnd(error: unknown): void;
}

export interface PublishOptions {
  qos: 0 | 1;
  retain: boolean;
  correlationData?: Buffer | undefined;
  /** Of what is not JSON. */
  contentType?: string;
  /** MQTT 5 alone. */
  userProperties?: Record<string, string>;
}

export class BrokerConnection {
  readonly way: Way;
  readonly protocolVersion: 4 | 5;
  readonly #onEnd: (error: unknown) => void;
  readonly #window = new SendWindow();
  #stream: Duplex | null = null;
  #client: MqttClient | null = null;
  #lastError: unknown = null;
  #ended = false;

  /** Calls back when the broker has accepted us. What fails before or after comes through `onEnd`, once. @throws when a file of the configuration cannot be read. */
  constructor(options: ConnectionOptions, onConnected: (connection: BrokerConnection) => void) {
    this.way = options.way;
    this.protocolVersion = options.protocolVersion;
    this.#onEnd = options.onEnd;
    const { config, way } = options;
    const read = (path: string | undefined) => (path === undefined ? undefined : readFileSync(path));
    const [ca, cert, key] = [read(config.caFile), read(config.certFile), read(config.keyFile)];
    const url = new URL(config.url);
    const context = isSecure(url)
      ? process.getBuiltinModule('node:tls').createSecureContext({ ...(ca && { ca: [ca] }), ...(cert && { cert: [cert] }), ...(key && { key: [key] }) })
      : null;
    const password = config.password ?? read(config.passwordFile)?.toString('utf8').split('\n')[0]?.trimEnd();
    const target: Target = { url, proxy: config.proxy, way, context };
    void this.#open(target, clientOptions(options, url, password), options, onConnected);
  }

  /** What waits in our own socket; infinite while there is none. */
  get backlogBytes(): number {
    return this.#client?.connected ? this.#client.stream.writableLength : Number.POSITIVE_INFINITY;
  }

  /** Resolves when the broker has acknowledged (QoS 1) or the bytes are on their way (QoS 0). Rejects with an MQTT code where it refuses. */
  publish(topic: string, payload: string | Buffer, options: PublishOptions): Promise<void> {
    return options.qos === 0 ? this.#send(topic, payload, options) : this.#window.through(() => this.#send(topic, payload, options));
  }

  #send(
    topic: string,
    payload: string | Buffer,
    { qos, retain, correlationData, contentType = 'application/json', userProperties }: PublishOptions,
  ): Promise<void> {
    const properties = {
      contentType,
      payloadFormatIndicator: typeof payload === 'string',
      ...(correlationData && { correlationData }),
      ...(userProperties && { userProperties }),
    };
    return new Promise((resolve, reject) => {
      if (this.#client === null) return reject(new Error('not connected'));
      this.#client.publish(topic, payload, { qos, retain, ...(this.protocolVersion === 5 && { properties }) }, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** @throws an object with an MQTT code where the broker refuses. */
  async subscribe(topic: string): Promise<void> {
    // Retain as published: a retained command is refused also when it is sent while we listen.
    const options = this.protocolVersion === 5 ? { qos: 1 as const, rap: true, rh: 0 } : { qos: 1 as const };
    const granted = await this.#client?.subscribeAsync(topic, options);
    const code = granted?.[0]?.qos ?? 0;
    if (code >= 0x80) throw Object.assign(new Error('subscription refused'), { code: 0x87 });
  }

  /** Says goodbye properly, so that the broker does not send the last will. */
  async goodbye(): Promise<void> {
    this.#ended = true;
    await this.#client?.endAsync(false);
  }

  /** Ends it in favour of a better one: without the last will where the broker is still reached; `onEnd` follows. */
  leave(): void {
    this.#client?.end(false);
    setTimeout(() => this.#end(), leaveMsMax).unref();
  }

  /** Ends it because of `error`; `onEnd` follows. */
  abort(error: unknown): void {
    this.#lastError = error;
    this.#end();
  }

  async #open(target: Target, options: IClientOptions, { onMessage }: ConnectionOptions, onConnected: (connection: BrokerConnection) => void): Promise<void> {
    let stream: Duplex;
    try {
      stream = await reach(target);
    } catch (error) {
      this.#lastError ??= error;
      this.#end();
      return;
    }
    // What the far end says after the handshake, as that it refuses our certificate.
    stream.on('error', (error) => {
      this.#lastError ??= error;
    });
    if (this.#ended) return void stream.destroy();
    this.#stream = stream;
    const client = startClient(target.url, stream, options);
    this.#client = client;
    client.on('connect', ({ properties }) => {
      this.#window.open(properties?.receiveMaximum);
      onConnected(this);
    });
    client.handleMessage = (packet, goOn) => this.#take(client, packet, goOn, onMessage);
    client.on('error', (error) => {
      this.#lastError ??= error;
      this.#end();
    });
    client.on('disconnect', (packet) => {
      this.#lastError ??= { code: packet.reasonCode ?? 0x80 };
    });
    client.on('close', () => this.#end());
  }

  /**
   * An acknowledgement makes room for the next message: a flood of commands waits at the broker until we have answered. The package acknowledges at once,
   * or holds up all that follows, and among that are the acknowledgements which our answers wait for.
   */
  #take(client: MqttClient, packet: IPublishPacket, goOn: (error?: Error) => void, onMessage: ConnectionOptions['onMessage']): void {
    const answered = onMessage(packet.topic, packet.payload as Buffer, packet);
    if (answered === undefined || packet.qos === 0) return goOn();
    goOn(acknowledgedLater);
    void answered.then(() => {
      const sender = client as unknown as { _sendPacket(packet: { cmd: 'puback'; messageId: number | undefined; reasonCode: 0 }): void };
      if (client.connected && !this.#ended) sender._sendPacket({ cmd: 'puback', messageId: packet.messageId, reasonCode: 0 });
    });
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#client?.end(true);
    this.#window.close(this.#lastError ?? new Error('the connection is gone'));
    this.#stream?.destroy();
    this.#onEnd(this.#lastError);
  }
}

/** At the first connection: a box without a broker does without the memory. */
function startClient(url: URL, stream: Duplex, options: IClientOptions): MqttClient {
  const { connect, MqttClient } = createRequire(import.meta.url)('mqtt') as typeof Mqtt;
  if (!isWebSocket(url)) return new MqttClient(() => stream as never, options);
  const { pathname, search } = url;
  const host = hostOf(url);
  // Encrypted already where it is wss.
  const plain = `ws://${host.includes(':') ? `[${host}]` : host}:${portOf(url)}${pathname}${search}`;
  return connect(plain, { ...options, wsOptions: { createConnection: () => stream } as never });
}

function clientOptions({ config, box, protocolVersion, will }: ConnectionOptions, url: URL, password: string | undefined): IClientOptions {
  const user = config.user ?? (url.username === '' ? undefined : decodeURIComponent(url.username));
  const secret = password ?? (url.password === '' ? undefined : decodeURIComponent(url.password));
  return {
    protocol: isWebSocket(url) ? 'ws' : 'mqtt',
    protocolVersion,
    clientId: `tandem-${box}`,
    // A command that waited while the box was away must not put it on air an hour later.
    clean: true,
    keepalive: keepAliveSeconds,
    // Telemetry each second proves nothing: only an answer does.
    reschedulePings: false,
    connectTimeout: acceptMsMax,
    reconnectPeriod: 0,
    queueQoSZero: false,
    // Otherwise the package keeps each number up to 65535 as a Buffer of its own, 7 MB, to save a few bytes' writing a message.
    writeCache: false,
    resubscribe: false,
    will: { topic: `${topicRoot(box)}status`, payload: Buffer.from(JSON.stringify(will)), qos: 1, retain: true },
    ...(protocolVersion === 5 && { properties: { maximumPacketSize: packetBytesMax, receiveMaximum: receiveMax, sessionExpiryInterval: 0 } }),
    ...(user !== undefined && { username: user }),
    ...(secret !== undefined && { password: secret }),
  };
}

/** host:port of a broker URL, without user and password. */
export function brokerAddress(url: string): string {
  try {
    const parsed = new URL(url);
    return `${parsed.hostname}:${portOf(parsed)}`;
  } catch {
    return 'as configured';
  }
}
