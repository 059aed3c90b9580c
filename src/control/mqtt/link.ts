/**
 * The box's side of the MQTT contract (model/mqtt.ts, DESIGN.md section 13): finds a broker, keeps a connection to it, and tells when there is none.
 * What is said over a connection: service.ts.
 */
import { randomBytes } from 'node:crypto';
import { monoMs } from '../../clock.ts';
import type { Config } from '../../config/schema.ts';
import type { CommandReply } from '../../model/command.ts';
import { notice } from '../../model/event.ts';
import { type BoxStatus, topicRoot } from '../../model/mqtt.ts';
import type { Telemetry } from '../../model/telemetry.ts';
import type { Box } from '../box.ts';
import { type CommandDesk, refuse } from '../commands.ts';
import type { SettingsKeeper } from '../settings/keeper.ts';
import type { TelemetryStore } from '../telemetry-store.ts';
import { Allowance } from './allowance.ts';
import { Brokers } from './brokers.ts';
import { BrokerConnection } from './connection.ts';
import { type Explained, explainBroker, isVersionRefusal } from './explain.ts';
import { Preview, type PreviewWish } from './preview.ts';
import { RefusalTally } from './refusals.ts';
import { BrokerService } from './service.ts';

const tickMs = 1000;
/** A connection that lasted this long proves that the broker works for us. */
const stableMs = 5000;
/** A broker that hangs must not hold up the stop. */
const goodbyeMsMax = 1500;

export interface MqttLinkOptions {
  config: Config;
  box: Box;
  desk: CommandDesk;
  settings: SettingsKeeper;
  telemetry: TelemetryStore;
}

export class MqttLink {
  readonly #options: MqttLinkOptions;
  readonly #name: string;
  readonly #brokers: Brokers;
  readonly #allowance: Allowance;
  readonly #refusals: RefusalTally;
  readonly #preview: Preview;
  readonly #timers: NodeJS.Timeout[] = [];
  #unsubscribe: (() => void) | null = null;
  #connection: BrokerConnection | null = null;
  #service: BrokerService | null = null;
  #session = '';
  /** The connection is given up for the first broker, which is back. */
  #goingHome = false;
  #protocolVersion: 4 | 5 = 5;
  #failures = 0;
  #births = 0;
  #lastFailure = '';
  #stopping = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: MqttLinkOptions) {
    this.#options = options;
    const { box, config } = options;
    const { mqtt } = config.control;
    this.#name = mqtt.box ?? config.box.name;
    this.#brokers = new Brokers(mqtt.url === undefined ? [] : [mqtt.url, ...mqtt.fallbackUrls]);
    this.#allowance = new Allowance(mqtt.maxKbps, monoMs());
    this.#refusals = new RefusalTally((refused) => box.report(refused));
    this.#preview = new Preview({
      topic: `${topicRoot(this.#name)}preview`,
      takePicture: (input) => options.desk.run({ name: 'snapshot', args: input === null ? {} : { input }, from: 'preview', correlation: null }),
      inputOnAir: () => box.status?.program.input ?? '',
      hasRoom: (bytes) => this.#service?.hasRoomForPicture(bytes) ?? false,
      send: async (jpeg, input) => this.#service?.sendPicture(jpeg, input),
      onEnd: (one) => box.report(one),
    });
  }

  start(): void {
    const { box, settings } = this.#options;
    if (this.#brokers.count === 0) {
      box.setLink('mqtt', 'off', 'unsupported', 'no broker is configured (control.mqtt.url)');
      return;
    }
    const unsubscribes = [box.subscribe(() => this.#service?.publishStates()), settings.subscribe(() => this.#service?.publishReported())];
    this.#unsubscribe = () => {
      for (const unsubscribe of unsubscribes) unsubscribe();
    };
    this.#timers.push(setInterval(() => this.#tick(), tickMs));
    this.#connect();
  }

  /** Says `offline` where there is a connection. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#retry);
    for (const timer of this.#timers) clearInterval(timer);
    this.#unsubscribe?.();
    this.#preview.stop();
    const [connection, service] = [this.#connection, this.#service];
    const wasServing = service?.serving === true;
    service?.stop();
    if (connection === null) return;
    if (service === null || !wasServing) {
      connection.abort(null);
      return;
    }
    await Promise.race([service.goodbye().catch(() => undefined), new Promise((resolve) => setTimeout(resolve, goodbyeMsMax).unref())]);
  }

  /** Whether it is on its way. A second that is not is told later, from the disk. */
  sendTelemetry(sample: Telemetry): boolean {
    return this.#service?.sendTelemetry(sample) ?? false;
  }

  /** Pictures on `preview`, for a while. */
  preview(wish: PreviewWish): CommandReply {
    if (this.#service?.serving !== true) return refuse('broker-lost', `no picture can be sent: ${this.#options.box.links.mqtt.text}`);
    return this.#preview.ask(wish);
  }

  #connect(): void {
    const { config, box } = this.#options;
    const { url } = this.#brokers;
    this.#session = randomBytes(8).toString('hex');
    if (this.#failures === 0) box.setLink('mqtt', 'connecting', 'connecting', `connecting to the broker ${this.#brokers.where}`);
    const sinceMs = monoMs();
    try {
      this.#connection = new BrokerConnection(
        {
          config: { ...config.control.mqtt, url },
          box: this.#name,
          protocolVersion: this.#protocolVersion,
          will: this.#status(false, 'lost'),
          onMessage: (topic, payload, packet) => this.#service?.take(topic, payload, packet),
          onEnd: (error) => this.#ended(error, sinceMs),
        },
        (connection) => void this.#serve(connection),
      );
    } catch (error) {
      const { code, path } = error as NodeJS.ErrnoException;
      this.#failed({ reason: 'invalid', text: `control.mqtt: ${path ?? 'a file'} cannot be read (${code ?? 'not valid'})`, hopeless: true });
    }
  }

  async #serve(connection: BrokerConnection): Promise<void> {
    const service = new BrokerService(connection, {
      ...this.#options,
      allowance: this.#allowance,
      refusals: this.#refusals,
      name: this.#name,
      status: (online, reason) => this.#status(online, reason),
      onBirth: () => {
        this.#births++;
      },
    });
    this.#service = service;
    try {
      await service.begin(this.#births === 0 ? 'started' : 'reconnected');
    } catch (error) {
      connection.abort(error);
      return;
    }
    if (this.#connection !== connection || this.#stopping) return;
    this.#brokers.serves(monoMs());
    this.#tellConnected();
  }

  #tellConnected(): void {
    const { box } = this.#options;
    const from = box.links.mqtt.state;
    const wasLost = this.#lastFailure !== '';
    this.#lastFailure = '';
    const text = `connected to the broker ${this.#brokers.where}${this.#protocolVersion === 4 ? ' (which speaks only MQTT 3.1.1)' : ''}`;
    box.setLink('mqtt', 'connected', 'connected', text);
    const [severity, reason] = wasLost ? (['clear', 'recovered'] as const) : (['info', 'connected'] as const);
    box.report(notice({ severity, subject: { kind: 'mqtt', id: this.#brokers.where }, what: 'mqtt.state', from, to: 'connected', reason, text }));
  }

  #ended(error: unknown, sinceMs: number): void {
    const wasServing = this.#service?.serving === true;
    this.#connection = null;
    this.#service?.stop();
    this.#service = null;
    if (this.#stopping) return;
    if (this.#goingHome) {
      this.#goingHome = false;
      this.#brokers.first();
      this.#connect();
      return;
    }
    // MQTT 3.1.1 code 1, MQTT 5 code 0x84; a broker that knows only the old one may also just hang up on the new one.
    if (this.#protocolVersion === 5 && !wasServing && isVersionRefusal(error)) {
      this.#protocolVersion = 4;
      this.#connect();
      return;
    }
    if (wasServing && monoMs() - sinceMs > stableMs) this.#failures = 0;
    this.#failed(explainBroker(error, this.#brokers.where, { tls: /^(mqtts|wss):/.test(this.#brokers.url) }));
  }

  #failed({ reason, text, hopeless }: Explained): void {
    this.#failures++;
    const { box } = this.#options;
    const old = box.links.mqtt.state;
    box.setLink('mqtt', 'waiting', reason, text);
    // Once for each new reason, not for each attempt.
    if (this.#lastFailure !== text)
      box.report(
        notice({ severity: 'warning', subject: { kind: 'mqtt', id: this.#brokers.where }, what: 'mqtt.state', from: old, to: 'waiting', reason, text }),
      );
    this.#lastFailure = text;
    const delayMs = this.#brokers.nextAfterMs(this.#failures, hopeless, Math.random());
    // After a while with the old protocol the broker may have been swapped or updated.
    if (this.#failures % 5 === 0) this.#protocolVersion = 5;
    this.#retry = setTimeout(() => this.#connect(), delayMs);
  }

  #tick(): void {
    this.#refusals.tick(monoMs());
    const service = this.#service;
    service?.tick();
    if (service?.serving !== true) return;
    this.#brokers.look(monoMs(), () => {
      if (this.#stopping || this.#connection === null) return;
      this.#goingHome = true;
      this.#connection.abort(null);
    });
  }

  #status(online: boolean, reason: BoxStatus['reason']): BoxStatus {
    const { bootId, version, update } = this.#options.box;
    return { online, reason, session: this.#session, bootId, version, slot: update.booted };
  }
}
