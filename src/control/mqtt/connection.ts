/** One connection to the broker, from connecting to its end. Never reconnects: that is decided a floor higher (link.ts). */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type Mqtt from 'mqtt';
import type { IClientOptions, IPublishPacket, MqttClient } from 'mqtt';
import type { MqttConfig } from '../../config/schema.ts';
import { type BoxStatus, topicRoot } from '../../model/mqtt.ts';
import { proxyAgent } from './proxy.ts';

/** The broker sends the last will after one and a half of it: a box that vanished is known within 15 s. */
const keepAliveSeconds = 10;
const connectMsMax = 10_000;
/** The largest honest command is a few hundred bytes. A broker that speaks MQTT 5 drops larger ones before they reach us. */
const packetBytesMax = 64 * 1024;

export interface ConnectionOptions {
  config: MqttConfig & { url: string };
  box: string;
  /** 5, or 4 for MQTT 3.1.1. */
  protocolVersion: 4 | 5;
  will: BoxStatus;
  onMessage(topic: string, payload: Buffer, packet: IPublishPacket): void;
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
  readonly #client: MqttClient;
  readonly #version: 4 | 5;
  #lastError: unknown = null;
  #ended = false;

  /** Resolves when the broker has accepted us. What fails before or after comes through `onEnd`, once. @throws when a file of the configuration cannot be read. */
  constructor(options: ConnectionOptions, onConnected: (connection: BrokerConnection) => void) {
    this.#version = options.protocolVersion;
    // At the first connection: a box without a broker does without the memory.
    const { connect } = createRequire(import.meta.url)('mqtt') as typeof Mqtt;
    const client = connect(options.config.url, clientOptions(options));
    this.#client = client;
    const end = (): void => {
      if (this.#ended) return;
      this.#ended = true;
      client.end(true);
      options.onEnd(this.#lastError);
    };
    client.on('connect', () => onConnected(this));
    client.on('message', options.onMessage);
    client.on('error', (error) => {
      this.#lastError ??= error;
      end();
    });
    client.on('disconnect', (packet) => {
      this.#lastError ??= { code: packet.reasonCode ?? 0x80 };
    });
    client.on('close', end);
  }

  /** What waits in our own socket; infinite while there is none. */
  get backlogBytes(): number {
    return this.#client.connected ? this.#client.stream.writableLength : Number.POSITIVE_INFINITY;
  }

  get protocolVersion(): 4 | 5 {
    return this.#version;
  }

  /** Resolves when the broker has acknowledged (QoS 1) or the bytes are on their way (QoS 0). Rejects with an MQTT code where it refuses. */
  publish(
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
      this.#client.publish(topic, payload, { qos, retain, ...(this.#version === 5 && { properties }) }, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** @throws an object with an MQTT code where the broker refuses. */
  async subscribe(topic: string): Promise<void> {
    // Retain as published: a retained command is refused also when it is sent while we listen.
    const options = this.#version === 5 ? { qos: 1 as const, rap: true, rh: 0 } : { qos: 1 as const };
    const granted = await this.#client.subscribeAsync(topic, options);
    const code = granted[0]?.qos ?? 0;
    if (code >= 0x80) throw Object.assign(new Error('subscription refused'), { code: 0x87 });
  }

  /** Says goodbye properly, so that the broker does not send the last will. */
  async goodbye(): Promise<void> {
    this.#ended = true;
    await this.#client.endAsync(false);
  }

  /** Ends it because of `error`; `onEnd` follows. */
  abort(error: unknown): void {
    this.#lastError = error;
    this.#client.end(true);
    this.#client.emit('close');
  }
}

function clientOptions({ config, box, protocolVersion, will }: ConnectionOptions): IClientOptions {
  const read = (path: string | undefined) => (path === undefined ? undefined : readFileSync(path));
  const ca = read(config.caFile);
  const cert = read(config.certFile);
  const key = read(config.keyFile);
  const password = config.password ?? read(config.passwordFile)?.toString('utf8').split('\n')[0]?.trimEnd();
  return {
    protocolVersion,
    clientId: `tandem-${box}`,
    // A command that waited while the box was away must not put it on air an hour later.
    clean: true,
    keepalive: keepAliveSeconds,
    connectTimeout: connectMsMax,
    reconnectPeriod: 0,
    queueQoSZero: false,
    // Otherwise the package keeps each number up to 65535 as a Buffer of its own, 7 MB, to save a few bytes' writing a message.
    writeCache: false,
    resubscribe: false,
    will: { topic: `${topicRoot(box)}status`, payload: Buffer.from(JSON.stringify(will)), qos: 1, retain: true },
    ...(protocolVersion === 5 && { properties: { maximumPacketSize: packetBytesMax, sessionExpiryInterval: 0 } }),
    ...(config.user !== undefined && { username: config.user }),
    ...(password !== undefined && { password }),
    ...(config.proxy !== undefined && /^wss?:/.test(config.url) && { wsOptions: { agent: proxyAgent(config.proxy, config.url.startsWith('wss:')) } }),
    ...(ca && { ca: [ca] }),
    ...(cert && { cert: [cert] }),
    ...(key && { key: [key] }),
    rejectUnauthorized: true,
  };
}

/** host:port of a broker URL, without user and password. */
export function brokerAddress(url: string): string {
  try {
    const { hostname, port, protocol } = new URL(url);
    const standard: Record<string, string> = { 'mqtt:': '1883', 'mqtts:': '8883', 'ws:': '80', 'wss:': '443' };
    return `${hostname}:${port || (standard[protocol] ?? '')}`;
  } catch {
    return 'as configured';
  }
}
